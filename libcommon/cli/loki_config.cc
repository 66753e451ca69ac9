#include "cli/loki_config.h"

#include <algorithm>
#include <functional>
#include <span>

#include "base/strings.h"
#include "cli/config_file.h"
#include "cli/expand_env.h"
#include "cli/loki_keys.h"
#include "cli/server_keys.h"
#include "store/store.h"

namespace glp::cli {
namespace {

using codec::YamlErrors;
using codec::YamlMap;
using codec::YamlNode;
using codec::YamlPlace;

// What limits_config or a tenant's overrides say.
struct LimitsText {
  Given<int64_t> max_entries_limit_per_query, max_query_length_ns, max_query_lookback_ns,
      max_query_series, query_timeout_ns;
  Given<bool> reject_old_samples;
  Given<int64_t> reject_old_samples_max_age_ns{int64_t{7} * 24 * 3600 * kNsPerSecond};
  Given<int64_t> creation_grace_period_ns;
  Given<int64_t> max_line_size;
  Given<bool> max_line_size_truncate;
  Given<int64_t> max_label_names_per_series, max_label_name_length, max_label_value_length;
  Given<int64_t> retention_period_ns;
  Given<std::vector<store::RetentionRule>> retention_stream;
};

// Keys with their lines: "a (line 3), b.c (line 7)".
class KeyList {
 public:
  void Add(std::string_view name, int line) {
    text_ +=
        (text_.empty() ? "" : ", ") + std::string(name) + " (line " + std::to_string(line) + ")";
  }
  // One warning, if there was any.
  void Tell(const std::string& file, std::string_view what, std::vector<std::string>* warnings) {
    if (!text_.empty()) warnings->push_back(file + ": " + std::string(what) + ": " + text_);
    text_.clear();
  }

 private:
  std::string text_;
};

class Reader {
 public:
  Reader(const std::string& path, bool expand_env, const wire::Limits& base, LokiConfig* config)
      : path_(path), expand_env_(expand_env), base_(base), config_(config), errors_(path) {}

  Status Read(std::string_view text);

 private:
  using ReadBlock = std::function<void(YamlMap&, const YamlNode&)>;

  // Calls `read` for a mapping below this one, and Finish for it.
  void Block(YamlMap& map, std::string_view key, const std::string& path, const ReadBlock& read);
  // Known keys that do nothing.
  void Note(YamlMap& map, const YamlNode& node, const std::string& path,
            std::span<const std::string_view> keys, KeyList* list);

  void ReadTop(YamlMap& map, const YamlNode& node);
  void ReadServer(YamlMap& map, const YamlNode& node);
  void ReadCommon(YamlMap& map, const YamlNode& node);
  void ReadIngester(YamlMap& map, const YamlNode& node);
  void ReadStorage(YamlMap& map, const YamlNode& node);
  void ReadSchema(YamlMap& map, const YamlNode& node);
  void ReadCompactor(YamlMap& map, const YamlNode& node);
  void ReadTableManager(YamlMap& map, const YamlNode& node);
  void ReadQuerier(YamlMap& map, const YamlNode& node);
  void ReadRuntime(YamlMap& map, const YamlNode& node);
  void ReadLimits(YamlMap& map, const YamlNode& node, const std::string& path, LimitsText* limits);
  void ReadRules(YamlMap& map, LimitsText* limits);
  Status ReadOverrides(const std::string& path);
  // Stores that cannot be used, in the block itself.
  void RefuseStores(YamlMap& map, const YamlNode& node, const std::string& path);
  // A cluster that is asked for anywhere: its stores of rings, more copies than one.
  void RefuseClusters(const YamlNode& node, const std::string& path);
  void CheckRetention();
  wire::Limits ToLimits(const LimitsText& text) const;
  store::Retention ToRetention(const LimitsText& text) const;
  void TellLists(const std::string& file);

  const std::string path_;
  const bool expand_env_;
  const wire::Limits base_;
  LokiConfig* config_;
  YamlErrors errors_;
  KeyList unneeded_, not_kept_, rulers_;

