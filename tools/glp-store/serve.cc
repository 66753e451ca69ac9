#include "serve.h"

#include <malloc.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include "base/time.h"
#include "base/units.h"
#include "cli/service.h"
#include "io/stop.h"
#include "serve_plan.h"
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
      "what the configuration says goes before");
  DescribeTimeLimits(c, &o->times);
  DescribeRetention(c, &o->retention);
  DescribeDurability(c, &o->durability);
  DescribeConfig(c, &o->config);
  c.Flag("--check", &o->check, "read the configuration, say what is wrong in it, and end");
}

namespace {

wire::DeleteRequests::Terms DeleteTerms(std::shared_ptr<const wire::ApiSettings> settings) {
  const int64_t period_ns = settings->delete_cancel_period_ns;
  return {period_ns, [settings = std::move(settings)](std::string_view tenant) {
            return settings->LimitsOf(tenant).deletion_mode ==
                   wire::Limits::DeletionMode::kFilterAndDelete;
          }};
}

class Serving {
 public:
  Serving(const ServeOptions& options, cli::Context& context)
      : options_(options), context_(context) {}

  cli::RunResult Run();

 private:
  // What runs, for a reload to change.
  struct Parts {
    store::Store* store;
    wire::DeleteRequests* deletes;
    wire::LokiApi* api;
    wire::HttpServer* server;
  };

  std::shared_ptr<const wire::ApiSettings> settings() const {
    std::lock_guard lock(mutex_);
    return settings_;
  }
  // Each line once, however often the configuration is read.
  void SayOnce(const std::vector<std::string>& lines);
  Status Start();
  // Until a stop is asked for.
  void Wait(const Parts& parts);
  void LookForTrouble(const Parts& parts);
  // malloc keeps what requests needed, for each thread; a server is idle most of the time.
  void GiveMemoryBack(const Parts& parts);
  // Reads the files again, for SIGHUP.
  void Reload(const Parts& parts);
  // The files of runtime_config have changed; the rest stays as it was read.
  void ReloadRuntime(const Parts& parts);
  Status Apply(std::optional<cli::LokiConfig> config, const Parts& parts, bool with_tls);
  void CountReload(const Status& status, const std::string& done, const Parts& parts);

  const ServeOptions& options_;
  cli::Context& context_;
  const cli::Service service_;
  std::optional<cli::LokiConfig> config_;
  uint64_t runtime_hash_ = 0;  // of what was looked at last
  ServePlan start_;
  int grace_ms_ = 0;
  std::set<std::string> said_;
  uint64_t background_errors_ = 0;
  uint64_t trimmed_requests_ = 0;  // that were there at the last GiveMemoryBack
  std::string delete_error_;
  mutable std::mutex mutex_;
  std::shared_ptr<const wire::ApiSettings> settings_;
};

void Serving::SayOnce(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    if (said_.insert(line).second) context_.Say(line);
  }
}

Status Serving::Start() {
  GLP_ASSIGN_OR_RETURN(config_, LoadConfig(options_.config, wire::LokiLimits()));
  if (config_) {
    SayOnce(config_->warnings);
    runtime_hash_ = config_->runtime_hash;
  }
  if (options_.check && !config_) return UsageError("--check is of a configuration: -c FILE");
  GLP_ASSIGN_OR_RETURN(start_, MakePlan(options_, config_, context_));
  SayOnce(start_.notes);
  grace_ms_ = start_.grace_ms;
  settings_ = SettingsOf(start_, start_);
  return Status::Ok();
}

Status Serving::Apply(std::optional<cli::LokiConfig> config, const Parts& parts, bool with_tls) {
  GLP_ASSIGN_OR_RETURN(const ServePlan plan, MakePlan(options_, config, context_));
  if (with_tls) GLP_RETURN_IF_ERROR(parts.server->ReloadTls());
  if (config) SayOnce(config->warnings);
  SayOnce(plan.notes);
  if (with_tls) {
    for (const std::string& line : NeedRestart(start_, plan)) context_.Say(line);
  }
  config_ = std::move(config);
  grace_ms_ = plan.grace_ms;
  auto settings = SettingsOf(start_, plan);
  {
    std::lock_guard lock(mutex_);
    settings_ = settings;
  }
  parts.deletes->Change(DeleteTerms(settings));
  parts.api->Reload(std::move(settings));
  return Status::Ok();
}

void Serving::CountReload(const Status& status, const std::string& done, const Parts& parts) {
  if (!status.ok()) parts.api->CountFailedReload();
  context_.Say(status.ok() ? done : "goes on as it was: " + status.message());
}

