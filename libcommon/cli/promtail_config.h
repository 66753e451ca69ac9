// promtail's configuration file, read whole and strictly, once for all tools. Every tool gets all
// of it and takes its part: glp-tail the scrape configs, glp-parse their pipeline stages, glp-push
// the clients. Every key is known or an error with file:line:column; what a tool cannot do it
// refuses by the place that every value carries (config.Error(client.proxy_url, "…")).
//
//   GLP_ASSIGN_OR_RETURN(PromtailConfig config, LoadPromtailConfig(options.config, false));
//   for (const PromtailClient& client : config.clients) … client.url.value …
//
// Lifetime: a value (moves only). Threads: const from any.
// Errors:   Code::kIo for a file that cannot be read, else Code::kUsage.
// Units:    times in nanoseconds (_ns), sizes in bytes.
// Source:   promtail 3.6's configuration; defaults are promtail's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "codec/yaml.h"
#include "record/labels.h"
#include "stages/relabel.h"

namespace glp::cli {

using codec::Given;

struct PromtailTls {
  Given<std::string> ca_file, cert_file, key_file, server_name;
  Given<bool> insecure_skip_verify;
};

struct PromtailBasicAuth {
  Given<std::string> username, password, password_file;
};

struct PromtailAuthorization {
  Given<std::string> type{"Bearer"}, credentials, credentials_file;
};

struct PromtailBackoff {
  Given<int64_t> min_period_ns{500 * kNsPerMs}, max_period_ns{300 * kNsPerSecond};
  Given<int64_t> max_retries{10};
};

// One of `clients:`; the deprecated `client:` is one more, and its external_labels are those of
// all.
struct PromtailClient : codec::YamlPlace {
  Given<std::string> name, url;  // the url is always given
  Given<std::map<std::string, std::string>> headers, external_labels;
  Given<std::string> tenant_id;
  Given<int64_t> batchwait_ns{kNsPerSecond}, batchsize{1 << 20}, timeout_ns{10 * kNsPerSecond};
  PromtailBackoff backoff_config;
  Given<bool> drop_rate_limited_batches;
  // Of each the line is 0 where it is not there. Together they name one way to log in at most.
  Given<PromtailBasicAuth> basic_auth;
  Given<PromtailAuthorization> authorization;
  Given<std::string> bearer_token, bearer_token_file;
  Given<std::string> oauth2;  // its place only
  Given<std::string> proxy_url;
  Given<bool> follow_redirects{true};
  PromtailTls tls_config;
  // What promtail's HTTP client can do besides, as "tls_config.min_version", each with its place:
  // to be refused where it is not done.
  std::vector<Given<std::string>> others;
};

struct PromtailStaticConfig : codec::YamlPlace {
  std::vector<std::string> targets;  // "localhost" if none are given
  Labels labels;                     // with __path__ and the like; canonical
};

struct PromtailFileSdConfig : codec::YamlPlace {
  std::vector<std::string> files;  // globs of .json, .yml and .yaml files
  Given<int64_t> refresh_interval_ns{300 * kNsPerSecond};
};

struct PromtailDecompression {
  Given<bool> enabled;
  Given<int64_t> initial_delay_ns;
  Given<std::string> format;  // gz, z or bz2; always given where it is enabled
};

struct PromtailScrapeConfig : codec::YamlPlace {
  Given<std::string> job_name;  // always given, unique
  codec::YamlNode pipeline_stages;
  Given<std::string> encoding;
  PromtailDecompression decompression;
  stages::Relabeler relabel;
  std::vector<PromtailStaticConfig> static_configs;
  std::vector<PromtailFileSdConfig> file_sd_configs;
  // Any other source: the name of its key and where it stands. Its content is not looked at.
  Given<std::string> other_source;
};

struct PromtailLimits {
  Given<bool> readline_rate_enabled, readline_rate_drop{true};
  Given<double> readline_rate{10000};    // lines a second
  Given<int64_t> readline_burst{10000};  // lines
  Given<int64_t> max_streams, max_line_size;
  Given<bool> max_line_size_truncate;
};

struct PromtailConfig {
  // An error at a place of the file.
  Status Error(const codec::YamlPlace& place, std::string_view why) const;
  // What is there but has no meaning in a pipe, each as "file:line:column: key: why".
  std::vector<std::string> without_meaning;

  std::string path;  // the file that was read
  std::vector<PromtailClient> clients;
  std::vector<PromtailScrapeConfig> scrape_configs;
  Given<std::string> positions_filename{"/var/log/positions.yaml"};
  Given<bool> positions_ignore_invalid_yaml;
  PromtailLimits limits_config;
  Given<int64_t> target_sync_period_ns{10 * kNsPerSecond};
  Given<int64_t> min_poll_frequency_ns{250 * kNsPerMs}, max_poll_frequency_ns{250 * kNsPerMs};
};

// `paths`: a file, or several with commas between of which the first that exists is read.
// `expand_env`: ${NAME} and ${NAME:-default} are filled in first, `\\` becomes `\` and `$$` becomes
// `$`, as promtail does with -config.expand-env.
Result<PromtailConfig> LoadPromtailConfig(const std::string& paths, bool expand_env);
// The same for a text that was read already; `path` names it in errors.
Result<PromtailConfig> ParsePromtailConfig(std::string_view text, const std::string& path,
                                           bool expand_env);
// A group of targets, as static_configs and the files of file_sd_configs have it.
void ReadPromtailStaticConfig(codec::YamlMap& map, PromtailStaticConfig* config);

}  // namespace glp::cli
