#include "wire/loki_query.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/time.h"
#include "logql/eval.h"
#include "logql/parser.h"
#include "wire/loki_json.h"
#include "wire/query_checks.h"
#include "wire/utf8.h"

namespace glp::wire {
namespace {

using Shape = StreamsOptions::Shape;

constexpr int kWaitMs = 10'000;  // for the memory of other queries
// Of an answer that has no folder to lie in.
constexpr uint64_t kMaxInMemory = uint64_t{256} << 20;

// Keeps an entry only where it lies an interval behind the one that was kept before, of whatever
// stream that is, as Loki does.
class Thinner {
 public:
  explicit Thinner(int64_t interval_ns) : interval_ns_(static_cast<uint64_t>(interval_ns)) {}

  bool Keeps(int64_t ts_ns) {
    if (interval_ns_ > 0 && last_ns_) {
      const auto now = static_cast<uint64_t>(ts_ns), last = static_cast<uint64_t>(*last_ns_);
      if ((ts_ns > *last_ns_ ? now - last : last - now) < interval_ns_) return false;
    }
    last_ns_ = ts_ns;
    return true;
  }

 private:
  const uint64_t interval_ns_;
  std::optional<int64_t> last_ns_;
};

Response MetricError(const Status& status, const MemoryClaim& memory, const Call& call) {
  if (!memory.is_refused()) return ApiContext::Error(status, &call);
  Response response = TextResponse(503, status.message() + "\n");
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

Response Pieces(std::shared_ptr<StreamsBody> body) {
  Response response = JsonResponse("");
  const Result<bool> begun = body->Next(&response.body);
  if (!begun.ok()) return ApiContext::Error(begun.status());
  response.more = [body = std::move(body)](std::string* piece) { return body->Next(piece); };
  return response;
}

}  // namespace

QueryApi::QueryApi(ApiContext* context)
    : context_(*context),
      memory_({"the query", kAllBytes, kQueryBytes, kWaitMs,
               "consider reducing query cardinality by adding more specific stream selectors, "
               "reducing the time range, or aggregating by fewer labels"}) {}

void QueryApi::AddRoutes(Router* router) {
  const std::string v1 = "/loki/api/v1/";
  context_.Add(router, "GET,POST", v1 + "query_range", Lane::kQuery,
               [this](const Call& call) { return QueryRange(call, /*is_old=*/false); });
  context_.Add(router, "GET,POST", v1 + "query", Lane::kQuery,
               [this](const Call& call) { return Query(call); });
  context_.Add(router, "GET,POST", v1 + "format_query", Lane::kQuery, FormatQuery);
  context_.Add(router, "GET,POST", "/api/prom/query", Lane::kQuery,
               [this](const Call& call) { return QueryRange(call, /*is_old=*/true); });
}

Response QueryApi::QueryRange(const Call& call, bool is_old) {
  const Result<RangeParams> params = ParseRangeParams(call.request, NowNs());
  if (!params.ok()) return ApiContext::Error(params.status());
  const Result<logql::Expr> query = ParseQueryParam(call.request, call.limits);
  if (!query.ok()) return ApiContext::Error(query.status());
  if (const Status status = CheckLength(params->range, call.limits); !status.ok()) {
    return ApiContext::Error(status);
  }
  if (const auto* log = std::get_if<logql::LogExpr>(&*query)) {
    const Shape shape = is_old                          ? Shape::kOld
                        : WantsCategories(call.request) ? Shape::kCategorized
                                                        : Shape::kMerged;
    return RangeOfLogs(call, *log, *params, shape);
  }
  if (!is_old) return RangeOfMetric(call, *query, *params);
  return TextResponse(400,
                      "legacy endpoints only support streams result type, please use "
                      "/loki/api/v1/query_range for metrics\n");
}

logql::QueryParams QueryApi::ParamsOf(const Call& call, MemoryClaim* memory) {
  logql::QueryParams run;
  run.memory = memory;
  run.cancelled = call.Cancelled();
  run.pool = &context_.query_pool();
  run.max_series = call.limits.max_query_series;
  return run;
}

Response QueryApi::RangeOfLogs(const Call& call, const logql::LogExpr& query,
                               const RangeParams& params, Shape shape) {
  const uint32_t most = call.limits.max_entries_limit_per_query;
  if (most > 0 && params.limit > most) {
    return TextResponse(400, fmt::format("max entries limit per query exceeded, limit > "
                                         "max_entries_limit_per_query ({} > {})\n",
                                         params.limit, most));
  }
  const Result<std::shared_ptr<logql::EntrySource>> source = context_.Source(call);
  if (!source.ok()) return ApiContext::Error(source.status());
  logql::QueryParams run = ParamsOf(call, nullptr);
  run.range = params.range;
  run.direction = params.direction;
  // With an interval entries are left out here, so that the evaluator cannot count them.
  run.limit = params.interval_ns == 0 ? params.limit : 0;
  if (const Status status =
          CheckBytesRead(query, params.range, source->get(), call.limits, run.cancelled);
      !status.ok()) {
    return ApiContext::Error(status, &call);
  }
  StreamsOptions options;
  options.shape = shape;
  options.folder = call.settings->temporary_folder;
  options.max_bytes = call.settings->max_answer_bytes;
  if (options.folder.empty()) options.max_bytes = std::min(options.max_bytes, kMaxInMemory);
  const auto body = std::make_shared<StreamsBody>(std::move(options));
  run.forget_streams = [&body] { body->ForgetStreams(); };
  Thinner thinner(params.interval_ns);
  Status added;
  logql::ScanStats stats;
  Status status = logql::RunLogQuery(
      query, source->get(), run,
      [&](const logql::Entry& entry) {
        if (!thinner.Keeps(entry.ts_ns)) return true;
        added = body->Add(entry);
        return added.ok() && body->entries() < params.limit;
      },
      &stats);
  context_.CountScan(stats);
  if (status.ok()) status = added;
  if (!status.ok()) return ApiContext::Error(status, &call);
  body->End(stats, call.deadline.Seconds(), call.request.queued_seconds);
  return Pieces(body);
}

Response QueryApi::RangeOfMetric(const Call& call, const logql::Expr& query,
                                 const RangeParams& params) {
  const Result<std::shared_ptr<logql::EntrySource>> source = context_.Source(call);
  if (!source.ok()) return ApiContext::Error(source.status());
  MemoryClaim memory(&memory_, call.Cancelled());
  logql::QueryParams run = ParamsOf(call, &memory);
  run.range = AlignToStep(params.range, params.step_ns);
  run.step_ns = params.step_ns;
  if (const Status status =
          CheckBytesRead(query, run.range, source->get(), call.limits, run.cancelled);
      !status.ok()) {
    return ApiContext::Error(status, &call);
  }
  logql::ScanStats stats;
  const Result<std::vector<logql::Series>> series =
      logql::RunRangeQuery(std::get<logql::MetricExpr>(query), source->get(), run, &stats);
  context_.CountScan(stats);
  if (!series.ok()) return MetricError(series.status(), memory, call);
  return JsonResponse(
      MatrixBody(*series, stats, call.deadline.Seconds(), call.request.queued_seconds));
}

Response QueryApi::Query(const Call& call) {
  const Result<InstantParams> params = ParseInstantParams(call.request, NowNs());
  if (!params.ok()) return ApiContext::Error(params.status());
  const Result<logql::Expr> query = ParseQueryParam(call.request, call.limits);
  if (!query.ok()) return ApiContext::Error(query.status());
  const auto* metric = std::get_if<logql::MetricExpr>(&*query);
  if (metric == nullptr) {
    return TextResponse(400,
                        "log queries are not supported as an instant query type, please change "
                        "your query to a range query type\n");
  }
  const Result<std::shared_ptr<logql::EntrySource>> source = context_.Source(call);
  if (!source.ok()) return ApiContext::Error(source.status());
  MemoryClaim memory(&memory_, call.Cancelled());
  logql::QueryParams run = ParamsOf(call, &memory);
  run.direction = params->direction;
  if (const Status status = CheckBytesRead(*query, {params->at_ns, params->at_ns}, source->get(),
                                           call.limits, run.cancelled);
      !status.ok()) {
    return ApiContext::Error(status, &call);
  }
  logql::ScanStats stats;
  const Result<std::vector<logql::Series>> series =
      logql::RunInstantQuery(*metric, source->get(), params->at_ns, run, &stats);
  context_.CountScan(stats);
  if (!series.ok()) return MetricError(series.status(), memory, call);
  return JsonResponse(
      InstantBody(*metric, *series, stats, call.deadline.Seconds(), call.request.queued_seconds));
}

Response QueryApi::FormatQuery(const Call& call) {
  const Result<logql::Expr> query =
      logql::Parse(call.request.Param("query").value_or(std::string_view()));
  std::string body = R"({"status":)";
  if (query.ok()) {
    body += R"("success","data":)";
    AppendJsonLossy(&body, logql::Prettify(*query));
    return JsonResponse(body + "}");
  }
  body += R"("invalid-query","error":)";
  AppendJsonLossy(&body, logql::FirstLine(query.status().message()));
  Response response = JsonResponse(body + "}");
  response.status = 400;
  return response;
}

}  // namespace glp::wire
