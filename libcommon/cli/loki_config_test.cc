#include "cli/loki_config.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "record/labels.h"

namespace glp::cli {
namespace {

constexpr int64_t kHourNs = int64_t{3600} * kNsPerSecond;

Result<LokiConfig> Parse(std::string_view text, bool expand_env = false) {
  return ParseLokiConfig(text, "loki.yml", expand_env, wire::LokiLimits());
}

LokiConfig MustParse(std::string_view text, bool expand_env = false) {
  auto config = Parse(text, expand_env);
  EXPECT_TRUE(config.ok()) << config.status().message();
  return config.ok() ? *std::move(config) : LokiConfig();
}

std::string WarningsOf(const LokiConfig& config) {
  std::string all;
  for (const std::string& warning : config.warnings) all += warning + "\n";
  return all;
}

// As written for 2.3, with an index of boltdb-shipper and a table manager that deletes.
constexpr char kBoltdb[] = R"(
auth_enabled: false

server:
  http_listen_port: 3101
  grpc_listen_port: 9096
  log_level: warn

ingester:
  wal:
    enabled: true
    dir: /data/wal
  lifecycler:
    address: 127.0.0.1
    ring:
      kvstore:
        store: inmemory
      replication_factor: 1
    final_sleep: 0s
  chunk_idle_period: 1h
  max_chunk_age: 3h
  chunk_target_size: 1048576
  chunk_retain_period: 30s
  max_transfer_retries: 0

schema_config:
  configs:
    - from: 2020-10-24
      store: boltdb-shipper
      object_store: filesystem
      schema: v11
      index:
        prefix: index_
        period: 24h

storage_config:
  boltdb_shipper:
    active_index_directory: /data/active
    cache_location: /data/cache
    cache_ttl: 24h
    shared_store: filesystem
  filesystem:
    directory: /data/chunks

compactor:
  working_directory: /data/compactor
  shared_store: filesystem

limits_config:
  enforce_metric_name: false
  reject_old_samples: true
  reject_old_samples_max_age: 72h
  ingestion_rate_mb: 16

chunk_store_config:
  max_look_back_period: 240h

table_manager:
  retention_deletes_enabled: true
  retention_period: 336h
)";

TEST(LokiConfigTest, BoltdbShipperOf23) {
  const LokiConfig config = MustParse(kBoltdb);
  EXPECT_FALSE(config.auth_enabled.value);
  EXPECT_EQ(config.http_listen_port.value, 3101);
  EXPECT_EQ(config.http_listen_address.value, "");
  EXPECT_EQ(config.dir.value, "/data/chunks");
  EXPECT_EQ(config.chunk_idle_period_ns.value, kHourNs);
  EXPECT_EQ(config.max_chunk_age_ns.value, 3 * kHourNs);
  EXPECT_EQ(config.limits.chunk_idle_period_ns, kHourNs);
  EXPECT_TRUE(config.wal_enabled.value);
  EXPECT_EQ(config.limits.reject_old_samples_max_age_ns, 72 * kHourNs);
  EXPECT_EQ(config.limits.ingestion_rate_mb, 16);
  EXPECT_EQ(config.limits.max_query_lookback_ns, 240 * kHourNs);
  EXPECT_EQ(config.retention.all.period_ns, 336 * kHourNs);
  EXPECT_EQ(WarningsOf(config),
            "loki.yml: gRPC is not served: server.grpc_listen_port (line 6)\n"
            "loki.yml: not needed here: ingester.wal.dir (line 12), ingester.lifecycler (line 13), "
            "ingester.chunk_target_size (line 22), ingester.chunk_retain_period (line 23), "
            "ingester.max_transfer_retries (line 24), storage_config.boltdb_shipper (line 37), "
            "compactor.working_directory (line 46), compactor.shared_store (line 47), "
            "limits_config.enforce_metric_name (line 50), schema_config (line 26)\n");
}

// As of 2.9: tsdb, the compactor's retention, rules by stream, a ruler.
constexpr char kTsdb[] = R"(
auth_enabled: false
server: {http_listen_address: 10.0.0.1, http_listen_port: 3100}
common:
  instance_addr: 127.0.0.1
  path_prefix: /loki
  storage:
    filesystem:
      chunks_directory: /loki/chunks
      rules_directory: /loki/rules
  replication_factor: 1
  ring:
    kvstore: {store: inmemory}
query_range:
  results_cache:
    cache:
      embedded_cache: {enabled: true, max_size_mb: 100}
schema_config:
  configs:
    - {from: 2020-10-24, store: boltdb-shipper, object_store: filesystem, schema: v12}
    - {from: 2023-07-01, store: tsdb, object_store: filesystem, schema: v13}
compactor:
  working_directory: /loki/retention
  compaction_interval: 15m
  retention_enabled: true
  retention_delete_delay: 2h
limits_config:
  retention_period: 744h
  retention_stream:
    - selector: '{namespace="dev"}'
      priority: 1
      period: 24h
    - {selector: '{namespace=~"dev|test", app="noisy"}', priority: 2, period: 48h}
  max_query_series: 1000
  max_line_size: 64KB
  max_line_size_truncate: true
  split_queries_by_interval: 15m
ruler:
  alertmanager_url: http://localhost:9093
analytics:
  reporting_enabled: false
)";

