// limits_config of Loki's configuration, and the overrides of a tenant, which have the same keys.
// Part of loki_config.h.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "codec/yaml.h"
#include "store/retention.h"
#include "wire/limits.h"

namespace glp::cli {

using codec::Given;

// Keys with their lines: "a (line 3), b.c (line 7)".
class KeyList {
 public:
  void Add(std::string_view name, int line);
  // One warning, if there was any.
  void Tell(const std::string& file, std::string_view what, std::vector<std::string>* warnings);

 private:
  std::string text_;
};

// Known keys that do nothing: those of the mapping are added to `list`, as PATH.KEY.
void NoteKeys(codec::YamlMap& map, const codec::YamlNode& node, const std::string& path,
              std::span<const std::string_view> keys, KeyList* list);

// What is found on the way.
struct LokiNotes {
  KeyList unneeded, not_kept, rulers;
  // Files with the limits of tenants, and how often they are looked at: here in old versions.
  std::vector<Given<std::string>> runtime_files;
  Given<int64_t> runtime_period_ns{10 * kNsPerSecond};
};

// What is said, by the keys that were there; of the rest as it was before.
struct LimitsText {
  // `base`: of what is said nowhere.
  wire::Limits ToLimits(const wire::Limits& base) const;
  store::Retention ToRetention() const;

  wire::Limits limits;
  // What more than one key makes.
  Given<bool> reject_old_samples;
  Given<int64_t> reject_old_samples_max_age_ns{int64_t{7} * 24 * 3600 * kNsPerSecond};
  Given<int64_t> max_streams_per_user, max_global_streams_per_user;
  Given<int64_t> retention_period_ns;
  Given<std::vector<store::RetentionRule>> retention_stream;
};

// `path`: "limits_config", "overrides.TENANT". `otlp_labels`: what a distributor takes for labels.
// What is not there stays in `text` as it is.
void ReadLimits(codec::YamlMap& map, const codec::YamlNode& node, const std::string& path,
                const std::vector<std::string>& otlp_labels, LimitsText* text, LokiNotes* notes);
// Keys of it that have stood in other blocks, too.
void ReadDeletionMode(codec::YamlMap& map, wire::Limits* limits);
void ReadRuntimePeriod(codec::YamlMap& map, std::string_view key, LokiNotes* notes);

}  // namespace glp::cli