  LimitsText limits_;
  std::map<std::string, LimitsText> overrides_;
  std::vector<std::string> local_stores_{"filesystem"};  // names for local files
  Given<std::string> path_prefix_, chunks_directory_, directory_;
  Given<int64_t> old_timeout_ns_, old_lookback_ns_;  // of places of older versions
  Given<bool> retention_enabled_, table_deletes_enabled_;
  Given<int64_t> table_period_ns_;
  std::vector<Given<std::string>> runtime_files_;
};

void Reader::Block(YamlMap& map, std::string_view key, const std::string& path,
                   const ReadBlock& read) {
  const YamlNode* below = map.Take(key);
  if (below == nullptr) return;
  YamlMap block(*below, path, &errors_);
  if (below->kind != YamlNode::Kind::kMap) return;
  read(block, *below);
  block.Finish();
}

void Reader::Note(YamlMap& map, const YamlNode& node, const std::string& path,
                  std::span<const std::string_view> keys, KeyList* list) {
  map.Skip(keys);
  for (const YamlNode::Key& key : node.keys) {
    if (std::find(keys.begin(), keys.end(), key.text) == keys.end()) continue;
    const YamlNode* value = node.Find(key.text);
    if (value == nullptr || value->kind == YamlNode::Kind::kNull) continue;
    list->Add(path.empty() ? key.text : path + "." + key.text, key.line);
  }
}

void Reader::ReadServer(YamlMap& map, const YamlNode&) {
  map.Text("http_listen_address", &config_->http_listen_address);
  map.Int("http_listen_port", &config_->http_listen_port);
  if (config_->http_listen_port.value < 0 || config_->http_listen_port.value > 65535) {
    map.Error(config_->http_listen_port, "http_listen_port: expected a port, 0 to 65535");
  }
  Given<std::string> prefix;
  map.Text("http_path_prefix", &prefix);
  if (!prefix.value.empty() && prefix.value != "/") {
    map.Error(prefix, "http_path_prefix: paths begin at /loki/api/v1 here; a proxy can add more");
  }
  for (const std::string_view tls : {"http_tls_config", "grpc_tls_config"}) {
    const YamlNode* below = map.Take(tls);
    const YamlNode* cert = below == nullptr ? nullptr : below->Find("cert_file");
    if (cert == nullptr || cert->text.empty()) continue;
    map.Error(*cert, std::string(tls) + ": TLS is not served; put a proxy in front");
  }
  // Levels of logging, time-outs and gRPC: nobody misses them.
  map.Skip(kServerKeys);
}

void Reader::RefuseStores(YamlMap& map, const YamlNode& node, const std::string& path) {
  map.Skip(kLokiRemoteStores);
  for (const YamlNode::Key& key : node.keys) {
    const auto& stores = kLokiRemoteStores;
    if (std::find(std::begin(stores), std::end(stores), key.text) == std::end(stores)) continue;
    const YamlNode* value = node.Find(key.text);
    if (value == nullptr || value->kind == YamlNode::Kind::kNull) continue;
    if (value->kind == YamlNode::Kind::kMap && value->keys.empty()) continue;
    map.Error(key, path + "." + key.text + ": logs are kept in local files only");
  }
}

void Reader::ReadCommon(YamlMap& map, const YamlNode& node) {
  map.Text("path_prefix", &path_prefix_);
  Block(map, "storage", "common.storage", [&](YamlMap& storage, const YamlNode& below) {
    Block(storage, "filesystem", "common.storage.filesystem", [&](YamlMap& files, const YamlNode&) {
      files.Text("chunks_directory", &chunks_directory_);
      files.Skip({"rules_directory"});
    });
    RefuseStores(storage, below, "common.storage");
    constexpr std::string_view kOthers[] = {"congestion_control", "hedging", "object_store"};
    Note(storage, below, "common.storage", kOthers, &unneeded_);
  });
  map.Skip({"replication_factor"});  // 1: RefuseClusters
  Note(map, node, "common", kLokiCommonKeys, &unneeded_);
}

void Reader::ReadIngester(YamlMap& map, const YamlNode& node) {
  map.DurationNs("chunk_idle_period", &config_->chunk_idle_period_ns);
  map.DurationNs("max_chunk_age", &config_->max_chunk_age_ns);
  Block(map, "wal", "ingester.wal", [&](YamlMap& wal, const YamlNode& below) {
    wal.Bool("enabled", &config_->wal_enabled);
    Note(wal, below, "ingester.wal", kLokiWalKeys, &unneeded_);
  });
  Note(map, node, "ingester", kLokiIngesterKeys, &unneeded_);
}

void Reader::ReadStorage(YamlMap& map, const YamlNode& node) {
  Block(map, "filesystem", "storage_config.filesystem",
        [&](YamlMap& files, const YamlNode&) { files.Text("directory", &directory_); });
  if (const YamlNode* named = map.Take("named_stores")) {
    if (const YamlNode* files = named->Find("filesystem")) {
      for (const YamlNode::Key& name : files->keys) local_stores_.push_back(name.text);
    }
  }
  RefuseStores(map, node, "storage_config");
  Note(map, node, "storage_config", kLokiStorageKeys, &unneeded_);
}

void Reader::ReadSchema(YamlMap& map, const YamlNode&) {
  map.MapList("configs", [&](YamlMap& period, const YamlNode&) {
    Given<std::string> object_store;
    period.Text("object_store", &object_store);
    if (object_store && std::find(local_stores_.begin(), local_stores_.end(), object_store.value) ==
                            local_stores_.end()) {
      period.Error(object_store, "object_store: '" + object_store.value +
                                     "': logs are kept in local files only (filesystem)");
    }
    period.Skip({"from", "store", "schema", "index", "chunks", "row_shards"});
  });
}

void Reader::ReadCompactor(YamlMap& map, const YamlNode& node) {
  map.DurationNs("compaction_interval", &config_->compaction_interval_ns);
  map.Bool("retention_enabled", &retention_enabled_);
  Note(map, node, "compactor", kLokiCompactorKeys, &unneeded_);
}

void Reader::ReadTableManager(YamlMap& map, const YamlNode& node) {
  map.Bool("retention_deletes_enabled", &table_deletes_enabled_);
  map.DurationNs("retention_period", &table_period_ns_);
  Note(map, node, "table_manager", kLokiTableManagerKeys, &unneeded_);
}

void Reader::ReadQuerier(YamlMap& map, const YamlNode& node) {
  map.DurationNs("query_timeout", &old_timeout_ns_);
  Block(map, "engine", "querier.engine", [&](YamlMap& engine, const YamlNode& below) {
    if (!old_timeout_ns_) engine.DurationNs("timeout", &old_timeout_ns_);
    constexpr std::string_view kOthers[] = {"enable_v2_engine", "max_count_min_sketch_heap_size",
                                            "max_look_back_period", "timeout"};
    Note(engine, below, "querier.engine", kOthers, &unneeded_);
  });
  Note(map, node, "querier", kLokiQuerierKeys, &unneeded_);
}

void Reader::ReadRuntime(YamlMap& map, const YamlNode&) {
  Given<std::string> files;
  const YamlNode* node = map.Take("file");
  if (node != nullptr && node->kind == YamlNode::Kind::kList) {
    Given<std::vector<std::string>> many;
    map.Texts("file", &many);
    static_cast<YamlPlace&>(files) = many;
    files.value = Join(many.value, ",");
  } else {
    map.Text("file", &files);
  }
  if (!files.value.empty()) runtime_files_.push_back(files);
  map.Skip({"period"});
}

void Reader::ReadRules(YamlMap& map, LimitsText* limits) {
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

void Reader::ReadLimits(YamlMap& map, const YamlNode& node, const std::string& path,
                        LimitsText* limits) {
  map.Int("max_entries_limit_per_query", &limits->max_entries_limit_per_query);
  map.DurationNs("max_query_length", &limits->max_query_length_ns);
  map.DurationNs("max_query_lookback", &limits->max_query_lookback_ns);
  map.Int("max_query_series", &limits->max_query_series);
  map.DurationNs("query_timeout", &limits->query_timeout_ns);
  map.Bool("reject_old_samples", &limits->reject_old_samples);
  map.DurationNs("reject_old_samples_max_age", &limits->reject_old_samples_max_age_ns);
  map.DurationNs("creation_grace_period", &limits->creation_grace_period_ns);
  map.Bytes("max_line_size", &limits->max_line_size);
  map.Bool("max_line_size_truncate", &limits->max_line_size_truncate);
  map.Int("max_label_names_per_series", &limits->max_label_names_per_series);
  map.Int("max_label_name_length", &limits->max_label_name_length);
  map.Int("max_label_value_length", &limits->max_label_value_length);
  for (Given<int64_t>* number : {&limits->max_entries_limit_per_query, &limits->max_query_series,
                                 &limits->max_label_names_per_series,
                                 &limits->max_label_name_length, &limits->max_label_value_length}) {
    if (number->value < 0 || number->value > UINT32_MAX) {
      map.Error(*number, "expected a number from 0 (no limit) to 4294967295");
    }
  }
  map.DurationNs("retention_period", &limits->retention_period_ns);
  ReadRules(map, limits);
  Given<std::string> old_file;
  map.Text("per_tenant_override_config", &old_file);
  if (!old_file.value.empty()) runtime_files_.push_back(old_file);
  // What this store does anyway need not be named.
  const auto is = [&](std::string_view key, std::string_view value) {
    const YamlNode* found = node.Find(key);
    return found != nullptr && found->text == value;
  };
  std::vector<std::string_view> not_kept;
  for (const std::string_view key : kLokiNotKept) {
    const bool is_so = (key == "allow_structured_metadata" && is(key, "true")) ||
                       (key == "unordered_writes" && is(key, "true")) ||
                       (key == "increment_duplicate_timestamp" && is(key, "false")) ||
                       (key == "discover_log_levels" && is(key, "false")) || is(key, "0");
    if (is_so) {
      map.Skip({key});
    } else {
      not_kept.push_back(key);
    }
  }
  Note(map, node, path, not_kept, &not_kept_);
  Note(map, node, path, kLokiTuning, &unneeded_);
  Note(map, node, path, kLokiRulerLimits, &rulers_);
}

void Reader::RefuseClusters(const YamlNode& node, const std::string& path) {
  for (size_t i = 0; i < node.keys.size(); ++i) {
    const YamlNode& value = node.items[i];
    const std::string name = path.empty() ? node.keys[i].text : path + "." + node.keys[i].text;
    if (name.ends_with("kvstore.store") && !value.text.empty() && value.text != "inmemory") {
      errors_.Add(value,
                  name + ": '" + value.text + "': there is no cluster; the only ring is inmemory");
    }
    if (name.ends_with("replication_factor") && !value.text.empty() && value.text != "1") {
      errors_.Add(value, name + ": '" + value.text + "': there is no cluster; one copy is kept");
    }
    if (name == "memberlist.join_members" && !value.items.empty()) {
      errors_.Add(value, name + ": there is no cluster to join");
    }
    if (value.kind == YamlNode::Kind::kMap) RefuseClusters(value, name);
  }
}

void Reader::ReadTop(YamlMap& map, const YamlNode& node) {
  Given<std::string> target{"all"};
  map.Text("target", &target);
  for (std::string_view part : Split(target.value, ',')) {
    if (TrimSpace(part) == "all") continue;
    map.Error(target,
              "target: '" + target.value + "': one process does all here; the target is all");
    break;
  }
  map.Bool("auth_enabled", &config_->auth_enabled);
  Given<std::string> prefix;
  map.Text("http_prefix", &prefix);
  if (!prefix.value.empty() && prefix.value != "/") {
    map.Error(prefix, "http_prefix: paths begin at /loki/api/v1 here; a proxy can add more");
  }
  const auto block = [&](std::string_view key, void (Reader::*read)(YamlMap&, const YamlNode&)) {
    Block(map, key, std::string(key),
          [&](YamlMap& below, const YamlNode& value) { (this->*read)(below, value); });
  };
  block("server", &Reader::ReadServer);
  block("common", &Reader::ReadCommon);
  block("ingester", &Reader::ReadIngester);
  block("storage_config", &Reader::ReadStorage);
  block("schema_config", &Reader::ReadSchema);
  block("compactor", &Reader::ReadCompactor);
  block("table_manager", &Reader::ReadTableManager);
  block("querier", &Reader::ReadQuerier);
  block("runtime_config", &Reader::ReadRuntime);
  Block(map, "chunk_store_config", "chunk_store_config",
        [&](YamlMap& below, const YamlNode& value) {
          below.DurationNs("max_look_back_period", &old_lookback_ns_);
          Note(below, value, "chunk_store_config", kLokiChunkStoreKeys, &unneeded_);
        });
  Block(map, "limits_config", "limits_config", [&](YamlMap& below, const YamlNode& value) {
    ReadLimits(below, value, "limits_config", &limits_);
  });
  // The schema says how Loki finds its own chunks; its object stores were looked at.
  constexpr std::string_view kSchema[] = {"schema_config", "memberlist"};
  Note(map, node, "", kSchema, &unneeded_);
  Note(map, node, "", kLokiBlocks, &unneeded_);
  constexpr std::string_view kRulers[] = {"ruler", "ruler_storage"};
  Note(map, node, "", kRulers, &rulers_);
  RefuseClusters(node, "");
}

void Reader::TellLists(const std::string& file) {
  rulers_.Tell(file, "rules are not evaluated here", &config_->warnings);
  not_kept_.Tell(file, "does nothing here, though Loki would limit or change what comes",
                 &config_->warnings);
  unneeded_.Tell(file, "not needed here", &config_->warnings);
}

void Reader::CheckRetention() {
  const auto warn = [&](const YamlPlace& place, std::string_view why) {
    config_->warnings.push_back(config_->Error(place, why).message());
  };
  const bool by_table = table_deletes_enabled_.value && table_period_ns_.value > 0;
  if (by_table && retention_enabled_.value && limits_.retention_period_ns &&
      limits_.retention_period_ns.value != table_period_ns_.value) {
    errors_.Add(table_period_ns_,
                "table_manager.retention_period: limits_config.retention_period says otherwise");
  }
  if (!retention_enabled_.value) {
    // As Loki: without the compactor's retention nobody looks at the periods.
    if (limits_.retention_period_ns.value > 0) {
      warn(limits_.retention_period_ns,
           "retention_period: not applied, compactor.retention_enabled is false");
    }
    if (!limits_.retention_stream.value.empty()) {
      warn(limits_.retention_stream,
           "retention_stream: not applied, compactor.retention_enabled is false");
    }
  }
  if (table_period_ns_.value > 0 && !table_deletes_enabled_.value) {
    warn(table_period_ns_,
         "table_manager.retention_period: not applied, retention_deletes_enabled is false");
  }
  if (!retention_enabled_.value) {
    limits_.retention_period_ns.value = 0;
    limits_.retention_stream.value.clear();
  }
  if (by_table) limits_.retention_period_ns = table_period_ns_;
}

wire::Limits Reader::ToLimits(const LimitsText& text) const {
  wire::Limits limits = base_;
  const auto set = [](const Given<int64_t>& from, auto* to) {
    if (from) *to = static_cast<std::remove_pointer_t<decltype(to)>>(from.value);
  };
  set(old_timeout_ns_, &limits.query_timeout_ns);
  set(old_lookback_ns_, &limits.max_query_lookback_ns);
  set(text.max_entries_limit_per_query, &limits.max_entries_limit_per_query);
  set(text.max_query_length_ns, &limits.max_query_length_ns);
  set(text.max_query_lookback_ns, &limits.max_query_lookback_ns);
  set(text.max_query_series, &limits.max_query_series);
  set(text.query_timeout_ns, &limits.query_timeout_ns);
  set(text.creation_grace_period_ns, &limits.creation_grace_period_ns);
  set(text.max_line_size, &limits.max_line_size);
  set(text.max_label_names_per_series, &limits.max_label_names_per_series);
  set(text.max_label_name_length, &limits.max_label_name_length);
  set(text.max_label_value_length, &limits.max_label_value_length);
  if (text.max_line_size_truncate) {
    limits.max_line_size_truncate = text.max_line_size_truncate.value;
  }
  if (text.reject_old_samples || text.reject_old_samples_max_age_ns) {
    const bool on = !text.reject_old_samples || text.reject_old_samples.value;
    limits.reject_old_samples_max_age_ns = on ? text.reject_old_samples_max_age_ns.value : 0;
  }
  return limits;
}

store::Retention Reader::ToRetention(const LimitsText& text) const {
  return {text.retention_period_ns.value, text.retention_stream.value};
}

// What is not overridden is as in limits_config.
Status Reader::ReadOverrides(const std::string& path) {
  GLP_ASSIGN_OR_RETURN(const ConfigFile file, ReadConfigFile(path));
  ExpandedText expanded;
  std::string_view text = file.text;
  if (expand_env_) {
    GLP_ASSIGN_OR_RETURN(expanded, ExpandEnvironment(text, path));
    text = expanded.text;
  }
  GLP_ASSIGN_OR_RETURN(const YamlNode root, codec::ParseYaml(text, path, expanded.lines));
  errors_ = YamlErrors(path);
  YamlMap map(root, "", &errors_);
  const YamlNode* tenants = map.Take("overrides");
  if (tenants != nullptr) {
    YamlMap all(*tenants, "overrides", &errors_);
    for (const YamlNode::Key& tenant : tenants->keys) {
      if (Status status = store::CheckTenant(tenant.text); !status.ok()) {
        errors_.Add(tenant, status.message());
      }
      const std::string where = "overrides." + tenant.text;
      LimitsText limits = limits_;
      Block(all, tenant.text, where, [&](YamlMap& below, const YamlNode& value) {
        ReadLimits(below, value, where, &limits);
      });
      overrides_[tenant.text] = std::move(limits);
    }
  }
  constexpr std::string_view kOthers[] = {"configs", "ingester_limits", "ingester_chunk_streaming",
                                          "multi_kv_config"};
  Note(map, root, "", kOthers, &unneeded_);
  map.Finish();
  TellLists(path);
  return errors_.first();
}

Status Reader::Read(std::string_view text) {
  ExpandedText expanded;
  if (expand_env_) {
    GLP_ASSIGN_OR_RETURN(expanded, ExpandEnvironment(text, path_));
    text = expanded.text;
  }
  GLP_ASSIGN_OR_RETURN(const YamlNode root, codec::ParseYaml(text, path_, expanded.lines));
  YamlMap map(root, "", &errors_);
  ReadTop(map, root);
  map.Finish();
  CheckRetention();
  GLP_RETURN_IF_ERROR(errors_.first());
  for (const Given<std::string>* dir : {&path_prefix_, &chunks_directory_, &directory_}) {
    if (!dir->value.empty()) config_->dir = *dir;
  }
  TellLists(path_);
  const std::vector<Given<std::string>> files = std::move(runtime_files_);
  for (const Given<std::string>& file : files) {
    config_->warnings.push_back(
        config_->Error(file, "overrides of tenants are read once, at the start").message());
    for (std::string_view name : Split(file.value, ',')) {
      GLP_RETURN_IF_ERROR(ReadOverrides(std::string(TrimSpace(name))));
    }
  }
  config_->limits = ToLimits(limits_);
  config_->retention.all = ToRetention(limits_);
  for (auto& [tenant, limits] : overrides_) {
    config_->tenant_limits[tenant] = ToLimits(limits);
    if (!retention_enabled_.value) {
      limits.retention_period_ns = limits_.retention_period_ns;
      limits.retention_stream.value.clear();
    }
    config_->retention.tenants[tenant] = ToRetention(limits);
  }
  return Status::Ok();
}

}  // namespace

Status LokiConfig::Error(const YamlPlace& place, std::string_view why) const {
  return codec::YamlError(path, place, why);
}

Result<LokiConfig> ParseLokiConfig(std::string_view text, const std::string& path, bool expand_env,
                                   const wire::Limits& base) {
  LokiConfig config;
  config.path = path;
  Reader reader(path, expand_env, base, &config);
  GLP_RETURN_IF_ERROR(reader.Read(text));
  return config;
}

Result<LokiConfig> LoadLokiConfig(const std::string& paths, bool expand_env,
                                  const wire::Limits& base) {
  GLP_ASSIGN_OR_RETURN(const ConfigFile file, ReadConfigFile(paths));
  return ParseLokiConfig(file.text, file.path, expand_env, base);
}

}  // namespace glp::cli
