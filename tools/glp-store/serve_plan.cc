#include "serve_plan.h"

#include <algorithm>

#include "base/json_text.h"
#include "base/strings.h"
#include "base/time.h"
#include "base/units.h"
#include "wire/access.h"

namespace glp {
namespace {

// Anybody who may push for any tenant can make one, by a header.
constexpr size_t kMaxTenants = 1000;

// --listen, else what the configuration says: without an address all of them, as Loki, if
// everybody may.
std::string ListenText(const ServeOptions& options, const std::optional<cli::LokiConfig>& config,
                       std::vector<std::string>* notes) {
  if (!options.listen.empty()) return options.listen;
  if (!config) return "127.0.0.1:3100";
  const std::string port = ":" + std::to_string(config->http_listen_port.value);
  std::string address = config->http_listen_address.value;
  if (address.empty()) {
    if (options.insecure) return "0.0.0.0" + port;
    notes->push_back(config->path +
                     ": listens on 127.0.0.1 only; Loki would on all addresses, and so does "
                     "--insecure");
    return "127.0.0.1" + port;
  }
  if (address.find(':') != std::string::npos && address[0] != '[') address = "[" + address + "]";
  return address + port;
}

// Others than this machine may only ask who they say they are, and not in the clear.
Status CheckExposure(const ServeOptions& options, const ServePlan& plan) {
  if (wire::IsLoopback(plan.http.address) || options.insecure) return Status::Ok();
  const bool has_tls = !plan.http.tls.cert_file.empty();
  const bool asks = !options.credentials.token_file.empty() ||
                    !options.credentials.user_file.empty() || !plan.http.tls.client_ca_file.empty();
  if (has_tls && asks) return Status::Ok();
  const std::string missing =
      has_tls ? "who asks is not known: add --token-file, --user-file or --tls-client-ca"
      : asks  ? "tokens, passwords and logs would travel in the clear: add --tls-cert and --tls-key"
              : "everyone who can reach it could read and write: add --tls-cert and --tls-key, and "
                "--token-file, --user-file or --tls-client-ca";
  return UsageError("listening on " + plan.listen_text + ", " + missing +
                    "; or listen on 127.0.0.1 behind a proxy, or add --insecure where the network "
                    "is trusted");
}

void SetHttp(const cli::LokiConfig& config, wire::ServerOptions* http) {
  // 0 is no time-out for Loki; slow clients are bounded all the same.
  const auto set = [](const codec::Given<int64_t>& given, int* ms) {
    if (given.line > 0 && given.value > 0) {
      *ms = static_cast<int>(std::clamp<int64_t>(given.value / 1'000'000, 1, 86'400'000));
    }
  };
  set(config.http_read_timeout_ns, &http->read_timeout_ms);
  set(config.http_write_timeout_ns, &http->write_timeout_ms);
  set(config.http_idle_timeout_ns, &http->idle_timeout_ms);
  if (config.max_concurrent.line > 0) {
    http->query_threads = static_cast<int>(std::min<int64_t>(config.max_concurrent.value, 256));
  }
  if (const int64_t limit = config.http_listen_conn_limit.value; limit > 0) {
    http->max_connections = static_cast<size_t>(std::clamp<int64_t>(limit, 4, 1 << 20));
  }
  if (const int64_t limit = config.max_recv_msg_size_bytes.value; limit > 0) {
    http->max_body_bytes = std::min(static_cast<size_t>(limit), http->max_held_bytes);
  }
}

std::string Text(std::string_view text) {
  std::string out;
  AppendJsonString(&out, text);
  return out;
}
std::string Ms(int ms) { return FormatDuration(int64_t{ms} * 1'000'000); }

ShownValues FixedOf(const ServePlan& plan, const std::string& path_prefix) {
  const wire::ServerOptions& http = plan.http;
  const store::Options& store = plan.store;
  constexpr const char* kSyncs[] = {"always", "interval", "off"};
  return {
      {"compactor.compaction_interval", FormatDuration(store.retention_interval_ns)},
      {"distributor.max_recv_msg_size", std::to_string(http.max_body_bytes)},
      {"glp.sync", kSyncs[static_cast<size_t>(store.sync)]},
      {"ingester.chunk_idle_period", FormatDuration(store.max_idle_ns)},
      {"ingester.max_chunk_age", FormatDuration(store.max_age_ns)},
      {"querier.max_concurrent", std::to_string(http.query_threads)},
      {"server.http_listen_address", Text(http.address)},
      {"server.http_listen_conn_limit", std::to_string(http.max_connections)},
      {"server.http_listen_port", std::to_string(http.port)},
      {"server.http_path_prefix", Text(path_prefix)},
      {"server.http_server_idle_timeout", Ms(http.idle_timeout_ms)},
      {"server.http_server_read_timeout", Ms(http.read_timeout_ms)},
      {"server.http_server_write_timeout", Ms(http.write_timeout_ms)},
      {"server.http_tls_config.cert_file", Text(http.tls.cert_file)},
      {"server.http_tls_config.client_ca_file", Text(http.tls.client_ca_file)},
      {"server.http_tls_config.key_file", Text(http.tls.key_file)},
      {"storage_config.filesystem.directory", Text(plan.dir)},
  };
}

// Secrets are in the files that are named, not here.
ShownValues LiveOf(const ServeOptions& options, const cli::LokiConfig& config,
                   const ServePlan& plan) {
  const wire::ApiSettings& settings = *plan.settings;
  return {
      {"compactor.delete_max_interval", FormatDuration(settings.delete_max_interval_ns)},
      {"compactor.delete_request_cancel_period", FormatDuration(settings.delete_cancel_period_ns)},
      {"compactor.retention_enabled", settings.retention.empty() ? "false" : "true"},
      {"glp.max_bytes", std::to_string(settings.retention.max_bytes)},
      {"glp.token_file", Text(options.credentials.token_file)},
      {"glp.user_file", Text(options.credentials.user_file)},
      {"querier.tail_max_duration", FormatDuration(settings.tail_max_duration_ns)},
      {"runtime_config.file", Text(Join(config.runtime_files, ","))},
      {"runtime_config.period", FormatDuration(config.runtime_period_ns.value)},
      {"server.graceful_shutdown_timeout", Ms(plan.grace_ms)},
      {"server.log_level", config.log_level.value},
  };
}

wire::LogLevel LevelOf(std::string_view name) {
  return name == "debug"   ? wire::LogLevel::kDebug
         : name == "warn"  ? wire::LogLevel::kWarn
         : name == "error" ? wire::LogLevel::kError
                           : wire::LogLevel::kInfo;
}

Status SetSettings(const ServeOptions& options, const std::optional<cli::LokiConfig>& config,
                   wire::ApiSettings* settings) {
  settings->limits = config ? config->limits : BaseLimits(options);
  SetTimeLimits(options.times, &settings->limits);
  settings->retention = RetentionOf(options.retention, config);
  settings->access.tenants = options.tenants || (config && config->auth_enabled.value);
  settings->access.tenant = store::kDefaultTenant;
  GLP_ASSIGN_OR_RETURN(settings->access.credentials, wire::ReadCredentials(options.credentials));
  if (!config) return Status::Ok();
  settings->tenant_limits = config->tenant_limits;
  for (auto& [tenant, limits] : settings->tenant_limits) SetTimeLimits(options.times, &limits);
  settings->tail_max_duration_ns = config->tail_max_duration_ns.value;
  settings->delete_max_interval_ns = config->delete_max_interval_ns.value;
  settings->delete_cancel_period_ns = config->delete_request_cancel_period_ns.value;
  settings->log_level = LevelOf(config->log_level.value);
  settings->path_prefix = config->http_path_prefix.value;
  return Status::Ok();
}

}  // namespace

wire::Limits BaseLimits(const ServeOptions& options) {
  if (options.loki_limits) return wire::LokiLimits();
  wire::Limits limits;
  limits.refuse_no_labels = true;  // no selector of Loki's API finds them
  return limits;
}

Result<ServePlan> MakePlan(const ServeOptions& options,
                           const std::optional<cli::LokiConfig>& config, cli::Context& context) {
  ServePlan plan;
  GLP_ASSIGN_OR_RETURN(plan.dir, ChooseDir(options.dir, "serve", config));
  plan.listen_text = ListenText(options, config, &plan.notes);
  GLP_ASSIGN_OR_RETURN(const wire::ListenAddress listen,
                       wire::ParseListenAddress(plan.listen_text));
  plan.http.address = listen.address;
  plan.http.port = listen.port;
  plan.http.tls = options.tls;
  if (config) {
    if (plan.http.tls.cert_file.empty()) plan.http.tls = config->tls;
    SetHttp(*config, &plan.http);
  }
  GLP_RETURN_IF_ERROR(CheckExposure(options, plan));
  plan.store.merge = true;
  plan.store.max_tenants = kMaxTenants;
  SetDurability(options.durability, config, &plan.store);
  const cli::LokiConfig none;
  const cli::LokiConfig& given = config ? *config : none;
  if (config) {
    plan.store.retention_interval_ns = config->compaction_interval_ns.value;
    plan.grace_ms = static_cast<int>(
        std::clamp<int64_t>(config->graceful_shutdown_timeout_ns.value / 1'000'000, 1, 86'400'000));
  }
  plan.settings = std::make_shared<wire::ApiSettings>();
  GLP_RETURN_IF_ERROR(SetSettings(options, config, plan.settings.get()));
  plan.settings->temporary_folder = plan.dir;
  plan.settings->log = [&context](std::string_view line) { context.Say(std::string(line)); };
  plan.fixed = FixedOf(plan, plan.settings->path_prefix);
  plan.live = LiveOf(options, given, plan);
  return plan;
}

std::vector<std::string> NeedRestart(const ServePlan& start, const ServePlan& now) {
  std::vector<std::string> lines;
  for (size_t i = 0; i < start.fixed.size(); ++i) {  // the same names in the same order
    const auto& [name, value] = start.fixed[i];
    if (now.fixed[i].second == value) continue;
    lines.push_back(name + ": stays " + value + ", " + now.fixed[i].second + " needs a restart");
  }
  return lines;
}

std::shared_ptr<const wire::ApiSettings> SettingsOf(const ServePlan& start, const ServePlan& now) {
  ShownValues shown = start.fixed;
  shown.insert(shown.end(), now.live.begin(), now.live.end());
  std::sort(shown.begin(), shown.end());  // those of a block come together
  now.settings->shown = std::move(shown);
  now.settings->temporary_folder = start.dir;
  return now.settings;
}

}  // namespace glp
