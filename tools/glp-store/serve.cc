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
  c.Flag("--insecure", &o->insecure,
         "listen on other addresses than those of this machine, where everyone who can reach them "
         "may read and write");
  c.Flag(
      "--loki-limits", &o->loki_limits,
      "refuse what Loki refuses by default: entries older than 7 days or 10 minutes ahead, lines "
      "over 256 KiB, more than 15 labels, queries over 721 hours or with more than 500 series");
}

cli::RunResult RunServe(const ServeOptions& options, cli::Context& context) {
  if (options.dir.empty()) return UsageError("--dir is missing: the directory of the store");
  GLP_ASSIGN_OR_RETURN(const wire::ListenAddress listen, wire::ParseListenAddress(options.listen));
  if (!wire::IsLoopback(listen.address) && !options.insecure) {
    return UsageError("--listen " + options.listen +
                      " would let everyone who can reach it read and write: there is no "
                      "authentication; listen on 127.0.0.1 behind a proxy that asks for it, or add "
                      "--insecure where the network is trusted");
  }
  store::Options store_options;
  store_options.merge = true;
  GLP_ASSIGN_OR_RETURN(std::unique_ptr<store::Store> store,
                       store::Store::Open(options.dir, store_options));
  for (const std::string& warning : store->warnings()) {
    context.Incomplete("damaged parts of the store", warning);
  }

  wire::ApiOptions api_options;
  if (options.loki_limits) api_options.limits = wire::LokiLimits();
  wire::LokiApi api(store.get(), std::move(api_options));
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
