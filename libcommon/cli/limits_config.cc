#include "cli/limits_config.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "cli/loki_keys.h"

namespace glp::cli {
namespace {

using codec::YamlMap;
using codec::YamlNode;
using codec::YamlPlace;

// Reads keys that set a limit where they are given.
class LimitReader {
 public:
  explicit LimitReader(YamlMap* map) : map_(*map) {}

  void Number(std::string_view key, uint32_t* to) {
    Given<int64_t> given;
    map_.Int(key, &given);
    if (!given) return;
    if (given.value < 0 || given.value > UINT32_MAX) {
      return map_.Error(given, "expected a number from 0 (no limit) to 4294967295");
    }
    *to = static_cast<uint32_t>(given.value);
  }
  void Rate(std::string_view key, double* to) {
    Given<double> given;
    map_.Number(key, &given);
    if (!given) return;
    if (!(given.value >= 0)) return map_.Error(given, "expected a number from 0 (no limit) on");
    *to = given.value;
  }
  void Duration(std::string_view key, int64_t* to) {
    Given<int64_t> given;
    map_.DurationNs(key, &given);
    if (given) *to = given.value;
  }
  void Bytes(std::string_view key, uint64_t* to) {
    Given<int64_t> given;
    map_.Bytes(key, &given);
    if (given) *to = static_cast<uint64_t>(given.value);
  }
  void Flag(std::string_view key, bool* to) {
    Given<bool> given;
    map_.Bool(key, &given);
    if (given) *to = given.value;
  }
  void Text(std::string_view key, std::string* to) {
    Given<std::string> given;
    map_.Text(key, &given);
    if (given) *to = given.value;
  }
  void Texts(std::string_view key, std::vector<std::string>* to) {
    Given<std::vector<std::string>> given;
    map_.Texts(key, &given);
    if (given) *to = std::move(given.value);
  }