TEST(LokiConfigTest, TsdbOf29) {
  const LokiConfig config = MustParse(kTsdb);
  EXPECT_EQ(config.http_listen_address.value, "10.0.0.1");
  EXPECT_EQ(config.dir.value, "/loki/chunks");
  EXPECT_EQ(config.compaction_interval_ns.value, kHourNs / 4);
  EXPECT_EQ(config.limits.max_query_series, 1000u);
  EXPECT_EQ(config.limits.max_line_size, 65536u);
  EXPECT_TRUE(config.limits.max_line_size_truncate);
  // What the file does not name is as it is asked to be: as Loki has it, or not at all.
  EXPECT_EQ(config.limits.reject_old_samples_max_age_ns, 168 * kHourNs);
  const auto bare = ParseLokiConfig(kTsdb, "loki.yml", false, wire::Limits());
  ASSERT_TRUE(bare.ok());
  EXPECT_EQ(bare->limits.reject_old_samples_max_age_ns, 0);
  EXPECT_EQ(bare->limits.max_query_series, 1000U);
  LabelTable labels;
  const auto period = [&](const char* json) {
    return config.retention.Of("fake").PeriodNs(**labels.FromJson(json)) / kHourNs;
  };
  EXPECT_EQ(period(R"({"namespace":"prod"})"), 744);
  EXPECT_EQ(period(R"({"namespace":"dev"})"), 24);
  EXPECT_EQ(period(R"({"app":"noisy","namespace":"dev"})"), 48);
  EXPECT_EQ(config.warnings.size(), 2u) << WarningsOf(config);
  EXPECT_EQ(config.warnings[0], "loki.yml: rules are not evaluated here: ruler (line 38)");
}

// The file of Loki's image, 3.x: a path for all, nothing to say about it but a few names.
constexpr char kImage[] = R"(
auth_enabled: false
server:
  http_listen_port: 3100
common:
  path_prefix: ${LOKI_DIR:-/loki}
  replication_factor: 1
  ring:
    instance_addr: 127.0.0.1
    kvstore:
      store: inmemory
schema_config:
  configs:
    - from: 2020-10-24
      store: tsdb
      object_store: filesystem
      schema: v13
      index: {prefix: index_, period: 24h}
pattern_ingester:
  enabled: true
  metric_aggregation:
    loki_address: localhost:3100
limits_config:
  metric_aggregation_enabled: true
  allow_structured_metadata: true
  volume_enabled: true
