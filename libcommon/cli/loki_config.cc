#include "cli/loki_config.h"

#include <algorithm>
#include <cctype>
#include <functional>
#include <optional>
#include <span>

#include "base/hash.h"
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
  wire::Limits limits;
  // What more than one key makes.
  Given<bool> reject_old_samples;
  Given<int64_t> reject_old_samples_max_age_ns{int64_t{7} * 24 * 3600 * kNsPerSecond};
  Given<int64_t> max_streams_per_user, max_global_streams_per_user;
  Given<int64_t> retention_period_ns;
  Given<std::vector<store::RetentionRule>> retention_stream;
};

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
  // All keys but those: of blocks whose keys are not known here.
  void NoteOthers(YamlMap& map, const YamlNode& node, const std::string& path,
                  const std::vector<std::string_view>& read);

  void ReadTop(YamlMap& map, const YamlNode& node);
  void ReadServer(YamlMap& map, const YamlNode& node);
  void ReadPathPrefix(YamlMap& map);
  void ReadTls(YamlMap& map);
  void ReadCommon(YamlMap& map, const YamlNode& node);
  void ReadIngester(YamlMap& map, const YamlNode& node);
  void ReadStorage(YamlMap& map, const YamlNode& node);
  // object_store of 3.3 on: its folder where `directory` has none.
  void ReadObjectStore(YamlMap& map, const std::string& path, Given<std::string>* directory);
  void ReadSchema(YamlMap& map, const YamlNode& node);
  void ReadCompactor(YamlMap& map, const YamlNode& node);
  void ReadTableManager(YamlMap& map, const YamlNode& node);
  void ReadQuerier(YamlMap& map, const YamlNode& node);
  void ReadRuntime(YamlMap& map, const YamlNode& node);
  void ReadRuntimePeriod(YamlMap& map, std::string_view key);
  void ReadLimits(YamlMap& map, const YamlNode& node, const std::string& path, LimitsText* text);
  static void ReadStreamNumber(YamlMap& map, std::string_view key, Given<int64_t>* number);
  static void ReadDeletionMode(YamlMap& map, wire::Limits* limits);
  static void ReadBlocking(YamlMap& map, wire::Limits* limits);
  void ReadOtlp(YamlMap& map, wire::Limits* limits);
  static void ReadOtlpRules(YamlMap& map, std::string_view key, bool may_label,
                            std::vector<wire::OtlpRule>* rules);
  // Names that a distributor takes for labels; they go before the rules of tenants.
  void ReadOtlpLabels(const YamlNode& node);
  void ReadRules(YamlMap& map, LimitsText* limits);
  Status ReadOverrides(const std::string& path);
  // Stores that cannot be used, in the block itself.
  void RefuseStores(YamlMap& map, const YamlNode& node, const std::string& path);
  // A cluster that is asked for anywhere: its stores of rings, more copies than one. A memberlist
  // alone asks for none: charts and examples of one process have it, too.
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
  KeyList unneeded_, not_kept_, rulers_, grpc_, clusters_;

  LimitsText limits_;
  std::map<std::string, LimitsText> overrides_;
  std::vector<std::string> otlp_labels_;
  std::vector<std::string> local_stores_{"filesystem"};  // names for local files
  Given<std::string> path_prefix_, chunks_directory_, directory_;
  Given<int64_t> old_timeout_ns_, old_lookback_ns_;  // of places of older versions
  std::optional<wire::Limits::DeletionMode> old_deletion_mode_;
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

void Reader::NoteOthers(YamlMap& map, const YamlNode& node, const std::string& path,
                        const std::vector<std::string_view>& read) {
  std::vector<std::string_view> others;
  for (const YamlNode::Key& key : node.keys) {
    if (std::find(read.begin(), read.end(), key.text) == read.end()) others.push_back(key.text);
  }
  Note(map, node, path, others, &unneeded_);
}

