#include "serve.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>

#include "base/time.h"
#include "cli/service.h"
#include "io/stop.h"
#include "store/store.h"
#include "wire/http_server.h"
#include "wire/loki_api.h"

namespace glp {

void DescribeServe(cli::Command& c, ServeOptions* o) {
  c.Example("glp-store serve --dir /var/lib/glp", "a server on this machine, port 3100");
  c.Example("glp-store serve --dir logs --listen 127.0.0.1:0",
            "on any free port, which it tells on standard error");
  c.Value("--dir", "DIR", &o->dir, "the store; made where it is missing");
  c.Completes("dir");
  c.Value("--listen", "[ADDR]:PORT", &o->listen,
          "where to listen; without an address on 127.0.0.1, port 0 is any free one");
  c.DefaultText("127.0.0.1:3100, or what the configuration says");
  c.Flag("--insecure", &o->insecure,
         "listen on other addresses than those of this machine, where everyone who can reach them "
         "may read and write");
  c.Flag("--tenants", &o->tenants,
         "each request says whose logs it is about: X-Scope-OrgID; as auth_enabled");
  c.Value("--token-file", "FILE", &o->credentials.token_file,
          "ask for one of the bearer tokens in FILE; a line each, TOKEN or TOKEN TENANT");
  c.Completes("file");
  c.Value("--user-file", "FILE", &o->credentials.user_file,
          "ask for a name and a password; a line each, NAME:HASH or NAME:HASH:TENANT, as htpasswd "
          "writes it");
  c.Completes("file");
  c.Value("--tls-cert", "FILE", &o->tls.cert_file, "the server's certificate and its chain, PEM");
  c.Completes("file");
  c.Value("--tls-key", "FILE", &o->tls.key_file, "its private key, PEM");
  c.Completes("file");
  c.Value("--tls-client-ca", "FILE", &o->tls.client_ca_file,
          "take only clients with a certificate that one of these signed, PEM");
  c.Completes("file");
  c.Flag(
      "--loki-limits", &o->loki_limits,
      "refuse what Loki refuses by default: entries older than 7 days or 10 minutes ahead, lines "
      "over 256 KiB, more than 15 labels, queries over 721 hours or with more than 500 series; "
      "what "
      "the configuration says goes before");
  DescribeTimeLimits(c, &o->times);
  DescribeRetention(c, &o->retention);
  DescribeDurability(c, &o->durability);
  DescribeConfig(c, &o->config);
  c.Flag("--check", &o->check, "read the configuration, say what is wrong in it, and end");
}

namespace {

// --listen, else what the configuration says: without an address all of them, as Loki, if
// everybody may.
std::string ListenText(const ServeOptions& options, const std::optional<cli::LokiConfig>& config,
                       cli::Context& context) {
  if (!options.listen.empty()) return options.listen;
  if (!config) return "127.0.0.1:3100";
  const std::string port = ":" + std::to_string(config->http_listen_port.value);
  std::string address = config->http_listen_address.value;
  if (address.empty()) {
    if (options.insecure) return "0.0.0.0" + port;
    context.Say(config->path +
                ": listens on 127.0.0.1 only; Loki would on all addresses, and so does --insecure");
    return "127.0.0.1" + port;
  }
  if (address.find(':') != std::string::npos && address[0] != '[') address = "[" + address + "]";
  return address + port;
}

wire::ServerOptions HttpOptions(const wire::ListenAddress& listen, const wire::TlsOptions& tls,
                                const std::optional<cli::LokiConfig>& config) {
  wire::ServerOptions options;
  options.address = listen.address;
  options.port = listen.port;
  options.tls = tls;
  if (!config) return options;
  // 0 is no time-out for Loki; slow clients are bounded all the same.
  const auto set = [](const codec::Given<int64_t>& given, int* ms) {
    if (given.line > 0 && given.value > 0) {
      *ms = static_cast<int>(std::clamp<int64_t>(given.value / 1'000'000, 1, 86'400'000));
    }
  };
  set(config->http_read_timeout_ns, &options.read_timeout_ms);
  set(config->http_write_timeout_ns, &options.write_timeout_ms);
  set(config->http_idle_timeout_ns, &options.idle_timeout_ms);
  if (config->max_concurrent.line > 0 && config->max_concurrent.value > 0) {
    options.query_threads = static_cast<int>(std::min<int64_t>(config->max_concurrent.value, 256));
  }
  return options;
}

// What a reload makes anew.
Result<std::shared_ptr<const wire::ApiSettings>> MakeSettings(
    const ServeOptions& options, const std::optional<cli::LokiConfig>& config,
    const wire::Limits& base, const std::string& dir, cli::Context& context) {
  auto settings = std::make_shared<wire::ApiSettings>();
  settings->limits = config ? config->limits : base;
  if (config) settings->tenant_limits = config->tenant_limits;
  SetTimeLimits(options.times, &settings->limits);
  for (auto& [tenant, limits] : settings->tenant_limits) SetTimeLimits(options.times, &limits);
  settings->retention = RetentionOf(options.retention, config);
  settings->access.tenants = options.tenants || (config && config->auth_enabled.value);
  settings->access.tenant = store::kDefaultTenant;
  if (config) settings->tail_max_duration_ns = config->tail_max_duration_ns.value;
  settings->temporary_folder = dir;
  settings->log = [&context](std::string_view line) { context.Say(std::string(line)); };
  GLP_ASSIGN_OR_RETURN(settings->access.credentials, wire::ReadCredentials(options.credentials));
  return std::shared_ptr<const wire::ApiSettings>(std::move(settings));
}

// Others than this machine may only ask who they say they are, and not in the clear.
Status CheckExposure(const ServeOptions& options, const wire::TlsOptions& tls,
                     const wire::ListenAddress& listen, const std::string& listen_text) {
  if (wire::IsLoopback(listen.address) || options.insecure) return Status::Ok();
  const bool has_tls = !tls.cert_file.empty();
  const bool asks = !options.credentials.token_file.empty() ||
                    !options.credentials.user_file.empty() || !tls.client_ca_file.empty();
  if (has_tls && asks) return Status::Ok();
  const std::string missing =
      has_tls ? "who asks is not known: add --token-file, --user-file or --tls-client-ca"
      : asks  ? "tokens, passwords and logs would travel in the clear: add --tls-cert and --tls-key"
              : "everyone who can reach it could read and write: add --tls-cert and --tls-key, and "
                "--token-file, --user-file or --tls-client-ca";
  return UsageError("listening on " + listen_text + ", " + missing +
                    "; or listen on 127.0.0.1 behind a proxy, or add --insecure where the network "
                    "is trusted");
}

class Serving {
 public:
  Serving(const ServeOptions& options, cli::Context& context)
      : options_(options),
        context_(context),
        base_(options.loki_limits ? wire::LokiLimits() : wire::Limits()) {}