frontend:
  encoding: protobuf
)";

TEST(LokiConfigTest, TheImagesOf3WithTheEnvironment) {
  unsetenv("LOKI_DIR");
  EXPECT_EQ(MustParse(kImage, true).dir.value, "/loki");
  setenv("LOKI_DIR", "/srv/logs", 1);
  const LokiConfig config = MustParse(kImage, true);
  unsetenv("LOKI_DIR");
  EXPECT_EQ(config.dir.value, "/srv/logs");
  EXPECT_LE(config.warnings.size(), 2u) << WarningsOf(config);
  EXPECT_TRUE(config.retention.empty());
  // Without it, ${…} is text.
  EXPECT_EQ(MustParse(kImage).dir.value, "${LOKI_DIR:-/loki}");
}

TEST(LokiConfigTest, RetentionNeedsWhatLokiNeeds) {
  struct Case {
    const char* text;
    int64_t expected_hours;
    const char* warning;
  };
  const Case cases[] = {
      {"limits_config: {retention_period: 48h}", 0,
       "loki.yml:1:35: retention_period: not applied, compactor.retention_enabled is false"},
      {"limits_config: {retention_period: 48h}\ncompactor: {retention_enabled: true}", 48, ""},
      {"compactor: {retention_enabled: true}", 0, ""},
      {"table_manager: {retention_period: 48h}", 0,
       "loki.yml:1:35: table_manager.retention_period: not applied, retention_deletes_enabled is "
       "false"},
      {"table_manager: {retention_period: 48h, retention_deletes_enabled: true}", 48, ""},
      {"table_manager: {retention_period: 0s, retention_deletes_enabled: false}", 0, ""},
      {"limits_config: {retention_period: 31d}\ncompactor: {retention_enabled: true}", 744, ""},
  };
  for (const Case& c : cases) {
    const LokiConfig config = MustParse(c.text);
    EXPECT_EQ(config.retention.all.period_ns, c.expected_hours * kHourNs) << c.text;
    EXPECT_EQ(WarningsOf(config), c.warning[0] == '\0' ? "" : c.warning + std::string("\n"))
        << c.text;
  }
}

TEST(LokiConfigTest, RejectingOldSamples) {
  struct Case {
    const char* limits;
    int64_t expected_hours;
  };
  const Case cases[] = {
      {"max_line_size: 1", 168},
      {"reject_old_samples: true", 168},
      {"reject_old_samples: false", 0},
      {"reject_old_samples_max_age: 24h", 24},
      {"{reject_old_samples: true, reject_old_samples_max_age: 24h}", 24},
      {"{reject_old_samples: false, reject_old_samples_max_age: 24h}", 0},
  };
  for (const Case& c : cases) {
    std::string text = c.limits;
    if (text[0] != '{') text = "{" + text + "}";
    const LokiConfig config = MustParse("limits_config: " + text);
    EXPECT_EQ(config.limits.reject_old_samples_max_age_ns, c.expected_hours * kHourNs) << text;
  }
}

