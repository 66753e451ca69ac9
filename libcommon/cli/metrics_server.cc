#include "cli/metrics_server.h"

#include <utility>

#include "wire/http_server.h"

namespace glp::cli {
namespace {

wire::ServerOptions SmallServer(const wire::ListenAddress& listen) {
  wire::ServerOptions options;
  options.address = listen.address;
  options.port = listen.port;
  options.max_form_bytes = 64 << 10;
  options.max_connections = 32;
  options.max_waiting = 32;
  options.ingest_threads = 0;  // both routes are of the control lane
  options.query_threads = 0;
  return options;
}

class Server : public MetricsServer {
 public:
  Server(const wire::ListenAddress& listen, wire::Router router)
      : http(SmallServer(listen), std::move(router)) {}
  wire::HttpServer http;
};

}  // namespace

void MetricsServer::Describe(Command* command, std::string* listen) {
  command->Value("--metrics", "[ADDR:]PORT", listen,
                 "serve Prometheus metrics at /metrics and 200 or 503 at /ready; without an "
                 "address on 127.0.0.1, port 0 is any free one");
}

Result<std::unique_ptr<MetricsServer>> MetricsServer::Start(Context& context,
                                                            const std::string& listen,
                                                            const Metrics& metrics,
                                                            std::function<Status()> ready) {
  if (listen.empty()) return std::unique_ptr<MetricsServer>();
  const Result<wire::ListenAddress> address = wire::ParseListenAddress(listen);
  if (!address.ok()) return address.status().Annotate("--metrics");

  wire::Router router;
  router.Add(
      "GET", "/metrics", wire::Lane::kControl, wire::OpenGate(), [&metrics](const wire::Request&) {
        return wire::Response{200, "text/plain; version=0.0.4; charset=utf-8", metrics.Text(), {}};
      });
  router.Add("GET", "/ready", wire::Lane::kControl, wire::OpenGate(),
             [ready = std::move(ready)](const wire::Request&) {
               const Status status = ready();
               return status.ok() ? wire::TextResponse(200, "ready\n")
                                  : wire::TextResponse(503, status.message() + "\n");
             });
  auto server = std::make_unique<Server>(*address, std::move(router));

  const Status started = server->http.Start();
  if (!started.ok()) {
    return Status(started.code(), "--metrics " + listen + ": " + started.message() +
                                      "; try another port, or 0 for any free one");
  }
  context.Say("metrics on http://" + server->http.address() + "/metrics");
  return std::unique_ptr<MetricsServer>(std::move(server));
}

}  // namespace glp::cli
