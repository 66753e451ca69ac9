// Loki's configuration file (2.3 to 3.7), read for a store of one machine: what has a meaning here,
// and what has none named once. A key that no Loki knows is an error with file:line:column; so is
// what asks for something else than one process that keeps logs in local files (another object
// store, a cluster).
//
//   GLP_ASSIGN_OR_RETURN(LokiConfig config, LoadLokiConfig(options.config, true));
//   for (const std::string& warning : config.warnings) context.Say(warning);
//
// Limits: `base` where the file says nothing: Loki's own for a server that is to be that Loki
//         (wire::LokiLimits), none for what only looks up what is named.
// Lifetime: a value. Threads: const from any. Units: times in nanoseconds (_ns), sizes in bytes.
// Errors:   Code::kIo for a file that cannot be read, else Code::kUsage.
// Source:   Loki's configuration reference.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "codec/yaml.h"
#include "store/retention.h"
#include "wire/http_server.h"
#include "wire/limits.h"

namespace glp::cli {

using codec::Given;

struct LokiConfig {
  // An error at a place of the file.
  Status Error(const codec::YamlPlace& place, std::string_view why) const;

  std::string path;  // the file that was read
  std::string text;  // as it was read
  // What is there and does nothing, few lines: each "FILE:LINE: …" or "FILE: …" with the lines in
  // it.
  std::vector<std::string> warnings;

  Given<bool> auth_enabled{true};
  // Where the chunks were: storage_config.filesystem.directory, else common.storage, else
  // common.path_prefix.
  Given<std::string> dir;
  Given<std::string> http_listen_address;  // "" is all, as for Loki
  Given<int64_t> http_listen_port{3100};
  Given<std::string> http_path_prefix;     // "" or "/a/b": in front of all paths
  Given<int64_t> http_listen_conn_limit;   // 0: none was asked for
  Given<int64_t> max_recv_msg_size_bytes;  // of a push, as sent; 0: none was asked for
  wire::TlsOptions tls;                    // server.http_tls_config
  Given<std::string> log_level{"info"};    // debug, info, warn, error
  // Of the server; 0: none.
  Given<int64_t> http_read_timeout_ns{30 * kNsPerSecond};
  Given<int64_t> http_write_timeout_ns{30 * kNsPerSecond};
  Given<int64_t> http_idle_timeout_ns{120 * kNsPerSecond};
  Given<int64_t> graceful_shutdown_timeout_ns{30 * kNsPerSecond};
  Given<int64_t> chunk_idle_period_ns{1800 * kNsPerSecond};
  Given<int64_t> max_chunk_age_ns{7200 * kNsPerSecond};
  Given<bool> wal_enabled{true};
  Given<int64_t> compaction_interval_ns{600 * kNsPerSecond};
  // Of requests that delete with a line filter: the longest time that one may be about, and how
  // long it may be called back.
  Given<int64_t> delete_max_interval_ns{24 * 3600 * kNsPerSecond};
  Given<int64_t> delete_request_cancel_period_ns{24 * 3600 * kNsPerSecond};
  Given<int64_t> tail_max_duration_ns{3600 * kNsPerSecond};
  Given<int64_t> max_concurrent{4};  // queries at a time

  wire::Limits limits;  // of tenants that have none of their own
  std::map<std::string, wire::Limits, std::less<>> tenant_limits;
  store::RetentionPolicy retention;
  // With the limits of tenants; looked at again so often.
  std::vector<std::string> runtime_files;
  Given<int64_t> runtime_period_ns{10 * kNsPerSecond};
  uint64_t runtime_hash = 0;  // HashRuntimeFiles of what was read of them
};

// `base`: what holds where the file says nothing. `paths` and `expand_env`: as LoadPromtailConfig.
Result<LokiConfig> LoadLokiConfig(const std::string& paths, bool expand_env,
                                  const wire::Limits& base);
// The same for a text that was read already; `path` names it in errors. The file of runtime_config
// is read.
Result<LokiConfig> ParseLokiConfig(std::string_view text, const std::string& path, bool expand_env,
                                   const wire::Limits& base);

// Of what is in the files, or why they cannot be read: another number where ParseLokiConfig would
// read something else.
uint64_t HashRuntimeFiles(const std::vector<std::string>& files);

}  // namespace glp::cli