TEST(LokiConfigTest, WhatContradictsOrIsNotKnownIsAnErrorWithItsPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"limits_config: {retention_perod: 1h}",
       "loki.yml:1:17: unknown key 'retention_perod' in limits_config; did you mean "
       "'retention_period'?"},
      {"ingestor: {}", "loki.yml:1:1: unknown key 'ingestor'; did you mean 'ingester'?"},
      {"ingester:\n  chunk_idle_perid: 1h",
       "loki.yml:2:3: unknown key 'chunk_idle_perid' in ingester; did you mean "
       "'chunk_idle_period'?"},
      {"server: {http_listen_port: x}",
       "loki.yml:1:28: http_listen_port: expected a whole number, not 'x'"},
      {"server: {http_listen_port: 70000}",
       "loki.yml:1:28: http_listen_port: expected a port, 0 to 65535"},
      {"ingester: {max_chunk_age: 2}",
       "loki.yml:1:27: max_chunk_age: expected a duration with its unit, as 500ms, 10s or 1h30m, "
       "not '2'"},
      {"target: read",
       "loki.yml:1:9: target: 'read': one process does all here; the target is all"},
      {"schema_config: {configs: [{object_store: s3}]}",
       "loki.yml:1:42: object_store: 's3': logs are kept in local files only (filesystem)"},
      {"storage_config: {aws: {s3: s3://key@region/bucket}}",
       "loki.yml:1:18: storage_config.aws: logs are kept in local files only"},
      {"common: {storage: {gcs: {bucket_name: b}}}",
       "loki.yml:1:20: common.storage.gcs: logs are kept in local files only"},
      {"common:\n  ring:\n    kvstore:\n      store: consul",
       "loki.yml:4:14: common.ring.kvstore.store: 'consul': there is no cluster; the only ring is "
       "inmemory"},
      {"common: {replication_factor: 3}",
       "loki.yml:1:30: common.replication_factor: '3': there is no cluster; one copy is kept"},
      {"memberlist: {join_members: [a, b]}\ncommon: {replication_factor: 2}",
       "loki.yml:2:30: common.replication_factor: '2': there is no cluster; one copy is kept"},
      {"server: {http_path_prefix: logs}",
       "loki.yml:1:28: http_path_prefix: expected a path of letters, digits and '-._~', as /logs"},
      {"server: {http_path_prefix: '/{x}'}", "loki.yml:1:28: http_path_prefix: expected a path"},
      {"server: {http_path_prefix: /a//b}", "loki.yml:1:28: http_path_prefix: expected a path"},
      {"server: {http_listen_conn_limit: -1}",
       "loki.yml:1:34: http_listen_conn_limit: expected a number from 0 (no limit) on"},
      {"runtime_config: {period: 0s}", "loki.yml:1:26: period: expected a duration above 0"},
      {"storage_config: {object_store: {s3: {bucket_name: b}}}",
       "loki.yml:1:33: storage_config.object_store.s3: logs are kept in local files only"},
      {"compactor: {deletion_mode: all}", "loki.yml:1:28: deletion_mode: 'all': expected"},
      {"server: {http_tls_config: {cert_file: a.pem}}",
       "loki.yml:1:39: cert_file and key_file need each other"},
      {"server: {http_tls_config: {cert_file: a, key_file: b, client_ca_file: c}}",
       "loki.yml:1:71: client_ca_file: needs client_auth_type: RequireAndVerifyClientCert"},
      {"server: {http_tls_config: {client_auth_type: RequestClientCert}}",
       "loki.yml:1:46: client_auth_type: 'RequestClientCert': expected "
       "RequireAndVerifyClientCert or NoClientCert"},
      {"server: {http_tls_config: {cert: PEM}}", "loki.yml:1:34: cert: give a file: cert_file"},
      {"server: {log_level: loud}",
       "loki.yml:1:21: log_level: expected debug, info, warn or error"},
      {"querier: {max_concurrent: 0}",
       "loki.yml:1:27: max_concurrent: expected a number from 1 to 1024"},
      {"limits_config: {max_query_series: -1}",
       "loki.yml:1:35: expected a number from 0 (no limit) to 4294967295"},
      {"limits_config: {max_streams_per_user: 5000000000}",
       "loki.yml:1:39: expected a number from 0 (no limit) to 4294967295"},
      {"limits_config: {ingestion_rate_mb: -4}",
       "loki.yml:1:36: expected a number from 0 (no limit) on"},
      {"limits_config: {deletion_mode: whole}",
       "loki.yml:1:32: deletion_mode: 'whole': expected disabled, filter-only or "
       "filter-and-delete"},
      {"limits_config: {block_ingestion_until: soon}",
       "loki.yml:1:40: block_ingestion_until: 'soon': expected a time, as 2026-01-31T12:00:00Z, "
       "or a day"},
      {"limits_config: {block_ingestion_status_code: 42}",
       "loki.yml:1:46: block_ingestion_status_code: expected a status of HTTP, 200 to 599"},
      {"limits_config: {discover_service_name: app}",
       "loki.yml:1:40: discover_service_name: expected a list of texts"},
      {"limits_config: {otlp_config: {log_attributes: [{action: keep, attributes: [a]}]}}",
       "loki.yml:1:57: action: 'keep': expected index_label, structured_metadata or drop"},
      {"limits_config: {otlp_config: {scope_attributes: [{action: index_label, regex: a}]}}",
       "loki.yml:1:59: action: 'index_label': expected structured_metadata or drop"},
      {"limits_config: {otlp_config: {scope_attributes: [{action: drop}]}}",
       "loki.yml:1:50: a rule needs either attributes or a regex"},
      {"limits_config: {otlp_config: {scope_attributes: [{attributes: [a], regex: b}]}}",
       "loki.yml:1:50: a rule needs either attributes or a regex"},
      {"limits_config: {otlp_config: {scope_attributes: [{regex: '('}]}}",
       "loki.yml:1:58: regex: '(': missing ): ("},
      {"limits_config: {otlp_config: {resources: []}}",
       "loki.yml:1:31: unknown key 'resources' in limits_config.otlp_config"},
      {"limits_config: {retention_stream: [{selector: '{a=b}', period: 24h}]}",
       "loki.yml:1:47: selector: parse error at line 1, col 4: syntax error: unexpected "
       "IDENTIFIER, expecting STRING"},
      {"limits_config: {retention_stream: [{period: 24h}]}",
       "loki.yml:1:36: a rule needs a selector, as '{app=\"a\"}'"},
      {"compactor: {retention_enabled: true}\nlimits_config: {retention_period: 24h}\n"
       "table_manager: {retention_deletes_enabled: true, retention_period: 48h}",
       "loki.yml:3:68: table_manager.retention_period: limits_config.retention_period says "
       "otherwise"},
      {"limits_config: [a]",
       "loki.yml:1:16: limits_config: expected a mapping (key: value), not a list"},
      {"a: [", "loki.yml:1:"},
  };
  for (const auto& [text, message] : cases) {
    const auto config = Parse(text);
    ASSERT_FALSE(config.ok()) << text;
    EXPECT_EQ(config.status().code(), Code::kUsage) << text;
    EXPECT_EQ(config.status().message().substr(0, std::string(message).size()), message) << text;
  }
}

