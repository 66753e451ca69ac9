// /config, /runtime_config, /config/tenant/v1/limits and /loki/api/v1/drilldown-limits: what holds
// for all tenants, for those that have limits of their own, and for the one that asks.
// Part of loki_api.h.
#pragma once

#include "wire/loki_context.h"

namespace glp::wire {

class LimitsApi {
 public:
  explicit LimitsApi(ApiContext* context) : context_(*context) {}
  void AddRoutes(Router* router);

 private:
  ApiContext& context_;
};

}  // namespace glp::wire
