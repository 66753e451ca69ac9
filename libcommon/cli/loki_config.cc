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
#include "cli/limits_config.h"
#include "cli/loki_keys.h"
#include "cli/server_keys.h"
#include "store/store.h"

namespace glp::cli {
namespace {

using codec::YamlErrors;
using codec::YamlMap;
using codec::YamlNode;
using codec::YamlPlace;

class Reader {
 public:
  Reader(const std::string& path, bool expand_env, const wire::Limits& base, LokiConfig* config)
      : path_(path), expand_env_(expand_env), base_(base), config_(config), errors_(path) {}

  Status Read(std::string_view text);

 private:
  using ReadBlock = std::function<void(YamlMap&, const YamlNode&)>;

  // Calls `read` for a mapping below this one, and Finish for it.
  void Block(YamlMap& map, std::string_view key, const std::string& path, const ReadBlock& read);
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
  // Names that a distributor takes for labels; they go before the rules of tenants.
  void ReadOtlpLabels(const YamlNode& node);
  Status ReadOverrides(const std::string& path);
  // Stores that cannot be used, in the block itself.
  void RefuseStores(YamlMap& map, const YamlNode& node, const std::string& path);
  // A cluster that is asked for anywhere: its stores of rings, more copies than one. A memberlist
  // alone asks for none: charts and examples of one process have it, too.
  void RefuseClusters(const YamlNode& node, const std::string& path);
  void CheckRetention();
  void TellLists(const std::string& file);

  const std::string path_;
  const bool expand_env_;
  const wire::Limits base_;
  LokiConfig* config_;
  YamlErrors errors_;
  LokiNotes notes_;
  KeyList grpc_, clusters_;