TEST(LokiConfigTest, OverridesOfTenants) {
  namespace fs = std::filesystem;
  const fs::path file = fs::path(testing::TempDir()) / "glp-loki-overrides.yml";
  std::ofstream(file) << "overrides:\n"
                         "  short: {retention_period: 24h, ingestion_rate_mb: 1}\n"
                         "  long:\n"
                         "    retention_stream: [{selector: '{a=\"b\"}', period: 48h}]\n"
                         "    max_line_size: 10KB\n";
  const LokiConfig config = MustParse(
      "compactor: {retention_enabled: true}\n"
      "limits_config: {retention_period: 744h, max_query_series: 7}\n"
      "runtime_config: {file: " +
      file.string() + ", period: 3s}\n");
  EXPECT_EQ(config.retention.Of("short").period_ns, 24 * kHourNs);
  EXPECT_EQ(config.retention.Of("long").period_ns, 744 * kHourNs);
  EXPECT_EQ(config.retention.Of("long").rules.size(), 1u);
  EXPECT_EQ(config.retention.Of("fake").period_ns, 744 * kHourNs);
  EXPECT_EQ(config.tenant_limits.at("long").max_line_size, 10240u);
  EXPECT_EQ(config.tenant_limits.at("long").max_query_series, 7u);
  EXPECT_EQ(config.tenant_limits.at("long").ingestion_rate_mb, 4);
  EXPECT_EQ(config.tenant_limits.at("short").ingestion_rate_mb, 1);
  EXPECT_EQ(WarningsOf(config), "");
  EXPECT_EQ(config.runtime_files, std::vector<std::string>{file.string()});
  EXPECT_EQ(config.runtime_period_ns.value, 3 * kNsPerSecond);
  EXPECT_EQ(config.runtime_hash, HashRuntimeFiles(config.runtime_files));
  std::ofstream(file) << "overrides:\n  a: {retention: 1h}\n";
  EXPECT_NE(config.runtime_hash, HashRuntimeFiles(config.runtime_files));
  const auto bad = Parse("runtime_config: {file: " + file.string() + "}");
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.status().message().substr(0, file.string().size() + 45),
            file.string() + ":2:7: unknown key 'retention' in overrides.a");
  const uint64_t wrong = HashRuntimeFiles(config.runtime_files);
  fs::remove(file);
  EXPECT_NE(HashRuntimeFiles(config.runtime_files), wrong);
  EXPECT_EQ(Parse("runtime_config: {file: " + file.string() + "}").status().code(), Code::kIo);
}

