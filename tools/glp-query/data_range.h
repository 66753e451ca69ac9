// The range of a metric query whose sides were not given: that of the data.
// Threads: one at a time. Errors: those of the source; Code::kUsage for too many points.
#pragma once

#include <vector>

#include "base/result.h"
#include "logql/eval.h"
#include "query_range.h"

namespace glp::query {

using Aggregations = std::vector<const logql::RangeAggregation*>;

// Sets the range and the step of `params`. False where there is no data.
Result<bool> FindRange(const QueryTimes& times, logql::EntrySource* source,
                       const Aggregations& aggregations, logql::QueryParams* params);

}  // namespace glp::query
