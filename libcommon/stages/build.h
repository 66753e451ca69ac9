// Stages out of their YAML, as promtail's `pipeline_stages` has it: a list of mappings with one key
// each, the name of the stage. The one way to make a pipeline: a configuration file, `glp-parse -e`
// and the options of the command line (which make such a list first) all come here.
//
//   BuildContext context{.errors = &errors};
//   std::vector<std::unique_ptr<Stage>> stages = BuildStages(list, context);
//   GLP_RETURN_IF_ERROR(errors.first());
//
// The stages of a `match` follow it in the same list (Stage::block).
// Errors:   "FILE:LINE:COLUMN: why" with the nearest known name, in BuildContext::errors.
// Source:   promtail 3.6.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codec/yaml.h"
#include "stages/stage.h"

namespace glp::stages {

class StageMetrics;  // stages/metric_families.h

struct BuildContext {
  codec::YamlErrors* errors = nullptr;
  // Decide as promtail where glp would do otherwise, so that its configuration gives the very same
  // lines and labels: numbers of JSON in Go's form (1.50 is 1.5), of two groups of one name the
  // last one's text, only line filters in a match, no half lines at the end. Keys that no stage
  // knows are warnings of `errors`.
  bool as_promtail = false;
  StageMetrics* metrics = nullptr;  // where the stage `metrics` counts; without it nowhere
};

using StageList = std::vector<std::unique_ptr<Stage>>;

// Nothing of use where context.errors has one.
StageList BuildStages(const codec::YamlNode& list, BuildContext& context);

// `name: source` of json, logfmt, labels and structured_metadata; without a value the source is of
// the same name.
struct NamedSource {
  codec::YamlPlace place;  // of the source
  std::string name, source;
};
std::vector<NamedSource> ReadNamedSources(const codec::YamlNode& map, std::string_view what,
                                          BuildContext& context);

struct StageInfo {
  std::string_view name;
  // Reads what stands behind the name. Nothing where that is wrong (and told in context.errors).
  // A stage with a block appends itself and its stages; all others one stage.
  void (*read)(const codec::YamlNode& config, BuildContext& context, StageList* out);
};
const std::vector<StageInfo>& KnownStages();

}  // namespace glp::stages
