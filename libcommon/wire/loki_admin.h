// What watches and steers a server: ready, metrics, config, services, buildinfo, log_level, flush.
// Part of loki_api.h.
#pragma once

#include "wire/loki_context.h"

namespace glp::wire {

class AdminApi {
 public:
  explicit AdminApi(ApiContext* context) : context_(*context) {}
  void AddRoutes(Router* router);

 private:
  std::string Metrics() const;
  Response LogLevel() const;
  Response SetLogLevel(const Request& request);

  ApiContext& context_;
};

}  // namespace glp::wire
