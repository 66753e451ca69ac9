// The times of a query as people type them: --since, --from, --to, --at and --step.
// Units: nanoseconds since 1970 UTC; ranges are half open. Errors: Code::kUsage naming the option.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "codec/clock_zone.h"
#include "logql/source.h"

namespace glp::query {

// What was typed; "" where an option was not given.
struct TimeWords {
  std::string since, from, to, at, step, zone;
};

struct QueryTimes {
  std::optional<int64_t> start_ns, end_ns;  // nothing: open at that side
  std::optional<int64_t> at_ns;             // one instant
  std::optional<int64_t> step_ns;           // nothing: DefaultStep of the range
  codec::ClockZone zone;                    // of times without one, typed and printed

  // The open sides as far as int64 goes.
  logql::TimeRange Range() const;
};

// Points in time as codec/human_time.h reads them; `since` is one, or a span before now or before
// `to` where that is earlier. `tz` is the variable TZ, nullptr where it is not set.
Result<QueryTimes> ParseTimes(const TimeWords& words, int64_t now_ns, const char* tz);

// A server is asked for the last hour where nothing else was said, as logcli does.
void CloseForServer(QueryTimes* times, int64_t now_ns);

// Range / 250 in whole seconds, at least one: what Loki takes when it is given no step.
int64_t DefaultStep(int64_t start_ns, int64_t end_ns);

// The multiple of `step_ns` at or below (above) a point: ranges taken from the data start and end
// at round times and leave neither the first nor the last entry out.
int64_t AlignDown(int64_t point_ns, int64_t step_ns);
int64_t AlignUp(int64_t point_ns, int64_t step_ns);

}  // namespace glp::query
