#include "serve.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "io/file.h"
#include "io/stop.h"
#include "store/store.h"
#include "wire/http_server.h"
#include "wire/loki_api.h"

namespace glp {
namespace {

// Tells the service manager, where there is one: a datagram to $NOTIFY_SOCKET, as sd_notify(3).
void Notify(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path == nullptr || std::strlen(path) >= sizeof address.sun_path) return;
  const size_t length = std::strlen(path);
  if (length < 2 || (path[0] != '/' && path[0] != '@')) return;
  std::memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = '\0';  // an abstract socket
  const io::Fd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return;
  sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL,
         reinterpret_cast<const sockaddr*>(&address),
         static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length));
}

}  // namespace

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

Status CheckTenants(const std::optional<cli::LokiConfig>& config) {
  if (!config || !config->auth_enabled.value) return Status::Ok();
  if (config->auth_enabled.line == 0) {
    return UsageError(config->path +
                      ": auth_enabled: false is missing: Loki would ask for tenants, and this "
                      "server has one");
  }
  return config->Error(config->auth_enabled, "auth_enabled: 'true': this server has one tenant");
}

}  // namespace

cli::RunResult RunServe(const ServeOptions& options, cli::Context& context) {
  const wire::Limits base = options.loki_limits ? wire::LokiLimits() : wire::Limits();
  GLP_ASSIGN_OR_RETURN(const auto config, ReadConfig(options.config, base, context));
  if (options.check && !config) return UsageError("--check is of a configuration: -c FILE");
  GLP_RETURN_IF_ERROR(CheckTenants(config));
  GLP_ASSIGN_OR_RETURN(const std::string dir, ChooseDir(options.dir, "serve", config));
  const std::string listen_text = ListenText(options, config, context);
  GLP_ASSIGN_OR_RETURN(const wire::ListenAddress listen, wire::ParseListenAddress(listen_text));
  if (!wire::IsLoopback(listen.address) && !options.insecure) {
    return UsageError("listening on " + listen_text +
                      " would let everyone who can reach it read and write: there is no "
                      "authentication; listen on 127.0.0.1 behind a proxy that asks for it, or add "
                      "--insecure where the network is trusted");
  }
  if (options.check) {
    context.Say("the configuration is valid: a store in " + dir + ", on " + listen_text);
    return cli::kExitOk;
  }
  const store::RetentionPolicy retention = RetentionOf(options.retention, config);
  store::Options store_options;
  store_options.merge = true;
  SetDurability(options.durability, config, &store_options);
  store_options.retention = std::make_shared<store::RetentionPolicy>(retention);
  if (config) store_options.retention_interval_ns = config->compaction_interval_ns.value;
  GLP_ASSIGN_OR_RETURN(std::unique_ptr<store::Store> store, store::Store::Open(dir, store_options));
  for (const std::string& warning : store->warnings()) {
    context.Incomplete("damaged parts of the store", warning);
  }

  auto settings = std::make_shared<wire::ApiSettings>();
  settings->limits = config ? config->limits : base;
  if (config) settings->tenant_limits = config->tenant_limits;
  SetTimeLimits(options.times, &settings->limits);
  for (auto& [tenant, limits] : settings->tenant_limits) SetTimeLimits(options.times, &limits);
  settings->retention = retention;
  wire::LokiApi api(store.get(), std::move(settings));
  wire::Router router;
  api.AddRoutes(&router);
  wire::ServerOptions server_options;
  server_options.address = listen.address;
  server_options.port = listen.port;
  wire::HttpServer server(server_options, std::move(router));
  GLP_RETURN_IF_ERROR(server.Start());
  context.Say("listening on http://" + server.address());
  Notify("READY=1");

  while (!io::StopRequested()) io::WaitReadable(-1, -1);

  Notify("STOPPING=1");
  server.Stop();
  GLP_RETURN_IF_ERROR(store->Close());
  return cli::kExitOk;
}

}  // namespace glp