void Serving::Reload(const Parts& parts) {
  service_.Reloading();
  auto config = LoadConfig(options_.config, wire::LokiLimits());
  const Status status = config.ok() ? Apply(*std::move(config), parts, true) : config.status();
  CountReload(status, "read its configuration again", parts);
  // What is wrong was said, it need not be looked at until it changes.
  if (config_) runtime_hash_ = cli::HashRuntimeFiles(config_->runtime_files);
  service_.Tell("READY=1");
}

void Serving::ReloadRuntime(const Parts& parts) {
  const uint64_t hash = cli::HashRuntimeFiles(config_->runtime_files);
  if (hash == runtime_hash_) return;
  runtime_hash_ = hash;
  auto config = cli::ParseLokiConfig(config_->text, config_->path, options_.config.expand_env,
                                     wire::LokiLimits());
  const Status status = config.ok() ? Apply(*std::move(config), parts, false) : config.status();
  CountReload(status, "read the limits of tenants again", parts);
}

void Serving::LookForTrouble(const Parts& parts) {
  const store::Figures figures = parts.store->figures();
  if (figures.background_errors > background_errors_) {
    context_.Say("tries again later: " + figures.last_background_error);
  }
  background_errors_ = figures.background_errors;
  if (std::string error = parts.deletes->last_error(); error != delete_error_) {
    context_.Say("a delete is tried again later: " + error);
    delete_error_ = std::move(error);
  }
}

void Serving::GiveMemoryBack(const Parts& parts) {
  const uint64_t requests = parts.server->stats().requests;
  if (requests == trimmed_requests_) return;
  trimmed_requests_ = requests;
  malloc_trim(0);
}

void Serving::Wait(const Parts& parts) {
  constexpr int64_t kLookMs = 10'000;
  constexpr int64_t kMinPeriodMs = 10;
  const int reload_fd = io::CatchReload();
  const auto now_ms = [] { return SteadyNs() / 1'000'000; };
  int64_t runtime_ms = now_ms(), look_ms = now_ms();
  for (;;) {
    int64_t wait_ms = kLookMs;
    if (service_.watchdog_ms() >= 0) wait_ms = std::min<int64_t>(wait_ms, service_.watchdog_ms());
    const bool has_runtime = config_ && !config_->runtime_files.empty();
    int64_t period_ms = 0;
    if (has_runtime) {
      period_ms = std::max(config_->runtime_period_ns.value / 1'000'000, kMinPeriodMs);
      wait_ms = std::clamp<int64_t>(runtime_ms + period_ms - now_ms(), 0, wait_ms);
    }
    if (io::WaitReadable(reload_fd, static_cast<int>(wait_ms)) == io::WaitState::kStopped) return;
    service_.Alive();
    if (io::TakeReload()) Reload(parts);
    if (has_runtime && now_ms() >= runtime_ms + period_ms) {
      ReloadRuntime(parts);
      runtime_ms = now_ms();
    }
    LookForTrouble(parts);
    if (now_ms() >= look_ms + kLookMs) {
      GiveMemoryBack(parts);
      look_ms = now_ms();
    }
  }
}

cli::RunResult Serving::Run() {
  GLP_RETURN_IF_ERROR(Start());
  if (options_.check) {
    context_.Say("the configuration is valid: a store in " + start_.dir + ", on " +
                 start_.listen_text);
    return cli::kExitOk;
  }
  // Before the store is opened: a SIGHUP that comes early is not the end.
  io::CatchReload();
  store::Options store_options = start_.store;
  store_options.retention = [this] {
    auto now = settings();
    return std::shared_ptr<const store::RetentionPolicy>(now, &now->retention);
  };
  GLP_ASSIGN_OR_RETURN(std::unique_ptr<store::Store> store,
                       store::Store::Open(start_.dir, store_options));
  for (const std::string& warning : store->warnings()) {
    context_.Incomplete("damaged parts of the store", warning);
  }

  GLP_ASSIGN_OR_RETURN(auto deletes,
                       wire::DeleteRequests::Open(store.get(), start_.dir + "/deletes.ndjson",
                                                  DeleteTerms(settings()), NowNs));
  auto api = std::make_unique<wire::LokiApi>(store.get(), settings(), deletes.get());
  wire::Router router;
  api->AddRoutes(&router);
  wire::HttpServer server(start_.http, std::move(router));
  GLP_RETURN_IF_ERROR(server.Start());
  context_.Say(std::string("listening on ") +
               (start_.http.tls.cert_file.empty() ? "http" : "https") + "://" + server.address() +
               settings()->path_prefix);
  service_.Tell("READY=1");
  Wait({store.get(), deletes.get(), api.get(), &server});
  service_.Tell("STOPPING=1");
  if (const size_t late = server.Stop(grace_ms_); late > 0) {
    context_.Say("cut off " + std::to_string(late) + (late == 1 ? " request" : " requests") +
                 " that had not ended after " + FormatDuration(int64_t{grace_ms_} * 1'000'000));
  }
  api.reset();  // its tails ask what is hidden until they end
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