void Reader::ReadServer(YamlMap& map, const YamlNode& node) {
  map.Text("http_listen_address", &config_->http_listen_address);
  map.Int("http_listen_port", &config_->http_listen_port);
  if (config_->http_listen_port.value < 0 || config_->http_listen_port.value > 65535) {
    map.Error(config_->http_listen_port, "http_listen_port: expected a port, 0 to 65535");
  }
  ReadPathPrefix(map);
  map.Int("http_listen_conn_limit", &config_->http_listen_conn_limit);
  if (config_->http_listen_conn_limit.value < 0) {
    map.Error(config_->http_listen_conn_limit,
              "http_listen_conn_limit: expected a number from 0 (no limit) on");
  }
  Block(map, "http_tls_config", "server.http_tls_config",
        [&](YamlMap& below, const YamlNode&) { ReadTls(below); });
  map.Text("log_level", &config_->log_level);
  constexpr std::string_view kLevels[] = {"debug", "info", "warn", "error"};
  if (std::find(std::begin(kLevels), std::end(kLevels), config_->log_level.value) ==
      std::end(kLevels)) {
    map.Error(config_->log_level, "log_level: expected debug, info, warn or error");
  }
  map.DurationNs("http_server_read_timeout", &config_->http_read_timeout_ns);
  map.DurationNs("http_server_write_timeout", &config_->http_write_timeout_ns);
  map.DurationNs("http_server_idle_timeout", &config_->http_idle_timeout_ns);
  map.DurationNs("graceful_shutdown_timeout", &config_->graceful_shutdown_timeout_ns);
  Given<std::string> version;
  map.Text("tls_min_version", &version);
  if (version.value == "VersionTLS13") not_kept_.Add("server.tls_min_version", version.line);
  Given<bool> proxy_protocol;
  map.Bool("proxy_protocol_enabled", &proxy_protocol);
  if (proxy_protocol.value) not_kept_.Add("server.proxy_protocol_enabled", proxy_protocol.line);
  constexpr std::string_view kCiphers[] = {"tls_cipher_suites"};
  Note(map, node, "server", kCiphers, &not_kept_);
  constexpr std::string_view kRead[] = {
      "http_listen_address",      "http_listen_port",          "http_path_prefix",
      "http_listen_conn_limit",   "http_tls_config",           "log_level",
      "http_server_read_timeout", "http_server_write_timeout", "http_server_idle_timeout",
      "tls_min_version",          "proxy_protocol_enabled",    "graceful_shutdown_timeout",
      "tls_cipher_suites"};
  std::vector<std::string_view> grpc, others;
  for (std::string_view key : kServerKeys) {
    if (std::find(std::begin(kRead), std::end(kRead), key) != std::end(kRead)) continue;
    (key.starts_with("grpc_") ? grpc : others).push_back(key);
  }
  Note(map, node, "server", grpc, &grpc_);
  Note(map, node, "server", others, &unneeded_);
}

void Reader::ReadPathPrefix(YamlMap& map) {
  Given<std::string>& prefix = config_->http_path_prefix;
  map.Text("http_path_prefix", &prefix);
  while (prefix.value.ends_with('/')) prefix.value.pop_back();
  if (prefix.value.empty()) return;
  const bool is_path =
      prefix.value[0] == '/' && prefix.value.find("//") == std::string::npos &&
      std::all_of(prefix.value.begin(), prefix.value.end(), [](unsigned char c) {
        return std::isalnum(c) ||
               std::string_view("/-._~").find(static_cast<char>(c)) != std::string_view::npos;
      });
  if (!is_path) {
    map.Error(prefix, "http_path_prefix: expected a path of letters, digits and '-._~', as /logs");
  }
}

