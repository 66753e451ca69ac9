#include "wire/loki_index.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "base/time.h"
#include "wire/loki_json.h"
#include "wire/loki_params.h"
#include "wire/query_checks.h"

namespace glp::wire {
namespace {

std::string StatsJson(const logql::IndexStats& stats) {
  return fmt::format(R"({{"streams":{},"chunks":{},"bytes":{},"entries":{}}})", stats.streams,
                     stats.chunks, stats.bytes, stats.entries);
}

}  // namespace

void IndexApi::AddRoutes(Router* router) {
  const std::string index = "/loki/api/v1/index/";
  context_.Add(router, "GET,POST", index + "stats", Lane::kQuery,
               [this](const Call& call) { return Stats(call); });
  context_.Add(router, "GET,POST", index + "shards", Lane::kQuery,
               [this](const Call& call) { return Shards(call); });
  context_.Add(router, "GET,POST", index + "volume", Lane::kQuery,
               [this](const Call& call) { return Volume(call, /*by_step=*/false); });
  context_.Add(router, "GET,POST", index + "volume_range", Lane::kQuery,
               [this](const Call& call) { return Volume(call, /*by_step=*/true); });
}

Result<logql::IndexStats> IndexApi::StatsOf(const Call& call) {
  GLP_ASSIGN_OR_RETURN(const logql::TimeRange range, ParseBounds(call.request, NowNs()));
  GLP_ASSIGN_OR_RETURN(const auto matchers, ParseSelectorParam(call.request, call.limits));
  GLP_RETURN_IF_ERROR(CheckLength(range, call.limits));
  GLP_ASSIGN_OR_RETURN(const auto source, context_.Source(call));
  logql::ScanStats scanned;
  return logql::RunIndexStats(matchers, range, source.get(), call.Cancelled(), &scanned);
}

Response IndexApi::Stats(const Call& call) {
  const Result<logql::IndexStats> stats = StatsOf(call);
  if (!stats.ok()) return ApiContext::Error(stats.status(), &call);
  return JsonResponse(StatsJson(*stats));
}

// There are no parts of a query that others could run: one shard has all.
Response IndexApi::Shards(const Call& call) {
  const Result<logql::IndexStats> stats = StatsOf(call);
  if (!stats.ok()) return ApiContext::Error(stats.status(), &call);
  return JsonResponse(R"({"shards":[{"bounds":{"min":0,"max":18446744073709551615},"stats":)" +
                      StatsJson(*stats) + R"(}],"statistics":{}})");
}

Response IndexApi::Volume(const Call& call, bool by_step) {
  if (!call.limits.volume_enabled) return TextResponse(404, "not found\n");
  Result<RangeParams> params = ParseRangeParams(call.request, NowNs());
  if (!params.ok()) return ApiContext::Error(params.status());
  logql::VolumeQuery query;
  const auto by =
      logql::ParseAggregateBy(call.request.Param("aggregateBy").value_or(std::string_view()));
  if (!by.ok()) return ApiContext::Error(by.status());
  auto matchers = ParseSelectorParam(call.request, call.limits);
  if (!matchers.ok()) return ApiContext::Error(matchers.status());
  if (const Status status = CheckLength(params->range, call.limits); !status.ok()) {
    return ApiContext::Error(status);
  }
  query.matchers = std::move(*matchers);
  query.range = params->range;
  query.aggregate_by = *by;
  const auto names = call.request.Param("targetLabels").value_or(std::string_view());
  for (const std::string_view name : Split(names, ',')) {
    if (!TrimSpace(name).empty()) query.target_labels.emplace_back(TrimSpace(name));
  }
  query.step_ns = by_step ? params->step_ns : 0;
  query.limit = params->limit;
  query.max_series = call.limits.volume_max_series;
  query.cancelled = call.Cancelled();
  const auto source = context_.Source(call);
  if (!source.ok()) return ApiContext::Error(source.status());
  logql::ScanStats stats;
  const auto series = logql::RunVolumeQuery(query, source->get(), &stats);
  context_.CountScan(stats);
  if (!series.ok()) return ApiContext::Error(series.status(), &call);
  const double seconds = call.deadline.Seconds();
  const double queued = call.request.queued_seconds;
  return JsonResponse(by_step ? MatrixBody(*series, stats, seconds, queued)
                              : VectorBody(*series, stats, seconds, queued));
}

}  // namespace glp::wire
