// The range of a metric query whose sides were not given: that of the data.
// Threads: one at a time. Errors: those of the source; Code::kUsage for too many points.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "logql/eval.h"
#include "query_range.h"

namespace glp::query {

using Aggregations = std::vector<const logql::RangeAggregation*>;

// The time of the first or last entry of the selected streams; nothing where there is none.
Result<std::optional<int64_t>> EdgeOf(logql::EntrySource* source,
                                      const std::vector<logql::Matcher>& matchers,
                                      logql::TimeRange range, logql::Direction direction);

// Sets the range and the step of `params`. False where there is no data.
Result<bool> FindRange(const QueryTimes& times, logql::EntrySource* source,
                       const Aggregations& aggregations, logql::QueryParams* params);

}  // namespace glp::query