void Reader::ReadTls(YamlMap& map) {
  Given<std::string> cert, key, ca, auth;
  map.Text("cert_file", &cert);
  map.Text("key_file", &key);
  map.Text("client_ca_file", &ca);
  map.Text("client_auth_type", &auth);
  for (const char* inline_text : {"cert", "key", "client_ca"}) {
    Given<std::string> text;
    map.Text(inline_text, &text);
    if (!text.value.empty()) {
      map.Error(text, std::string(inline_text) + ": give a file: " + inline_text + "_file");
    }
  }
  if (cert.value.empty() != key.value.empty()) {
    map.Error(cert.value.empty() ? key : cert, "cert_file and key_file need each other");
  }
  const bool asks = auth.value == "RequireAndVerifyClientCert";
  if (!asks && !auth.value.empty() && auth.value != "NoClientCert") {
    map.Error(auth, "client_auth_type: '" + auth.value +
                        "': expected RequireAndVerifyClientCert or NoClientCert");
  }
  if (asks && ca.value.empty()) map.Error(auth, "client_auth_type: needs client_ca_file");
  if (!asks && !ca.value.empty()) {
    map.Error(ca, "client_ca_file: needs client_auth_type: RequireAndVerifyClientCert");
  }
  config_->tls = {cert.value, key.value, ca.value};
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
    ReadObjectStore(storage, "common.storage.object_store", &chunks_directory_);
    constexpr std::string_view kOthers[] = {"congestion_control", "hedging"};
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

void Reader::ReadObjectStore(YamlMap& map, const std::string& path, Given<std::string>* directory) {
  Block(map, "object_store", path, [&](YamlMap& store, const YamlNode& below) {
    Block(store, "filesystem", path + ".filesystem", [&](YamlMap& files, const YamlNode&) {
      Given<std::string> dir;
      files.Text("dir", &dir);
      if (directory->value.empty()) *directory = dir;
    });
    RefuseStores(store, below, path);
    std::vector<std::string_view> read = {"filesystem"};
    read.insert(read.end(), std::begin(kLokiRemoteStores), std::end(kLokiRemoteStores));
    NoteOthers(store, below, path, read);
  });
}

void Reader::ReadStorage(YamlMap& map, const YamlNode& node) {
  Block(map, "filesystem", "storage_config.filesystem",
        [&](YamlMap& files, const YamlNode&) { files.Text("directory", &directory_); });
  if (const YamlNode* named = map.Take("named_stores")) {
    if (const YamlNode* files = named->Find("filesystem")) {
      for (const YamlNode::Key& name : files->keys) local_stores_.push_back(name.text);
    }
  }
  ReadObjectStore(map, "storage_config.object_store", &directory_);
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
  map.DurationNs("delete_max_interval", &config_->delete_max_interval_ns);
  map.DurationNs("delete_request_cancel_period", &config_->delete_request_cancel_period_ns);
  // Its place before it became a limit of tenants, with a word of its own.
  const YamlNode* mode = node.Find("deletion_mode");
  wire::Limits limits = base_;
  if (mode != nullptr && mode->text == "whole-stream-deletion") {
    map.Skip({"deletion_mode"});
    old_deletion_mode_ = wire::Limits::DeletionMode::kFilterAndDelete;
  } else if (mode != nullptr) {
    ReadDeletionMode(map, &limits);
    old_deletion_mode_ = limits.deletion_mode;
  }
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
    constexpr std::string_view kTimeout[] = {"timeout"};
    if (old_timeout_ns_) {
      Note(engine, below, "querier.engine", kTimeout, &unneeded_);
    } else {
      engine.DurationNs("timeout", &old_timeout_ns_);
    }
    constexpr std::string_view kOthers[] = {"enable_v2_engine", "max_count_min_sketch_heap_size",
                                            "max_look_back_period"};
    Note(engine, below, "querier.engine", kOthers, &unneeded_);
  });
  map.DurationNs("tail_max_duration", &config_->tail_max_duration_ns);
  map.Int("max_concurrent", &config_->max_concurrent);
  if (config_->max_concurrent.value < 1 || config_->max_concurrent.value > 1024) {
    map.Error(config_->max_concurrent, "max_concurrent: expected a number from 1 to 1024");
  }
  Given<bool> many_tenants;
  map.Bool("multi_tenant_queries_enabled", &many_tenants);
  if (many_tenants.value) not_kept_.Add("querier.multi_tenant_queries_enabled", many_tenants.line);
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
  ReadRuntimePeriod(map, "period");
}

