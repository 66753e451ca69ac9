#include "data_range.h"

#include <algorithm>
#include <limits>

namespace glp::query {
namespace {

// More points than any screen has, and few enough to hold.
constexpr int64_t kMaxPoints = 1'000'000;

// The step where none was given: Loki's, but no longer than the query's window while that makes no
// more points than Loki would give, so that no entry falls between two windows.
int64_t LocalStep(int64_t start_ns, int64_t end_ns, int64_t window_ns) {
  constexpr uint64_t kMostPoints = 11'000;
  const int64_t step_ns = DefaultStep(start_ns, end_ns);
  const uint64_t span_ns = static_cast<uint64_t>(end_ns) - static_cast<uint64_t>(start_ns);
  const bool fits = span_ns / static_cast<uint64_t>(window_ns) < kMostPoints;
  return fits ? std::min(step_ns, window_ns) : step_ns;
}

}  // namespace

Result<std::optional<int64_t>> EdgeOf(logql::EntrySource* source,
                                      const std::vector<logql::Matcher>& matchers,
                                      logql::TimeRange range, logql::Direction direction) {
  logql::ScanRequest request;
  request.matchers = matchers;
  request.range = range;
  request.direction = direction;
  request.want_lines = false;
  request.limit = 1;
  GLP_ASSIGN_OR_RETURN(const std::unique_ptr<logql::EntryCursor> cursor,
                       source->Scan(std::move(request)));
  std::vector<logql::Entry> batch;
  GLP_RETURN_IF_ERROR(cursor->Next(&batch));
  if (batch.empty()) return std::optional<int64_t>();
  return std::optional<int64_t>(batch.front().ts_ns);
}

Result<bool> FindRange(const QueryTimes& times, logql::EntrySource* source,
                       const Aggregations& aggregations, logql::QueryParams* params) {
  params->range = times.Range();
  std::optional<int64_t> first = times.start_ns, last = times.end_ns;
  int64_t window_ns = std::numeric_limits<int64_t>::max();
  for (const logql::RangeAggregation* aggregation : aggregations) {
    // What is absent says nothing of when: all the data does.
    const bool is_absent = aggregation->op == logql::RangeAggregation::Op::kAbsentOverTime;
    const std::vector<logql::Matcher> matchers =
        is_absent ? std::vector<logql::Matcher>() : aggregation->log.matchers;
    window_ns = std::min(window_ns, aggregation->range_ns);
    if (!times.start_ns) {
      GLP_ASSIGN_OR_RETURN(const auto edge,
                           EdgeOf(source, matchers, params->range, logql::Direction::kForward));
      if (edge) first = std::min(first.value_or(*edge), *edge);
    }
    if (!times.end_ns) {
      GLP_ASSIGN_OR_RETURN(const auto edge,
                           EdgeOf(source, matchers, params->range, logql::Direction::kBackward));
      if (edge) last = std::max(last.value_or(*edge), *edge);
    }
  }
  if (!first || !last) return false;
  params->step_ns = times.step_ns.value_or(LocalStep(*first, *last, window_ns));
  params->range.start_ns = times.start_ns ? *first : AlignDown(*first, params->step_ns);
  params->range.end_ns = times.end_ns ? *last : AlignUp(*last, params->step_ns);
  const uint64_t span_ns =
      static_cast<uint64_t>(params->range.end_ns) - static_cast<uint64_t>(params->range.start_ns);
  if (span_ns / static_cast<uint64_t>(params->step_ns) > kMaxPoints) {
    return UsageError(
        "--step makes more than a million points of this range; make it longer, or "
        "the range shorter");
  }
  return true;
}

}  // namespace glp::query