  LimitsText limits_;
  std::map<std::string, LimitsText> overrides_;
  std::vector<std::string> otlp_labels_;
  std::vector<std::string> local_stores_{"filesystem"};  // names for local files
  Given<std::string> path_prefix_, chunks_directory_, directory_;
  Given<int64_t> old_timeout_ns_, old_lookback_ns_;  // of places of older versions
  std::optional<wire::Limits::DeletionMode> old_deletion_mode_;
  Given<bool> retention_enabled_, table_deletes_enabled_;
  Given<int64_t> table_period_ns_;
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

void Reader::NoteOthers(YamlMap& map, const YamlNode& node, const std::string& path,
                        const std::vector<std::string_view>& read) {
  std::vector<std::string_view> others;
  for (const YamlNode::Key& key : node.keys) {
    if (std::find(read.begin(), read.end(), key.text) == read.end()) others.push_back(key.text);
  }
  NoteKeys(map, node, path, others, &notes_.unneeded);
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
  if (version.value == "VersionTLS13") notes_.not_kept.Add("server.tls_min_version", version.line);
  Given<bool> proxy_protocol;
  map.Bool("proxy_protocol_enabled", &proxy_protocol);
  if (proxy_protocol.value)
    notes_.not_kept.Add("server.proxy_protocol_enabled", proxy_protocol.line);
  constexpr std::string_view kCiphers[] = {"tls_cipher_suites"};
  NoteKeys(map, node, "server", kCiphers, &notes_.not_kept);
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
  NoteKeys(map, node, "server", grpc, &grpc_);
  NoteKeys(map, node, "server", others, &notes_.unneeded);
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
    NoteKeys(storage, below, "common.storage", kOthers, &notes_.unneeded);
  });
  map.Skip({"replication_factor"});  // 1: RefuseClusters
  NoteKeys(map, node, "common", kLokiCommonKeys, &notes_.unneeded);
}

void Reader::ReadIngester(YamlMap& map, const YamlNode& node) {
  map.DurationNs("chunk_idle_period", &config_->chunk_idle_period_ns);
  map.DurationNs("max_chunk_age", &config_->max_chunk_age_ns);
  Block(map, "wal", "ingester.wal", [&](YamlMap& wal, const YamlNode& below) {
    wal.Bool("enabled", &config_->wal_enabled);
    NoteKeys(wal, below, "ingester.wal", kLokiWalKeys, &notes_.unneeded);
  });
  NoteKeys(map, node, "ingester", kLokiIngesterKeys, &notes_.unneeded);
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
  NoteKeys(map, node, "storage_config", kLokiStorageKeys, &notes_.unneeded);
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
  NoteKeys(map, node, "compactor", kLokiCompactorKeys, &notes_.unneeded);
}

void Reader::ReadTableManager(YamlMap& map, const YamlNode& node) {
  map.Bool("retention_deletes_enabled", &table_deletes_enabled_);
  map.DurationNs("retention_period", &table_period_ns_);
  NoteKeys(map, node, "table_manager", kLokiTableManagerKeys, &notes_.unneeded);
}

void Reader::ReadQuerier(YamlMap& map, const YamlNode& node) {
  map.DurationNs("query_timeout", &old_timeout_ns_);
  Block(map, "engine", "querier.engine", [&](YamlMap& engine, const YamlNode& below) {
    constexpr std::string_view kTimeout[] = {"timeout"};
    if (old_timeout_ns_) {
      NoteKeys(engine, below, "querier.engine", kTimeout, &notes_.unneeded);
    } else {
      engine.DurationNs("timeout", &old_timeout_ns_);
    }
    constexpr std::string_view kOthers[] = {"enable_v2_engine", "max_count_min_sketch_heap_size",
                                            "max_look_back_period"};
    NoteKeys(engine, below, "querier.engine", kOthers, &notes_.unneeded);
  });
  map.DurationNs("tail_max_duration", &config_->tail_max_duration_ns);
  map.Int("max_concurrent", &config_->max_concurrent);
  if (config_->max_concurrent.value < 1 || config_->max_concurrent.value > 1024) {
    map.Error(config_->max_concurrent, "max_concurrent: expected a number from 1 to 1024");
  }
  Given<bool> many_tenants;
  map.Bool("multi_tenant_queries_enabled", &many_tenants);
  if (many_tenants.value)
    notes_.not_kept.Add("querier.multi_tenant_queries_enabled", many_tenants.line);
  NoteKeys(map, node, "querier", kLokiQuerierKeys, &notes_.unneeded);
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
  if (!files.value.empty()) notes_.runtime_files.push_back(files);
  ReadRuntimePeriod(map, "period", &notes_);
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
  if (!prefix.value.empty() && prefix.value != "/") notes_.not_kept.Add("http_prefix", prefix.line);
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
          NoteKeys(below, value, "chunk_store_config", kLokiChunkStoreKeys, &notes_.unneeded);
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
    ReadLimits(below, value, "limits_config", otlp_labels_, &limits_, &notes_);
  });
  // The schema says how Loki finds its own chunks; its object stores were looked at.
  constexpr std::string_view kSchema[] = {"schema_config", "memberlist"};
  NoteKeys(map, node, "", kSchema, &notes_.unneeded);
  NoteKeys(map, node, "", kLokiBlocks, &notes_.unneeded);
  constexpr std::string_view kRulers[] = {"ruler", "ruler_storage"};
  NoteKeys(map, node, "", kRulers, &notes_.rulers);
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
  notes_.rulers.Tell(file, "rules are not evaluated here", &config_->warnings);
  grpc_.Tell(file, "gRPC is not served", &config_->warnings);
  clusters_.Tell(file, "no cluster is joined, one process keeps all", &config_->warnings);
  notes_.not_kept.Tell(file, "does nothing here, though Loki would limit or change what comes",
                       &config_->warnings);
  notes_.unneeded.Tell(file, "not needed here", &config_->warnings);
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
        ReadLimits(below, value, where, otlp_labels_, &limits, &notes_);
      });
      overrides_[tenant.text] = std::move(limits);
    }
  }
  constexpr std::string_view kOthers[] = {"configs", "ingester_limits", "ingester_chunk_streaming",
                                          "multi_kv_config"};
  NoteKeys(map, root, "", kOthers, &notes_.unneeded);
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
  const std::vector<Given<std::string>> files = std::move(notes_.runtime_files);
  for (const Given<std::string>& file : files) {
    for (std::string_view name : Split(file.value, ',')) {
      config_->runtime_files.emplace_back(TrimSpace(name));
      GLP_RETURN_IF_ERROR(ReadOverrides(config_->runtime_files.back()));
    }
  }
  config_->runtime_period_ns = notes_.runtime_period_ns;
  config_->limits = limits_.ToLimits(base_);
  config_->retention.all = limits_.ToRetention();
  for (auto& [tenant, limits] : overrides_) {
    config_->tenant_limits[tenant] = limits.ToLimits(base_);
    if (!retention_enabled_.value) {
      limits.retention_period_ns = limits_.retention_period_ns;
      limits.retention_stream.value.clear();
    }
    config_->retention.tenants[tenant] = limits.ToRetention();
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
