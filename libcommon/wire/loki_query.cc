// /loki/api/v1/query_range and /loki/api/v1/query.
#include <fmt/format.h>

#include <limits>

#include "base/time.h"
#include "base/units.h"
#include "logql/eval.h"
#include "logql/format.h"
#include "logql/parser.h"
#include "wire/loki_api.h"
#include "wire/loki_deadline.h"
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

Response LokiApi::QueryRange(const Request& request) {
  const Deadline deadline(request, options_.limits.query_timeout_ns);
  Result<RangeParams> params = ParseRangeParams(request, NowNs());
  if (!params.ok()) return Error(params.status());
  const Result<logql::Expr> query = logql::Parse(params->query);
  if (!query.ok()) return Error(query.status());
  if (const Status status = CheckLength(params->range, options_.limits); !status.ok()) {
    return Error(status);
  }
  if (const auto* log = std::get_if<logql::LogExpr>(&*query)) {
    return RangeOfLogs(*log, *params, deadline);
  }
  return RangeOfMetric(std::get<logql::MetricExpr>(*query), *params, deadline);
}

Response LokiApi::RangeOfLogs(const logql::LogExpr& query, const RangeParams& params,
                              const Deadline& deadline) {
  const uint32_t most = options_.limits.max_entries_limit_per_query;
  if (most > 0 && params.limit > most) {
    return TextResponse(400, fmt::format("max entries limit per query exceeded, limit > "
                                         "max_entries_limit_per_query ({} > {})\n",
                                         params.limit, most));
  }
  const Result<std::shared_ptr<logql::EntrySource>> source = Source();
  if (!source.ok()) return Error(source.status());
  logql::QueryParams run;
  run.range = params.range;
  run.direction = params.direction;
  // With an interval entries are left out here, so that the evaluator cannot count them.
  run.limit = params.interval_ns == 0 ? params.limit : 0;
  run.cancelled = [&deadline] { return deadline.Over(); };
  run.pool = &query_pool_;

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
    too_large = body.size_bytes() > options_.max_answer_bytes;
    return !too_large && body.entries() < params.limit;
  };
  logql::ScanStats stats;
  const Status status = logql::RunLogQuery(query, source->get(), run, sink, &stats);
  scanned_entries_ += stats.entries;
  scanned_bytes_ += stats.line_bytes;
  if (!status.ok()) return Error(status, &deadline);
  if (too_large) {
    return TextResponse(400, fmt::format("the answer is larger than {} bytes; ask for a lower "
                                         "limit or a shorter time\n",
                                         options_.max_answer_bytes));
  }
  return JsonResponse(body.Finish(stats, deadline.Seconds()));
}

Response LokiApi::RangeOfMetric(const logql::MetricExpr& query, const RangeParams& params,
                                const Deadline& deadline) {
  const Result<std::shared_ptr<logql::EntrySource>> source = Source();
  if (!source.ok()) return Error(source.status());
  logql::QueryParams run;
  run.range = AlignToStep(params.range, params.step_ns);
  run.step_ns = params.step_ns;
  run.cancelled = [&deadline] { return deadline.Over(); };
  run.pool = &query_pool_;
  run.max_series = options_.limits.max_query_series;
  logql::ScanStats stats;
  const Result<std::vector<logql::Series>> series =
      logql::RunRangeQuery(query, source->get(), run, &stats);
  scanned_entries_ += stats.entries;
  scanned_bytes_ += stats.line_bytes;
  if (!series.ok()) return Error(series.status(), &deadline);
  return JsonResponse(MatrixBody(*series, stats, deadline.Seconds()));
}

Response LokiApi::Query(const Request& request) {
  const Deadline deadline(request, options_.limits.query_timeout_ns);
  const Result<InstantParams> params = ParseInstantParams(request, NowNs());
  if (!params.ok()) return Error(params.status());
  const Result<logql::Expr> query = logql::Parse(params->query);
  if (!query.ok()) return Error(query.status());
  const auto* metric = std::get_if<logql::MetricExpr>(&*query);
  if (metric == nullptr) {
    return TextResponse(400,
                        "log queries are not supported as an instant query type, please change "
                        "your query to a range query type\n");
  }
  const Result<std::shared_ptr<logql::EntrySource>> source = Source();
  if (!source.ok()) return Error(source.status());
  logql::QueryParams run;
  run.direction = params->direction;
  run.cancelled = [&deadline] { return deadline.Over(); };
  run.pool = &query_pool_;
  run.max_series = options_.limits.max_query_series;
  logql::ScanStats stats;
  const Result<std::vector<logql::Series>> series =
      logql::RunInstantQuery(*metric, source->get(), params->at_ns, run, &stats);
  scanned_entries_ += stats.entries;
  scanned_bytes_ += stats.line_bytes;
  if (!series.ok()) return Error(series.status(), &deadline);
  return JsonResponse(InstantBody(*metric, *series, stats, deadline.Seconds()));
}

}  // namespace glp::wire