TEST(LokiConfigTest, EveryLimitIsRead) {
  const LokiConfig config = MustParse(R"(
server:
  log_level: debug
  http_server_read_timeout: 1m
  http_tls_config: {cert_file: c, key_file: k, client_auth_type: RequireAndVerifyClientCert, client_ca_file: a}
  grpc_tls_config: {cert_file: c, key_file: k}
querier: {tail_max_duration: 30m, max_concurrent: 8}
compactor: {delete_max_interval: 12h, delete_request_cancel_period: 1h}
distributor: {otlp_config: {default_resource_attributes_as_index_labels: [service.name]}}
limits_config:
  max_entries_limit_per_query: 1
  max_query_length: 2h
  max_query_lookback: 3h
  max_query_range: 4h
  max_query_series: 5
  query_timeout: 6h
  max_query_bytes_read: 7KB
  max_streams_matchers_per_query: 8
  required_labels: [app]
  minimum_labels_number: 2
  max_concurrent_tail_requests: 9
  volume_enabled: false
  volume_max_series: 10
  deletion_mode: filter-only
  creation_grace_period: 11m
  max_line_size_truncate_identifier: "..."
  max_label_names_per_series: 12
  max_label_name_length: 13
  max_label_value_length: 14
  enforced_labels: [team, env]
  allow_structured_metadata: false
  max_structured_metadata_size: 15KB
  max_structured_metadata_entries_count: 16
  increment_duplicate_timestamp: true
  unordered_writes: false
  max_streams_per_user: 18
  max_global_streams_per_user: 17
  ingestion_rate_mb: 1.5
  ingestion_burst_size_mb: 19
  per_stream_rate_limit: 20MB
  per_stream_rate_limit_burst: 21MB
  block_ingestion_until: 2026-01-05T00:00:00Z
  block_ingestion_status_code: 456
  discover_service_name: []
  discover_log_levels: false
  log_level_fields: [sev]
  log_level_from_json_max_depth: 3
  otlp_config:
    resource_attributes:
      attributes_config:
        - {action: index_label, regex: 'k8s\..*'}
    log_attributes:
      - {action: drop, attributes: [secret]}
    severity_text_as_label: true
)");
  EXPECT_EQ(WarningsOf(config), "loki.yml: gRPC is not served: server.grpc_tls_config (line 6)\n");
  EXPECT_EQ(config.log_level.value, "debug");
  EXPECT_EQ(config.http_read_timeout_ns.value, 60 * kNsPerSecond);
  EXPECT_EQ(config.tls.cert_file + config.tls.key_file + config.tls.client_ca_file, "cka");
  EXPECT_EQ(config.tail_max_duration_ns.value, kHourNs / 2);
  EXPECT_EQ(config.max_concurrent.value, 8);
  EXPECT_EQ(config.delete_max_interval_ns.value, 12 * kHourNs);
  EXPECT_EQ(config.delete_request_cancel_period_ns.value, kHourNs);
  const wire::Limits& limits = config.limits;
  EXPECT_EQ(limits.max_entries_limit_per_query, 1U);
  EXPECT_EQ(limits.max_query_length_ns, 2 * kHourNs);
  EXPECT_EQ(limits.max_query_lookback_ns, 3 * kHourNs);
  EXPECT_EQ(limits.max_query_range_ns, 4 * kHourNs);
  EXPECT_EQ(limits.max_query_series, 5U);
  EXPECT_EQ(limits.query_timeout_ns, 6 * kHourNs);
  EXPECT_EQ(limits.max_query_bytes_read, 7U << 10);
  EXPECT_EQ(limits.max_streams_matchers_per_query, 8U);
  EXPECT_EQ(limits.required_labels, std::vector<std::string>{"app"});
  EXPECT_EQ(limits.minimum_labels_number, 2U);
  EXPECT_EQ(limits.max_concurrent_tail_requests, 9U);
  EXPECT_FALSE(limits.volume_enabled);
  EXPECT_EQ(limits.volume_max_series, 10U);
  EXPECT_EQ(limits.deletion_mode, wire::Limits::DeletionMode::kFilterOnly);
  EXPECT_EQ(limits.creation_grace_period_ns, 660 * kNsPerSecond);
  EXPECT_EQ(limits.max_line_size_truncate_identifier, "...");
  EXPECT_EQ(limits.max_label_names_per_series, 12U);
  EXPECT_EQ(limits.max_label_name_length, 13U);
  EXPECT_EQ(limits.max_label_value_length, 14U);
  EXPECT_EQ(limits.enforced_labels, (std::vector<std::string>{"team", "env"}));
  EXPECT_FALSE(limits.allow_structured_metadata);
  EXPECT_EQ(limits.max_structured_metadata_size, 15U << 10);
  EXPECT_EQ(limits.max_structured_metadata_entries_count, 16U);
  EXPECT_TRUE(limits.increment_duplicate_timestamp);
  EXPECT_FALSE(limits.unordered_writes);
  EXPECT_EQ(limits.max_streams_per_user, 17U);
  EXPECT_EQ(limits.ingestion_rate_mb, 1.5);
  EXPECT_EQ(limits.ingestion_burst_size_mb, 19);
  EXPECT_EQ(limits.per_stream_rate_limit, 20U << 20);
  EXPECT_EQ(limits.per_stream_rate_limit_burst, 21U << 20);
  EXPECT_EQ(limits.block_ingestion_until_ns, ParseRfc3339("2026-01-05T00:00:00Z"));
  EXPECT_EQ(limits.block_ingestion_status_code, 456);
  EXPECT_TRUE(limits.discover_service_name.empty());
  EXPECT_FALSE(limits.discover_log_levels);
  EXPECT_EQ(limits.log_level_fields, std::vector<std::string>{"sev"});
  EXPECT_EQ(limits.log_level_from_json_max_depth, 3U);
  ASSERT_NE(limits.otlp, nullptr);
  using Action = wire::OtlpAction;
  EXPECT_EQ(wire::ActionOf(limits.otlp->resource, "service.name"), Action::kIndexLabel);
  EXPECT_EQ(wire::ActionOf(limits.otlp->resource, "cloud.region"), Action::kStructuredMetadata);
  EXPECT_EQ(wire::ActionOf(limits.otlp->resource, "k8s.x"), Action::kIndexLabel);
  EXPECT_EQ(wire::ActionOf(limits.otlp->resource, "my.k8s.x"), Action::kStructuredMetadata);
  EXPECT_EQ(wire::ActionOf(limits.otlp->log, "secret"), Action::kDrop);
  EXPECT_TRUE(limits.otlp->severity_text_as_label);
}

