// /loki/api/v1/query_range, query and format_query, /api/prom/query. Part of loki_api.h.
#pragma once

#include "logql/eval.h"
#include "logql/expr.h"
#include "wire/loki_context.h"
#include "wire/loki_params.h"
#include "wire/streams_body.h"

namespace glp::wire {

class QueryApi {
 public:
  explicit QueryApi(ApiContext* context) : context_(*context) {}
  void AddRoutes(Router* router);

 private:
  Response QueryRange(const Call& call);
  Response Query(const Call& call);
  Response OldQuery(const Call& call);
  Response RangeOfLogs(const Call& call, const logql::LogExpr& query, const RangeParams& params,
                       StreamsOptions::Shape shape);
  // REQUIRES: a metric.
  Response RangeOfMetric(const Call& call, const logql::Expr& query, const RangeParams& params);
  static Response FormatQuery(const Call& call);
  logql::QueryParams ParamsOf(const Call& call);

  ApiContext& context_;
};

}  // namespace glp::wire