 private:
  YamlMap& map_;
};

void ReadRules(YamlMap& map, LimitsText* limits) {
  std::vector<store::RetentionRule> rules;
  const YamlPlace place = map.MapList("retention_stream", [&](YamlMap& item, const YamlNode&) {
    Given<std::string> selector;
    Given<int64_t> priority, period_ns;
    item.Text("selector", &selector);
    item.Int("priority", &priority);
    item.DurationNs("period", &period_ns);
    if (!selector) return item.Error(item.place(), "a rule needs a selector, as '{app=\"a\"}'");
    if (!period_ns) return item.Error(item.place(), "a rule needs a period, as 24h");
    auto rule = store::MakeRetentionRule(selector.value, priority.value, period_ns.value);
    if (!rule.ok()) return item.Error(selector, "selector: " + rule.status().message());
    rules.push_back(*std::move(rule));
  });
  if (place.line == 0) return;
  static_cast<YamlPlace&>(limits->retention_stream) = place;
  limits->retention_stream.value = std::move(rules);
}

void ReadStreamNumber(YamlMap& map, std::string_view key, Given<int64_t>* number) {
  map.Int(key, number);
  if (number->value < 0 || number->value > UINT32_MAX) {
    map.Error(*number, "expected a number from 0 (no limit) to 4294967295");
  }
}

void ReadBlocking(YamlMap& map, wire::Limits* limits) {
  Given<std::string> until;
  map.Text("block_ingestion_until", &until);
  if (until.value == "" || until.value == "0") {
    if (until) limits->block_ingestion_until_ns = 0;
  } else {
    auto ts_ns = ParseRfc3339(until.value);
    if (!ts_ns) ts_ns = ParseRfc3339(until.value + "T00:00:00Z");
    if (!ts_ns) {
      map.Error(until, "block_ingestion_until: '" + until.value +
                           "': expected a time, as 2026-01-31T12:00:00Z, or a day");
    }
    limits->block_ingestion_until_ns = ts_ns.value_or(0);
  }
  Given<int64_t> code;
  map.Int("block_ingestion_status_code", &code);
  if (!code) return;
  if (code.value < 200 || code.value > 599) {
    map.Error(code, "block_ingestion_status_code: expected a status of HTTP, 200 to 599");
  }
  limits->block_ingestion_status_code = static_cast<int>(code.value);
}

void ReadOtlpRules(YamlMap& map, std::string_view key, bool may_label,
                   std::vector<wire::OtlpRule>* rules) {
  map.MapList(key, [&](YamlMap& item, const YamlNode&) {
    using Action = wire::OtlpAction;
    Given<std::string> action{"structured_metadata"}, regex;
    Given<std::vector<std::string>> attributes;
    item.Text("action", &action);
    item.Texts("attributes", &attributes);
    item.Text("regex", &regex);
    wire::OtlpRule rule;
    if (action.value == "index_label" && may_label) {
      rule.action = Action::kIndexLabel;
    } else if (action.value == "drop") {
      rule.action = Action::kDrop;
    } else if (action.value != "structured_metadata") {
      return item.Error(action, "action: '" + action.value + "': expected " +
                                    (may_label ? "index_label, " : "") +
                                    "structured_metadata or drop");
    }
    if (attributes.value.empty() == regex.value.empty()) {
      return item.Error(item.place(), "a rule needs either attributes or a regex");
    }
    rule.attributes = std::move(attributes.value);
    if (!regex.value.empty()) {
      auto pattern = wire::MakeOtlpPattern(regex.value);
      if (!pattern.ok()) return item.Error(regex, "regex: " + pattern.status().message());
      rule.pattern = *std::move(pattern);
    }
    rules->push_back(std::move(rule));
  });
}

void ReadOtlp(YamlMap& map, const std::vector<std::string>& labels, wire::Limits* limits) {
  auto config = std::make_shared<wire::OtlpConfig>();
  config->resource.clear();
  Given<bool> ignore_defaults;
  map.Map("resource_attributes", [&](YamlMap& below) {
    below.Bool("ignore_defaults", &ignore_defaults);
    ReadOtlpRules(below, "attributes_config", true, &config->resource);
  });
  if (!ignore_defaults.value) {
    config->resource.insert(config->resource.begin(), {wire::OtlpAction::kIndexLabel, labels, {}});
  }
  ReadOtlpRules(map, "scope_attributes", false, &config->scope);
  ReadOtlpRules(map, "log_attributes", true, &config->log);
  Given<bool> severity_text;
  map.Bool("severity_text_as_label", &severity_text);
  config->severity_text_as_label = severity_text.value;
  limits->otlp = std::move(config);
}

}  // namespace

void KeyList::Add(std::string_view name, int line) {
  text_ += (text_.empty() ? "" : ", ") + std::string(name) + " (line " + std::to_string(line) + ")";
}

void KeyList::Tell(const std::string& file, std::string_view what,
                   std::vector<std::string>* warnings) {
  if (!text_.empty()) warnings->push_back(file + ": " + std::string(what) + ": " + text_);
  text_.clear();
}

void NoteKeys(YamlMap& map, const YamlNode& node, const std::string& path,
              std::span<const std::string_view> keys, KeyList* list) {
  map.Skip(keys);
  for (const YamlNode::Key& key : node.keys) {
    if (std::find(keys.begin(), keys.end(), key.text) == keys.end()) continue;
    const YamlNode* value = node.Find(key.text);
    if (value == nullptr || value->kind == YamlNode::Kind::kNull) continue;
    list->Add(path.empty() ? key.text : path + "." + key.text, key.line);
  }
}

void ReadDeletionMode(YamlMap& map, wire::Limits* limits) {
  using Mode = wire::Limits::DeletionMode;
  Given<std::string> mode;
  map.Text("deletion_mode", &mode);
  if (!mode) return;
  if (mode.value == "disabled") {
    limits->deletion_mode = Mode::kDisabled;
  } else if (mode.value == "filter-only") {
    limits->deletion_mode = Mode::kFilterOnly;
  } else if (mode.value == "filter-and-delete") {
    limits->deletion_mode = Mode::kFilterAndDelete;
  } else {
    map.Error(mode, "deletion_mode: '" + mode.value +
                        "': expected disabled, filter-only or filter-and-delete");
  }
}

void ReadRuntimePeriod(YamlMap& map, std::string_view key, LokiNotes* notes) {
  Given<int64_t> period_ns;
  map.DurationNs(key, &period_ns);
  if (!period_ns) return;
  if (period_ns.value <= 0) {
    return map.Error(period_ns, std::string(key) + ": expected a duration above 0");
  }
  notes->runtime_period_ns = period_ns;
}

void ReadLimits(YamlMap& map, const YamlNode& node, const std::string& path,
                const std::vector<std::string>& otlp_labels, LimitsText* text, LokiNotes* notes) {
  wire::Limits& limits = text->limits;
  LimitReader read(&map);
  read.Number("max_entries_limit_per_query", &limits.max_entries_limit_per_query);
  read.Duration("max_query_length", &limits.max_query_length_ns);
  read.Duration("max_query_lookback", &limits.max_query_lookback_ns);
  read.Duration("max_query_range", &limits.max_query_range_ns);
  read.Number("max_query_series", &limits.max_query_series);
  read.Duration("query_timeout", &limits.query_timeout_ns);
  read.Bytes("max_query_bytes_read", &limits.max_query_bytes_read);
  read.Number("max_streams_matchers_per_query", &limits.max_streams_matchers_per_query);
  read.Texts("required_labels", &limits.required_labels);
  read.Number("minimum_labels_number", &limits.minimum_labels_number);
  read.Number("max_concurrent_tail_requests", &limits.max_concurrent_tail_requests);
  read.Flag("volume_enabled", &limits.volume_enabled);
  read.Number("volume_max_series", &limits.volume_max_series);
  ReadDeletionMode(map, &limits);

  map.Bool("reject_old_samples", &text->reject_old_samples);
  map.DurationNs("reject_old_samples_max_age", &text->reject_old_samples_max_age_ns);
  read.Duration("creation_grace_period", &limits.creation_grace_period_ns);
  read.Bytes("max_line_size", &limits.max_line_size);
  read.Flag("max_line_size_truncate", &limits.max_line_size_truncate);
  read.Text("max_line_size_truncate_identifier", &limits.max_line_size_truncate_identifier);
  read.Number("max_label_names_per_series", &limits.max_label_names_per_series);
  read.Number("max_label_name_length", &limits.max_label_name_length);
  read.Number("max_label_value_length", &limits.max_label_value_length);
  read.Texts("enforced_labels", &limits.enforced_labels);
  read.Flag("allow_structured_metadata", &limits.allow_structured_metadata);
  read.Bytes("max_structured_metadata_size", &limits.max_structured_metadata_size);
  read.Number("max_structured_metadata_entries_count",
              &limits.max_structured_metadata_entries_count);
  read.Flag("increment_duplicate_timestamp", &limits.increment_duplicate_timestamp);
  read.Flag("unordered_writes", &limits.unordered_writes);
  ReadStreamNumber(map, "max_streams_per_user", &text->max_streams_per_user);
  ReadStreamNumber(map, "max_global_streams_per_user", &text->max_global_streams_per_user);
  read.Rate("ingestion_rate_mb", &limits.ingestion_rate_mb);
  read.Rate("ingestion_burst_size_mb", &limits.ingestion_burst_size_mb);
  read.Bytes("per_stream_rate_limit", &limits.per_stream_rate_limit);
  read.Bytes("per_stream_rate_limit_burst", &limits.per_stream_rate_limit_burst);
  ReadBlocking(map, &limits);
  read.Texts("discover_service_name", &limits.discover_service_name);
  read.Flag("discover_log_levels", &limits.discover_log_levels);
  read.Texts("log_level_fields", &limits.log_level_fields);
  read.Number("log_level_from_json_max_depth", &limits.log_level_from_json_max_depth);
  map.Map("otlp_config", [&](YamlMap& below) { ReadOtlp(below, otlp_labels, &limits); });

  map.DurationNs("retention_period", &text->retention_period_ns);
  ReadRules(map, text);
  Given<std::string> old_file;
  map.Text("per_tenant_override_config", &old_file);
  if (!old_file.value.empty()) notes->runtime_files.push_back(old_file);
  ReadRuntimePeriod(map, "per_tenant_override_period", notes);
  // What is off need not be named.
  std::vector<std::string_view> not_kept;
  for (const std::string_view key : kLokiNotKept) {
    const YamlNode* found = node.Find(key);
    if (found != nullptr && (found->text == "0" || found->text == "false")) {
      map.Skip({key});
    } else {
      not_kept.push_back(key);
    }
  }
  NoteKeys(map, node, path, not_kept, &notes->not_kept);
  NoteKeys(map, node, path, kLokiTuning, &notes->unneeded);
  NoteKeys(map, node, path, kLokiRulerLimits, &notes->rulers);
}

wire::Limits LimitsText::ToLimits(const wire::Limits& base) const {
  wire::Limits made = limits;
  if (reject_old_samples || reject_old_samples_max_age_ns) {
    const bool on = !reject_old_samples || reject_old_samples.value;
    made.reject_old_samples_max_age_ns = on ? reject_old_samples_max_age_ns.value : 0;
  }
  // One process is all of the cluster: the smaller number holds.
  const auto global = static_cast<uint32_t>(
      max_global_streams_per_user ? max_global_streams_per_user.value : base.max_streams_per_user);
  const auto local = static_cast<uint32_t>(max_streams_per_user.value);
  made.max_streams_per_user =
      global == 0 || local == 0 ? std::max(global, local) : std::min(global, local);
  return made;
}

store::Retention LimitsText::ToRetention() const {
  return {retention_period_ns.value, retention_stream.value};
}

}  // namespace glp::cli
