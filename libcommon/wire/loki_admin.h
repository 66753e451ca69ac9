// What watches a server and what it says of itself: ready, metrics, buildinfo. Part of loki_api.h.
#pragma once

#include "wire/loki_context.h"

namespace glp::wire {

class AdminApi {
 public:
  explicit AdminApi(ApiContext* context) : context_(*context) {}
  void AddRoutes(Router* router);

 private:
  std::string Metrics() const;

  ApiContext& context_;
};

}  // namespace glp::wire
