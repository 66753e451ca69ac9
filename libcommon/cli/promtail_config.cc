#include "cli/promtail_config.h"

#include <set>

#include "base/strings.h"
#include "cli/config_file.h"
#include "cli/expand_env.h"
#include "cli/promtail_parts.h"
#include "cli/server_keys.h"

namespace glp::cli {
namespace {

using codec::YamlMap;
using codec::YamlNode;

void ReadClients(YamlMap& map, PromtailConfig* config) {
  PromtailClient single;
  bool has_single =
      map.Map("client", [&](YamlMap& below) { ReadPromtailClient(below, false, &single); }).line >
      0;
  map.MapList("clients", [&](YamlMap& below, const YamlNode&) {
    ReadPromtailClient(below, true, &config->clients.emplace_back());
  });
  if (!has_single) return;
  // The labels of the single client are also those of all others, whose own win.
  for (PromtailClient& client : config->clients) {
    const auto& shared = single.external_labels;
    client.external_labels.value.insert(shared.value.begin(), shared.value.end());
    if (!client.external_labels) static_cast<codec::YamlPlace&>(client.external_labels) = shared;
  }
  if (!single.url.value.empty()) config->clients.push_back(std::move(single));
}

void CheckNames(YamlMap& map, const PromtailConfig& config) {
  std::set<std::string> jobs, clients;
  for (const PromtailScrapeConfig& scrape : config.scrape_configs) {
    if (!jobs.insert(scrape.job_name.value).second) {
      map.Error(scrape.job_name,
                "found multiple scrape configs with job name '" + scrape.job_name.value + "'");
    }
  }
  for (const PromtailClient& client : config.clients) {
    if (client.name && !clients.insert(client.name.value).second) {
      map.Error(client.name, "found multiple clients with the name '" + client.name.value + "'");
    }
  }
}

void ReadLimits(YamlMap& map, PromtailLimits* limits) {
  map.Bool("readline_rate_enabled", &limits->readline_rate_enabled);
  map.Bool("readline_rate_drop", &limits->readline_rate_drop);
  map.Number("readline_rate", &limits->readline_rate);
  map.Int("readline_burst", &limits->readline_burst);
  map.Int("max_streams", &limits->max_streams);
  map.Bytes("max_line_size", &limits->max_line_size);
  map.Bool("max_line_size_truncate", &limits->max_line_size_truncate);
  if (limits->readline_rate.value <= 0) {
    map.Error(limits->readline_rate, "readline_rate: expected a number of lines a second above 0");
  }
  if (limits->readline_burst.value < 1) {
    map.Error(limits->readline_burst, "readline_burst: expected a number of lines above 0");
  }
}

void ReadAll(YamlMap& map, PromtailConfig* config) {
  auto no_meaning = [config](const codec::YamlPlace& place, std::string_view why) {
    if (place.line > 0) config->without_meaning.push_back(config->Error(place, why).message());
  };
  map.Map("global", [&](YamlMap& global) {
    no_meaning(global.Map("file_watch_config",
                          [&](YamlMap& watch) {
                            watch.DurationNs("min_poll_frequency", &config->min_poll_frequency_ns);
                            watch.DurationNs("max_poll_frequency", &config->max_poll_frequency_ns);
                          }),
               "file_watch_config: files are watched, not polled");
  });
  no_meaning(map.Map("server", [](YamlMap& server) { server.Skip(kServerKeys); }),
             "server: nothing listens but --metrics of each tool");
  ReadClients(map, config);
  map.Map("positions", [&](YamlMap& positions) {
    positions.Text("filename", &config->positions_filename);
    positions.Bool("ignore_invalid_yaml", &config->positions_ignore_invalid_yaml);
    Given<int64_t> sync_period_ns;
    positions.DurationNs("sync_period", &sync_period_ns);
    no_meaning(sync_period_ns, "sync_period: positions are written as soon as lines are delivered");
  });
  map.MapList("scrape_configs", [&](YamlMap& below, const YamlNode&) {
    ReadPromtailScrapeConfig(below, &config->scrape_configs.emplace_back());
  });
  map.Map("target_config", [&](YamlMap& target) {
    target.DurationNs("sync_period", &config->target_sync_period_ns);
    no_meaning(config->target_sync_period_ns, "sync_period: new files are found at once");
    target.Skip({"stdin"});
  });
  map.Map("limits_config", [&](YamlMap& limits) { ReadLimits(limits, &config->limits_config); });
  map.Map("options", [](YamlMap& options) { options.Skip({"stream_lag_labels"}); });
  no_meaning(map.Map("tracing", [](YamlMap& tracing) { tracing.Skip({"enabled"}); }),
             "tracing: nothing is traced");
  no_meaning(map.Map("wal",
                     [](YamlMap& wal) {
                       wal.Skip({"enabled", "dir", "cleanSegmentsOlderThan", "watchConfig"});
                     }),
             "wal: what is not delivered stays in the files it came from, or in glp-push --spool");
  CheckNames(map, *config);
}

}  // namespace

Status PromtailConfig::Error(const codec::YamlPlace& place, std::string_view why) const {
  return codec::YamlError(path, place, why);
}

Result<PromtailConfig> ParsePromtailConfig(std::string_view text, const std::string& path,
                                           bool expand_env) {
  ExpandedText expanded;
  if (expand_env) {
    GLP_ASSIGN_OR_RETURN(expanded, ExpandEnvironment(text, path));
    text = expanded.text;
  }
  GLP_ASSIGN_OR_RETURN(YamlNode root, codec::ParseYaml(text, path, expanded.lines));
  PromtailConfig config;
  config.path = path;
  codec::YamlErrors errors(path);
  YamlMap map(root, "", &errors);
  ReadAll(map, &config);
  map.Finish();
  GLP_RETURN_IF_ERROR(errors.first());
  return config;
}

Result<PromtailConfig> LoadPromtailConfig(const std::string& paths, bool expand_env) {
  GLP_ASSIGN_OR_RETURN(const ConfigFile file, ReadConfigFile(paths));
  return ParsePromtailConfig(file.text, file.path, expand_env);
}

}  // namespace glp::cli
