// /loki/api/v1/query_range, query and format_query, /api/prom/query. Part of loki_api.h.
#pragma once

#include "base/memory_budget.h"
#include "logql/eval.h"
#include "logql/expr.h"
#include "wire/loki_context.h"
#include "wire/loki_params.h"
#include "wire/streams_body.h"

namespace glp::wire {

class QueryApi {
 public:
  // Of the series and windows of one metric query, and of all that run at a time.
  static constexpr size_t kQueryBytes = size_t{256} << 20, kAllBytes = size_t{768} << 20;

  explicit QueryApi(ApiContext* context);
  void AddRoutes(Router* router);

 private:
  // `is_old`: of /api/prom/query.
  Response QueryRange(const Call& call, bool is_old);
  Response Query(const Call& call);
  Response RangeOfLogs(const Call& call, const logql::LogExpr& query, const RangeParams& params,
                       StreamsOptions::Shape shape);
  // REQUIRES: a metric.
  Response RangeOfMetric(const Call& call, const logql::Expr& query, const RangeParams& params);
  static Response FormatQuery(const Call& call);
  // `memory` may be nullptr.
  logql::QueryParams ParamsOf(const Call& call, MemoryClaim* memory);

  ApiContext& context_;
  MemoryBudget memory_;
};

}  // namespace glp::wire
