// The parameters of Loki's read API, read as Loki reads them, refused in its words.
// Threads: pure functions. Errors: Code::kUsage; the message is the text of the 400 answer.
// Source:  pkg/loghttp of Loki 3.7.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "logql/source.h"
#include "wire/http.h"

namespace glp::wire {

// `text` as a time: nanoseconds; integers of up to 10 characters are seconds, those with a point
// seconds rounded to milliseconds, anything else RFC 3339. `name` stands in the error.
Result<int64_t> ParseTimeParam(std::string_view name, std::string_view text);
// Seconds as a number ("15", "0.5") or a duration ("15s", "1m").
Result<int64_t> ParseStepParam(std::string_view text);

// start, end and since. Without `end` now; without `start` one hour (or `since`) before it.
Result<logql::TimeRange> ParseBounds(const Request& request, int64_t now_ns);

// A number of things, as `limit`; `fallback` where it is not given.
Result<uint32_t> ParseCount(const Request& request, std::string_view name, uint32_t fallback);

// Without `query`: wire/query_checks.h reads it.
struct RangeParams {
  logql::TimeRange range;  // start <= end
  int64_t step_ns = 0;     // > 0
  int64_t interval_ns = 0;
  uint32_t limit = 0;
  logql::Direction direction = logql::Direction::kBackward;
};
Result<RangeParams> ParseRangeParams(const Request& request, int64_t now_ns);

struct InstantParams {
  int64_t at_ns = 0;
  uint32_t limit = 0;
  logql::Direction direction = logql::Direction::kBackward;
};
Result<InstantParams> ParseInstantParams(const Request& request, int64_t now_ns);

struct TailParams {
  std::string query;
  int64_t start_ns = 0;  // of what was there before
  uint32_t limit = 0;    // of the same
  int64_t delay_ns = 0;
};
Result<TailParams> ParseTailParams(const Request& request, int64_t now_ns);

// Whether X-Loki-Response-Encoding-Flags asks for labels by category.
bool WantsCategories(const Request& request);

// Start down and end up to whole steps, as Loki does for range queries of a metric.
logql::TimeRange AlignToStep(logql::TimeRange range, int64_t step_ns);

}  // namespace glp::wire
