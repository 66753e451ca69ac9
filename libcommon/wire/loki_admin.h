// What watches and steers a server: ready, metrics, config, services, buildinfo, log_level, flush.
// Part of loki_api.h.
#pragma once

#include "wire/loki_context.h"
#include "wire/tail_hub.h"

namespace glp::wire {

class AdminApi {
 public:
  // `tails` must outlive it.
  AdminApi(ApiContext* context, const TailHub* tails) : context_(*context), tails_(*tails) {}
  void AddRoutes(Router* router);

 private:
  std::string Metrics() const;
  Response LogLevel() const;
  Response SetLogLevel(const Request& request);

  ApiContext& context_;
  const TailHub& tails_;
};

}  // namespace glp::wire
