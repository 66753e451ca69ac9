// /loki/api/v1/query_range and /loki/api/v1/query. Part of loki_api.h.
#pragma once

#include "logql/expr.h"
#include "wire/loki_context.h"
#include "wire/loki_params.h"

namespace glp::wire {

class QueryApi {
 public:
  explicit QueryApi(ApiContext* context) : context_(*context) {}
  void AddRoutes(Router* router);

 private:
  Response QueryRange(const Call& call);
  Response Query(const Call& call);
  Response RangeOfLogs(const Call& call, const logql::LogExpr& query, const RangeParams& params);
  Response RangeOfMetric(const Call& call, const logql::MetricExpr& query,
                         const RangeParams& params);

  ApiContext& context_;
};

}  // namespace glp::wire
