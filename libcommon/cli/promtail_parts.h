// The parts of promtail's configuration, read from their mappings; for promtail_config.cc and for
// tools that take such a part alone.
// Errors: kept by the mapping's YamlErrors.
#pragma once

#include "cli/promtail_config.h"

namespace glp::cli {

// `needs_url`: as in `clients:`.
void ReadPromtailClient(codec::YamlMap& map, bool needs_url, PromtailClient* client);
void ReadPromtailScrapeConfig(codec::YamlMap& map, PromtailScrapeConfig* scrape);
// One rule of `relabel_configs:`, added to those in front of it.
void ReadPromtailRelabelRule(codec::YamlMap& map, stages::Relabeler* relabeler);
// Labels given as a mapping, their names checked.
void ReadPromtailLabels(codec::YamlMap& map, std::string_view key,
                        Given<std::map<std::string, std::string>>* labels);

}  // namespace glp::cli
