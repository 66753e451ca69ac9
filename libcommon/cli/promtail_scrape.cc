#include "base/strings.h"
#include "cli/promtail_parts.h"

namespace glp::cli {
namespace {

using codec::YamlMap;
using codec::YamlNode;
using codec::YamlPlace;

// Every source that is not files by static_configs or file_sd_configs.
constexpr std::string_view kOtherSources[] = {"journal",
                                              "syslog",
                                              "gcplog",
                                              "loki_push_api",
                                              "windows_events",
                                              "kafka",
                                              "azure_event_hubs",
                                              "gelf",
                                              "cloudflare",
                                              "heroku_drain",
                                              "docker_sd_configs",
                                              "kubernetes_sd_configs",
                                              "dns_sd_configs",
                                              "consul_sd_configs",
                                              "consulagent_sd_configs",
                                              "digitalocean_sd_configs",
                                              "dockerswarm_sd_configs",
                                              "serverset_sd_configs",
                                              "nerve_sd_configs",
                                              "marathon_sd_configs",
                                              "gce_sd_configs",
                                              "ec2_sd_configs",
                                              "openstack_sd_configs",
                                              "azure_sd_configs",
                                              "triton_sd_configs"};

void ReadFileSd(YamlMap& map, PromtailFileSdConfig* config) {
  static_cast<YamlPlace&>(*config) = map.place();
  Given<std::vector<std::string>> files;
  map.Texts("files", &files);
  map.DurationNs("refresh_interval", &config->refresh_interval_ns);
  map.Finish();
  if (files.value.empty()) map.Error(map.place(), "file_sd_configs: 'files' is missing");
  for (const std::string& file : files.value) {
    std::string_view name = file;
    name.remove_prefix(std::min(name.rfind('.'), name.size()));
    if (name != ".json" && name != ".yml" && name != ".yaml") {
      map.Error(files, "files: '" + file + "' does not end in .json, .yml or .yaml");
    }
  }
  config->files = std::move(files.value);
}

void ReadDecompression(YamlMap& map, PromtailDecompression* decompression) {
  map.Bool("enabled", &decompression->enabled);
  map.DurationNs("initial_delay", &decompression->initial_delay_ns);
  map.Text("format", &decompression->format);
  const Given<std::string>& format = decompression->format;
  if (decompression->enabled.value && !format) {
    map.Error(decompression->enabled, "decompression: 'format' is missing: gz, z or bz2");
  }
  if (format && format.value != "gz" && format.value != "z" && format.value != "bz2") {
    map.Error(format, "format: expected gz, z or bz2, not '" + format.value + "'");
  }
}

}  // namespace

void ReadPromtailRelabelRule(YamlMap& map, stages::Relabeler* relabeler) {
  stages::RelabelRule rule;
  Given<std::vector<std::string>> sources;
  Given<std::string> separator(rule.separator), target, regex(rule.regex);
  Given<std::string> replacement(rule.replacement), action(rule.action);
  Given<int64_t> modulus;
  map.Texts("source_labels", &sources);
  map.Text("separator", &separator);
  map.Text("target_label", &target);
  map.Text("regex", &regex);
  map.Int("modulus", &modulus);
  map.Text("replacement", &replacement);
  map.Text("action", &action);
  for (const std::string& name : sources.value) {
    if (!IsLabelName(name))
      map.Error(sources, "source_labels: '" + name + "' is no name of a label");
  }
  if (modulus.value < 0) map.Error(modulus, "modulus: expected a number above 0");
  rule.source_labels = std::move(sources.value);
  rule.separator = std::move(separator.value);
  rule.target_label = std::move(target.value);
  rule.regex = std::move(regex.value);
  rule.modulus = static_cast<uint64_t>(modulus.value);
  rule.replacement = std::move(replacement.value);
  rule.action = std::move(action.value);
  Status status = relabeler->Add(std::move(rule));
  if (status.ok()) return;
  // At the value of the key that the message names first.
  const std::pair<std::string_view, YamlPlace> keys[] = {
      {"action", action},           {"regex", regex},
      {"modulus", modulus},         {"target_label", target},
      {"replacement", replacement}, {"source_labels", sources},
      {"separator", separator}};
  YamlPlace place = map.place();
  size_t first = std::string::npos;
  for (const auto& [key, value] : keys) {
    const size_t at = status.message().find(key);
    if (value.line == 0 || at >= first) continue;
    first = at;
    place = value;
  }
  map.Error(place, status.message());
}

void ReadPromtailStaticConfig(YamlMap& map, PromtailStaticConfig* config) {
  static_cast<YamlPlace&>(*config) = map.place();
  Given<std::vector<std::string>> targets;
  Given<std::map<std::string, std::string>> labels;
  map.Texts("targets", &targets);
  ReadPromtailLabels(map, "labels", &labels);
  config->targets = std::move(targets.value);
  if (config->targets.empty()) config->targets.emplace_back("localhost");
  for (const auto& [name, value] : labels.value) config->labels.push_back({name, value});
  Canonicalize(&config->labels);
}

void ReadPromtailScrapeConfig(YamlMap& map, PromtailScrapeConfig* scrape) {
  static_cast<YamlPlace&>(*scrape) = map.place();
  map.Text("job_name", &scrape->job_name);
  map.List("pipeline_stages", [](const YamlNode&) {});
  if (const YamlNode* stages = map.Take("pipeline_stages")) scrape->pipeline_stages = *stages;
  map.Text("encoding", &scrape->encoding);
  map.Map("decompression",
          [&](YamlMap& below) { ReadDecompression(below, &scrape->decompression); });
  map.MapList("relabel_configs", [&](YamlMap& below, const YamlNode&) {
    ReadPromtailRelabelRule(below, &scrape->relabel);
  });
  map.MapList("static_configs", [&](YamlMap& below, const YamlNode&) {
    ReadPromtailStaticConfig(below, &scrape->static_configs.emplace_back());
  });
  map.MapList("file_sd_configs", [&](YamlMap& below, const YamlNode&) {
    ReadFileSd(below, &scrape->file_sd_configs.emplace_back());
  });
  for (std::string_view key : kOtherSources) {
    const YamlNode* node = map.Take(key);
    if (node == nullptr || scrape->other_source) continue;
    static_cast<YamlPlace&>(scrape->other_source) = *node;
    scrape->other_source.value = key;
  }
  map.Finish();  // a name that was misspelt comes before one that is missing
  if (scrape->job_name.value.empty()) map.Error(map.place(), "a scrape config needs a job_name");
}

}  // namespace glp::cli
