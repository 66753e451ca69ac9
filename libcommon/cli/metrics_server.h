// `--metrics [ADDR:]PORT`: GET /metrics (Prometheus) and GET /ready over HTTP.
//
//   cli::MetricsServer::Describe(&command, &options.metrics);
//   …
//   GLP_ASSIGN_OR_RETURN(auto server, cli::MetricsServer::Start(context, options.metrics, metrics,
//                                                               [] { return Status::Ok(); }));
//
// Listens on 127.0.0.1 where no address is given; says on stderr where it listens, port 0 being any
// free one.
// Lifetime: `metrics` and what `ready` uses must outlive the server; its end stops it.
// Threads:  one at a time; `ready` is called from another thread.
// Errors:   Code::kUsage for what is no address, Code::kIo where it cannot be listened on.
// Cost:     two threads and half a megabyte with --metrics, nothing without.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "cli/command.h"
#include "cli/main.h"
#include "cli/metrics.h"

namespace glp::cli {

class MetricsServer {
 public:
  // Adds the option.
  static void Describe(Command* command, std::string* listen);
  // Nothing (null) where `listen` is "". `ready`: OK is 200; else 503, and its message is why.
  static Result<std::unique_ptr<MetricsServer>> Start(Context& context, const std::string& listen,
                                                      const Metrics& metrics,
                                                      std::function<Status()> ready);
  virtual ~MetricsServer() = default;
};

}  // namespace glp::cli