void Reader::ReadRuntimePeriod(YamlMap& map, std::string_view key) {
  Given<int64_t> period_ns;
  map.DurationNs(key, &period_ns);
  if (!period_ns) return;
  if (period_ns.value <= 0) {
    return map.Error(period_ns, std::string(key) + ": expected a duration above 0");
  }
  config_->runtime_period_ns = period_ns;
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
                        LimitsText* text) {
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
  Block(map, "otlp_config", path + ".otlp_config",
        [&](YamlMap& below, const YamlNode&) { ReadOtlp(below, &limits); });

  map.DurationNs("retention_period", &text->retention_period_ns);
  ReadRules(map, text);
  Given<std::string> old_file;
  map.Text("per_tenant_override_config", &old_file);
  if (!old_file.value.empty()) runtime_files_.push_back(old_file);
  ReadRuntimePeriod(map, "per_tenant_override_period");
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
  Note(map, node, path, not_kept, &not_kept_);
  Note(map, node, path, kLokiTuning, &unneeded_);
  Note(map, node, path, kLokiRulerLimits, &rulers_);
}

void Reader::ReadStreamNumber(YamlMap& map, std::string_view key, Given<int64_t>* number) {
  map.Int(key, number);
  if (number->value < 0 || number->value > UINT32_MAX) {
    map.Error(*number, "expected a number from 0 (no limit) to 4294967295");
  }
}