TEST(LokiConfigTest, TheSmallerNumberOfStreamsHolds) {
  const std::pair<const char*, uint32_t> cases[] = {
      {"max_line_size: 1", 5000},
      {"max_streams_per_user: 10", 10},
      {"max_streams_per_user: 10000", 5000},
      {"max_global_streams_per_user: 0", 0},
      {"max_global_streams_per_user: 7", 7},
      {"{max_global_streams_per_user: 0, max_streams_per_user: 9}", 9},
  };
  for (const auto& [limits, wanted] : cases) {
    std::string text = limits;
    if (text[0] != '{') text = "{" + text + "}";
    EXPECT_EQ(MustParse("limits_config: " + text).limits.max_streams_per_user, wanted) << text;
  }
}

// As the Helm chart writes it for one process: with a memberlist all the same.
constexpr char kChart[] = R"(
common:
  compactor_grpc_address: 'loki.default.svc.cluster.local:9095'
  path_prefix: /var/loki
  replication_factor: 1
  ring: {kvstore: {store: memberlist}}
compactor: {retention_enabled: true, delete_request_store: filesystem, deletion_mode: disabled}
distributor: {ring: {kvstore: {store: inmemory}}, max_recv_msg_size: 1MB}
http_prefix: /old
limits_config: {volume_enabled: true}
memberlist: {join_members: [loki-memberlist]}
querier: {multi_tenant_queries_enabled: true, max_concurrent: 4, engine: {timeout: 3m}}
server:
  grpc_listen_port: 9095
  http_listen_port: 3100
  http_listen_conn_limit: 100
  http_path_prefix: /logs/
  http_server_read_timeout: 600s
  log_format: json
  proxy_protocol_enabled: true
  tls_min_version: VersionTLS13