  cli::RunResult Run();

 private:
  std::shared_ptr<const wire::ApiSettings> settings() const {
    std::lock_guard lock(mutex_);
    return settings_;
  }
  Status Configure();
  // Until a stop is asked for.
  void Wait(store::Store* store, const wire::DeleteRequests& deletes, wire::LokiApi* api,
            wire::HttpServer* server);
  void Reload(wire::LokiApi* api, wire::HttpServer* server);

  const ServeOptions& options_;
  cli::Context& context_;
  const wire::Limits base_;
  const cli::Service service_;
  std::optional<cli::LokiConfig> config_;
  std::string dir_;
  mutable std::mutex mutex_;
  std::shared_ptr<const wire::ApiSettings> settings_;
};

Status Serving::Configure() {
  GLP_ASSIGN_OR_RETURN(auto config, ReadConfig(options_.config, wire::LokiLimits(), context_));
  GLP_ASSIGN_OR_RETURN(dir_, ChooseDir(options_.dir, "serve", config));
  GLP_ASSIGN_OR_RETURN(auto settings, MakeSettings(options_, config, base_, dir_, context_));
  config_ = std::move(config);
  std::lock_guard lock(mutex_);
  settings_ = std::move(settings);
  return Status::Ok();
}

void Serving::Reload(wire::LokiApi* api, wire::HttpServer* server) {
  service_.Reloading();
  const auto before = settings();
  Status status = Configure();
  if (status.ok()) status = server->ReloadTls();
  if (status.ok()) {
    api->Reload(settings());
    context_.Say("read its configuration again");
  } else {
    {
      std::lock_guard lock(mutex_);
      settings_ = before;
    }
    context_.Say("goes on as it was: " + status.message());
  }
  service_.Tell("READY=1");
}

void Serving::Wait(store::Store* store, const wire::DeleteRequests& deletes, wire::LokiApi* api,
                   wire::HttpServer* server) {
  constexpr int kLookMs = 10'000;
  const int reload_fd = io::CatchReload();
  const int wait_ms =
      service_.watchdog_ms() < 0 ? kLookMs : std::min(service_.watchdog_ms(), kLookMs);
  uint64_t errors = 0;
  std::string delete_error;
  for (;;) {
    if (io::WaitReadable(reload_fd, wait_ms) == io::WaitState::kStopped) return;
    service_.Alive();
    if (io::TakeReload()) Reload(api, server);
    const store::Figures figures = store->figures();
    if (figures.background_errors > errors) {
      context_.Say("tries again later: " + figures.last_background_error);
    }
    errors = figures.background_errors;
    if (std::string error = deletes.last_error(); error != delete_error) {
      context_.Say("a delete is tried again later: " + error);
      delete_error = std::move(error);
    }
  }
}

cli::RunResult Serving::Run() {
  GLP_RETURN_IF_ERROR(Configure());
  if (options_.check && !config_) return UsageError("--check is of a configuration: -c FILE");
  const std::string listen_text = ListenText(options_, config_, context_);
  GLP_ASSIGN_OR_RETURN(const wire::ListenAddress listen, wire::ParseListenAddress(listen_text));
  // --tls-cert and its like, else what the configuration says.
  wire::TlsOptions tls = options_.tls;
  if (tls.cert_file.empty() && config_) tls = config_->tls;
  GLP_RETURN_IF_ERROR(CheckExposure(options_, tls, listen, listen_text));
  if (options_.check) {
    context_.Say("the configuration is valid: a store in " + dir_ + ", on " + listen_text);
    return cli::kExitOk;
  }
  // Before the store is opened: a SIGHUP that comes early is not the end.
  io::CatchReload();
  store::Options store_options;
  store_options.merge = true;
  SetDurability(options_.durability, config_, &store_options);
  store_options.retention = [this] {
    auto now = settings();
    return std::shared_ptr<const store::RetentionPolicy>(now, &now->retention);
  };
  if (config_) store_options.retention_interval_ns = config_->compaction_interval_ns.value;
  GLP_ASSIGN_OR_RETURN(std::unique_ptr<store::Store> store,
                       store::Store::Open(dir_, store_options));
  for (const std::string& warning : store->warnings()) {
    context_.Incomplete("damaged parts of the store", warning);
  }

  GLP_ASSIGN_OR_RETURN(
      auto deletes,
      wire::DeleteRequests::Open(store.get(), dir_ + "/deletes.ndjson",
                                 config_ ? config_->delete_request_cancel_period_ns.value
                                         : cli::LokiConfig().delete_request_cancel_period_ns.value,
                                 NowNs));
  wire::LokiApi api(store.get(), settings(), deletes.get());
  wire::Router router;
  api.AddRoutes(&router);
  wire::HttpServer server(HttpOptions(listen, tls, config_), std::move(router));
  GLP_RETURN_IF_ERROR(server.Start());
  context_.Say(std::string("listening on ") + (tls.cert_file.empty() ? "http" : "https") + "://" +
               server.address());
  service_.Tell("READY=1");
  Wait(store.get(), *deletes, &api, &server);
  service_.Tell("STOPPING=1");
  server.Stop();
  deletes.reset();
  GLP_RETURN_IF_ERROR(store->Close());
  return cli::kExitOk;
}

}  // namespace

cli::RunResult RunServe(const ServeOptions& options, cli::Context& context) {
  if (options.tls.cert_file.empty() != options.tls.key_file.empty()) {
    return UsageError("--tls-cert and --tls-key go together");
  }
  if (options.tls.cert_file.empty() && !options.tls.client_ca_file.empty()) {
    return UsageError("--tls-client-ca asks for certificates in TLS: add --tls-cert and --tls-key");
  }
  return Serving(options, context).Run();
}

}  // namespace glp
