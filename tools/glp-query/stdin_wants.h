// What a query can want of the records on standard input: nothing else needs to be kept.
// Threads: pure functions. Errors: Code::kUsage for filters that cannot run.
#pragma once

#include <vector>

#include "base/result.h"
#include "data_range.h"
#include "entry_reader.h"
#include "logql/expr.h"
#include "query_range.h"

namespace glp::query {

// `needs_neighbours`: lines that do not pass are wanted, too, as context of those that do.
Result<EntryWants> WantsOf(const logql::LogExpr& log, logql::TimeRange range,
                           bool needs_neighbours);

// A metric with these aggregations in it.
Result<EntryWants> WantsOf(const logql::MetricExpr& metric, const Aggregations& aggregations,
                           const QueryTimes& times);

}  // namespace glp::query
