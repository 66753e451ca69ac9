#include "stdin_wants.h"

#include <algorithm>
#include <limits>

namespace glp::query {
namespace {

using Op = logql::RangeAggregation::Op;

Result<Want> WantOf(const logql::LogExpr& log) {
  Want want = {log.matchers, log.LeadingLineFilters()};
  for (logql::LineFilter& filter : want.line_filters) {
    GLP_RETURN_IF_ERROR(logql::PrepareLineFilter(&filter));
  }
  return want;
}

bool LooksAtLines(const logql::RangeAggregation& range) {
  return !range.log.stages.empty() || range.op == Op::kBytesOverTime || range.op == Op::kBytesRate;
}

bool GroupsByNothing(const std::optional<logql::Grouping>& grouping) {
  return !grouping || (!grouping->without && grouping->names.empty());
}

// Whether series are told apart by what metadata and fields say. Not so in a sum over all.
bool LooksAtLabels(const logql::MetricExpr& metric) {
  if (const auto* range = std::get_if<logql::RangeAggregation>(&metric.node)) {
    return !range->grouping || !GroupsByNothing(range->grouping);
  }
  if (const auto* vector = std::get_if<logql::VectorAggregation>(&metric.node)) {
    const bool is_sum = vector->op == logql::VectorAggregation::Op::kSum;
    const auto* range = std::get_if<logql::RangeAggregation>(&vector->inner->node);
    if (is_sum && range != nullptr && GroupsByNothing(vector->grouping)) return false;
  }
  const std::vector<const logql::MetricExpr*> operands = logql::Operands(metric);
  return std::any_of(operands.begin(), operands.end(),
                     [](const logql::MetricExpr* operand) { return LooksAtLabels(*operand); });
}

int64_t Clamp(__int128 value) {
  return static_cast<int64_t>(std::clamp<__int128>(value, std::numeric_limits<int64_t>::min(),
                                                   std::numeric_limits<int64_t>::max()));
}

// What the windows of all points reach.
logql::TimeRange Reach(const Aggregations& aggregations, const QueryTimes& times) {
  logql::TimeRange range;
  const std::optional<int64_t> start_ns = times.at_ns ? times.at_ns : times.start_ns;
  const std::optional<int64_t> end_ns = times.at_ns ? times.at_ns : times.end_ns;
  __int128 before = 0, behind = 0;
  for (const logql::RangeAggregation* aggregation : aggregations) {
    before = std::max(before, __int128{aggregation->range_ns} + aggregation->offset_ns);
    behind = std::max(behind, -__int128{aggregation->offset_ns});
  }
  if (start_ns) range.start_ns = Clamp(*start_ns - before);
  if (end_ns) range.end_ns = Clamp(*end_ns + behind + 1);
  return range;
}

}  // namespace

Result<EntryWants> WantsOf(const logql::LogExpr& log, logql::TimeRange range,
                           bool needs_neighbours) {
  EntryWants wants;
  wants.range = range;
  GLP_ASSIGN_OR_RETURN(Want want, WantOf(log));
  if (needs_neighbours) want.line_filters.clear();
  wants.any.push_back(std::move(want));
  return wants;
}

Result<EntryWants> WantsOf(const logql::MetricExpr& metric, const Aggregations& aggregations,
                           const QueryTimes& times) {
  EntryWants wants;
  wants.range = Reach(aggregations, times);
  wants.lines = false;
  wants.labels = LooksAtLabels(metric);
  for (const logql::RangeAggregation* aggregation : aggregations) {
    GLP_ASSIGN_OR_RETURN(Want want, WantOf(aggregation->log));
    wants.any.push_back(std::move(want));
    // The range that it is absent in is that of all the data.
    const bool is_open = !times.at_ns && !(times.start_ns && times.end_ns);
    if (is_open && aggregation->op == Op::kAbsentOverTime) wants.any.emplace_back();
    if (!LooksAtLines(*aggregation)) continue;
    wants.lines = wants.labels = true;
  }
  return wants;
}

}  // namespace glp::query