storage_config:
  use_thanos_objstore: true
  object_store: {filesystem: {dir: /var/loki/chunks}, storage_prefix: x}
)";

TEST(LokiConfigTest, TheChartsForOneProcess) {
  const LokiConfig config = MustParse(kChart);
  EXPECT_EQ(config.dir.value, "/var/loki/chunks");
  EXPECT_EQ(config.http_path_prefix.value, "/logs");
  EXPECT_EQ(config.http_listen_conn_limit.value, 100);
  EXPECT_EQ(config.max_recv_msg_size_bytes.value, 1 << 20);
  EXPECT_EQ(config.limits.query_timeout_ns, 180 * kNsPerSecond);
  EXPECT_EQ(config.limits.deletion_mode, wire::Limits::DeletionMode::kDisabled);
  EXPECT_EQ(
      WarningsOf(config),
      "loki.yml: gRPC is not served: server.grpc_listen_port (line 14)\n"
      "loki.yml: no cluster is joined, one process keeps all: common.ring.kvstore.store (line 6), "
      "memberlist.join_members (line 11)\n"
      "loki.yml: does nothing here, though Loki would limit or change what comes: http_prefix "
      "(line 9), server.tls_min_version (line 21), server.proxy_protocol_enabled (line 20), "
      "querier.multi_tenant_queries_enabled (line 12)\n"
      "loki.yml: not needed here: server.log_format (line 19), common.compactor_grpc_address (line "
      "3), common.ring (line 6), storage_config.object_store.storage_prefix (line 24), "
      "storage_config.use_thanos_objstore (line 23), compactor.delete_request_store (line 7), "
      "distributor.ring (line 8), memberlist (line 11)\n");
}

TEST(LokiConfigTest, AnEmptyFileIsOne) {
  const LokiConfig config = MustParse("");
  EXPECT_TRUE(config.auth_enabled.value);
  EXPECT_EQ(config.dir.line, 0);
  EXPECT_EQ(config.http_listen_port.value, 3100);
}

}  // namespace
}  // namespace glp::cli
