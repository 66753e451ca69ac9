// A long range of a server cut into jobs of time that several connections read at once.
// Jobs begin at multiples of their length, so that a second run with another end has the same ones.
// Threads: pure functions. Units: nanoseconds since 1970; ranges are half open.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "logql/source.h"

namespace glp::query {

// In the order of `direction`. Errors: Code::kUsage for more than 100,000.
Result<std::vector<logql::TimeRange>> SplitRange(logql::TimeRange range, int64_t length_ns,
                                                 logql::Direction direction);

// PREFIX_START_END.part, the times in UTC as 20260105T100000.000000000: down to the nanosecond, so
// that no two jobs have one name.
std::string PartPath(const std::string& prefix, logql::TimeRange job);

}  // namespace glp::query
