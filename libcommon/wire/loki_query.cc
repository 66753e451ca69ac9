#include "wire/loki_query.h"

#include <fmt/format.h>

#include <limits>

#include "base/time.h"
#include "base/units.h"
#include "logql/eval.h"
#include "logql/format.h"
#include "logql/parser.h"
#include "wire/loki_json.h"

namespace glp::wire {
namespace {

Status CheckLength(const logql::TimeRange& range, const Limits& limits) {
  const double length = static_cast<double>(range.end_ns) - static_cast<double>(range.start_ns);
  if (limits.max_query_length_ns == 0 || length <= limits.max_query_length_ns) return Status::Ok();
  return UsageError(
      fmt::format("the query time range exceeds the limit (query length: {}, limit: {})",
                  FormatDuration(range.end_ns - range.start_ns),
                  logql::FormatPrometheusDuration(limits.max_query_length_ns)));
}

}  // namespace

void QueryApi::AddRoutes(Router* router) {
  const std::string v1 = "/loki/api/v1/";
  context_.Add(router, "GET,POST", v1 + "query_range", Lane::kQuery,
               [this](const Call& call) { return QueryRange(call); });
  context_.Add(router, "GET,POST", v1 + "query", Lane::kQuery,
               [this](const Call& call) { return Query(call); });
}

Response QueryApi::QueryRange(const Call& call) {
  Result<RangeParams> params = ParseRangeParams(call.request, NowNs());
  if (!params.ok()) return ApiContext::Error(params.status());
  const Result<logql::Expr> query = logql::Parse(params->query);
  if (!query.ok()) return ApiContext::Error(query.status());
  if (const Status status = CheckLength(params->range, call.limits); !status.ok()) {
    return ApiContext::Error(status);
  }
  if (const auto* log = std::get_if<logql::LogExpr>(&*query)) {
    return RangeOfLogs(call, *log, *params);
  }
  return RangeOfMetric(call, std::get<logql::MetricExpr>(*query), *params);
}

Response QueryApi::RangeOfLogs(const Call& call, const logql::LogExpr& query,
                               const RangeParams& params) {
  const uint32_t most = call.limits.max_entries_limit_per_query;
  if (most > 0 && params.limit > most) {
    return TextResponse(400, fmt::format("max entries limit per query exceeded, limit > "
                                         "max_entries_limit_per_query ({} > {})\n",
                                         params.limit, most));
  }
  const Result<std::shared_ptr<logql::EntrySource>> source = context_.Source(call);
  if (!source.ok()) return ApiContext::Error(source.status());
  logql::QueryParams run;
  run.range = params.range;
  run.direction = params.direction;
  // With an interval entries are left out here, so that the evaluator cannot count them.
  run.limit = params.interval_ns == 0 ? params.limit : 0;
  run.cancelled = call.Cancelled();
  run.pool = &context_.query_pool();

  StreamsBody body;
  bool too_large = false;
  std::optional<int64_t> last_ns;
  auto sink = [&](const logql::Entry& entry) {
    const bool passes = params.interval_ns == 0 || !last_ns ||
                        (params.direction == logql::Direction::kForward
                             ? entry.ts_ns - *last_ns >= params.interval_ns
                             : *last_ns - entry.ts_ns >= params.interval_ns);
    if (!passes) return true;
    last_ns = entry.ts_ns;
    body.Add(entry);
    too_large = body.size_bytes() > call.settings->max_answer_bytes;
    return !too_large && body.entries() < params.limit;
  };
  logql::ScanStats stats;
  const Status status = logql::RunLogQuery(query, source->get(), run, sink, &stats);
  context_.CountScan(stats);
  if (!status.ok()) return ApiContext::Error(status, &call);
  if (too_large) {
    return TextResponse(400, fmt::format("the answer is larger than {} bytes; ask for a lower "
                                         "limit or a shorter time\n",
                                         call.settings->max_answer_bytes));
  }
  return JsonResponse(body.Finish(stats, call.deadline.Seconds()));
}

Response QueryApi::RangeOfMetric(const Call& call, const logql::MetricExpr& query,
                                 const RangeParams& params) {
  const Result<std::shared_ptr<logql::EntrySource>> source = context_.Source(call);
  if (!source.ok()) return ApiContext::Error(source.status());
  logql::QueryParams run;
  run.range = AlignToStep(params.range, params.step_ns);
  run.step_ns = params.step_ns;
  run.cancelled = call.Cancelled();
  run.pool = &context_.query_pool();
  run.max_series = call.limits.max_query_series;
  logql::ScanStats stats;
  const Result<std::vector<logql::Series>> series =
      logql::RunRangeQuery(query, source->get(), run, &stats);
  context_.CountScan(stats);
  if (!series.ok()) return ApiContext::Error(series.status(), &call);
  return JsonResponse(MatrixBody(*series, stats, call.deadline.Seconds()));
}

Response QueryApi::Query(const Call& call) {
  const Result<InstantParams> params = ParseInstantParams(call.request, NowNs());
  if (!params.ok()) return ApiContext::Error(params.status());
  const Result<logql::Expr> query = logql::Parse(params->query);
  if (!query.ok()) return ApiContext::Error(query.status());
  const auto* metric = std::get_if<logql::MetricExpr>(&*query);
  if (metric == nullptr) {
    return TextResponse(400,
                        "log queries are not supported as an instant query type, please change "
                        "your query to a range query type\n");
  }
  const Result<std::shared_ptr<logql::EntrySource>> source = context_.Source(call);
  if (!source.ok()) return ApiContext::Error(source.status());
  logql::QueryParams run;
  run.direction = params->direction;
  run.cancelled = call.Cancelled();
  run.pool = &context_.query_pool();
  run.max_series = call.limits.max_query_series;
  logql::ScanStats stats;
  const Result<std::vector<logql::Series>> series =
      logql::RunInstantQuery(*metric, source->get(), params->at_ns, run, &stats);
  context_.CountScan(stats);
  if (!series.ok()) return ApiContext::Error(series.status(), &call);
  return JsonResponse(InstantBody(*metric, *series, stats, call.deadline.Seconds()));
}

}  // namespace glp::wire