void Reader::ReadDeletionMode(YamlMap& map, wire::Limits* limits) {
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

void Reader::ReadBlocking(YamlMap& map, wire::Limits* limits) {
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

void Reader::ReadOtlp(YamlMap& map, wire::Limits* limits) {
  auto config = std::make_shared<wire::OtlpConfig>();
  config->resource.clear();
  Given<bool> ignore_defaults;
  Block(map, "resource_attributes", "otlp_config.resource_attributes",
        [&](YamlMap& below, const YamlNode&) {
          below.Bool("ignore_defaults", &ignore_defaults);
          ReadOtlpRules(below, "attributes_config", true, &config->resource);
        });
  if (!ignore_defaults.value) {
    config->resource.insert(config->resource.begin(),
                            {wire::OtlpAction::kIndexLabel, otlp_labels_, {}});
  }
  ReadOtlpRules(map, "scope_attributes", false, &config->scope);
  ReadOtlpRules(map, "log_attributes", true, &config->log);
  Given<bool> severity_text;
  map.Bool("severity_text_as_label", &severity_text);
  config->severity_text_as_label = severity_text.value;
  limits->otlp = std::move(config);
}

void Reader::ReadOtlpRules(YamlMap& map, std::string_view key, bool may_label,
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

void Reader::RefuseClusters(const YamlNode& node, const std::string& path) {
  for (size_t i = 0; i < node.keys.size(); ++i) {
    const YamlNode& value = node.items[i];
    const std::string name = path.empty() ? node.keys[i].text : path + "." + node.keys[i].text;
    if (name.ends_with("kvstore.store") && value.text == "memberlist") {
      clusters_.Add(name, node.keys[i].line);
    } else if (name.ends_with("kvstore.store") && !value.text.empty() && value.text != "inmemory") {
      errors_.Add(value,
                  name + ": '" + value.text + "': there is no cluster; the only ring is inmemory");
    }
    if (name.ends_with("replication_factor") && !value.text.empty() && value.text != "1") {
      errors_.Add(value, name + ": '" + value.text + "': there is no cluster; one copy is kept");
    }
    if (name == "memberlist.join_members" && !value.items.empty()) {
      clusters_.Add(name, node.keys[i].line);
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
  Given<std::string> prefix;  // of what old versions took over from Cortex
  map.Text("http_prefix", &prefix);
  if (!prefix.value.empty() && prefix.value != "/") not_kept_.Add("http_prefix", prefix.line);
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
  limits_.limits = base_;
  limits_.limits.chunk_idle_period_ns = config_->chunk_idle_period_ns.value;
  ReadOtlpLabels(node);
  Block(map, "distributor", "distributor", [&](YamlMap& below, const YamlNode& value) {
    below.Skip({"otlp_config"});
    below.Bytes("max_recv_msg_size", &config_->max_recv_msg_size_bytes);
    NoteOthers(below, value, "distributor", {"otlp_config", "max_recv_msg_size"});
  });
  if (old_deletion_mode_) limits_.limits.deletion_mode = *old_deletion_mode_;
  if (old_timeout_ns_) limits_.limits.query_timeout_ns = old_timeout_ns_.value;
  if (old_lookback_ns_) limits_.limits.max_query_lookback_ns = old_lookback_ns_.value;
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

void Reader::ReadOtlpLabels(const YamlNode& node) {
  otlp_labels_ = wire::DefaultOtlpLabels();
  const YamlNode* at = node.Find("distributor");
  for (const char* key : {"otlp_config", "default_resource_attributes_as_index_labels"}) {
    if (at == nullptr || at->kind != YamlNode::Kind::kMap) return;
    at = at->Find(key);
  }
  if (at == nullptr || at->kind != YamlNode::Kind::kList) return;
  otlp_labels_.clear();
  for (const YamlNode& item : at->items) otlp_labels_.push_back(item.text);
  auto config = std::make_shared<wire::OtlpConfig>();
  config->resource = {{wire::OtlpAction::kIndexLabel, otlp_labels_, {}}};
  limits_.limits.otlp = std::move(config);
}

void Reader::TellLists(const std::string& file) {
  rulers_.Tell(file, "rules are not evaluated here", &config_->warnings);
  grpc_.Tell(file, "gRPC is not served", &config_->warnings);
  clusters_.Tell(file, "no cluster is joined, one process keeps all", &config_->warnings);
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
  wire::Limits limits = text.limits;
  if (text.reject_old_samples || text.reject_old_samples_max_age_ns) {
    const bool on = !text.reject_old_samples || text.reject_old_samples.value;
    limits.reject_old_samples_max_age_ns = on ? text.reject_old_samples_max_age_ns.value : 0;
  }
  // One process is all of the cluster: the smaller number holds.
  const auto global = static_cast<uint32_t>(text.max_global_streams_per_user
                                                ? text.max_global_streams_per_user.value
                                                : base_.max_streams_per_user);
  const auto local = static_cast<uint32_t>(text.max_streams_per_user.value);
  limits.max_streams_per_user =
      global == 0 || local == 0 ? std::max(global, local) : std::min(global, local);
  return limits;
}

store::Retention Reader::ToRetention(const LimitsText& text) const {
  return {text.retention_period_ns.value, text.retention_stream.value};
}

// What is not overridden is as in limits_config.
Status Reader::ReadOverrides(const std::string& path) {
  GLP_ASSIGN_OR_RETURN(const ConfigFile file, ReadConfigFile(path));
  config_->runtime_hash = Hash64(file.text, config_->runtime_hash);
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
    for (std::string_view name : Split(file.value, ',')) {
      config_->runtime_files.emplace_back(TrimSpace(name));
      GLP_RETURN_IF_ERROR(ReadOverrides(config_->runtime_files.back()));
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
  config.text = text;
  Reader reader(path, expand_env, base, &config);
  GLP_RETURN_IF_ERROR(reader.Read(text));
  return config;
}

Result<LokiConfig> LoadLokiConfig(const std::string& paths, bool expand_env,
                                  const wire::Limits& base) {
  GLP_ASSIGN_OR_RETURN(const ConfigFile file, ReadConfigFile(paths));
  return ParseLokiConfig(file.text, file.path, expand_env, base);
}

uint64_t HashRuntimeFiles(const std::vector<std::string>& files) {
  uint64_t hash = 0;
  for (const std::string& name : files) {
    const Result<ConfigFile> file = ReadConfigFile(name);
    hash = Hash64(file.ok() ? file->text : file.status().message(), hash);
  }
  return hash;
}

}  // namespace glp::cli
