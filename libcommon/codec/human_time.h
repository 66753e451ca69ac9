// Points in time as people type them. In any case, words in any order:
//   now, today, yesterday, tomorrow, noon, midnight, 14:00, 14:00:05.5, 9am, 9:30 pm
//   monday, last friday 9:00, yesterday at noon
//   2026-01-05, 2026-01-05 14:00, 2026-01-05T14:00:05.5+02:00, Jan 5 14:00, 5 Jan 2026,
//   Mon, 05 Jan 2026 14:00:05 +0100, 2026/01/05 14:00:05, 05/Jan/2026:14:00:05 +0100, 20260105
//   2h, 2h30m, 2h ago, -2h30m, now-2h, 1 hour 30 min ago, a week ago; +2h is to come
//   1767571200, @1767571200.5; by its size a count since 1970 is of s, ms, us or ns, but
//   for eight digits that are a day, and four that are a year, which are refused
// A day alone is its midnight; a clock alone is today's. A weekday is the last one, today included,
// with `last` without it. A date without a year is the last one, today included. A day has the
// hours its clocks show: times that they skip or show twice are those that Go's time.Date picks.
// Durations are of LogQL's units, a day 24 hours; months and years ago go by the calendar.
// Threads: pure functions. Errors: Code::kUsage, naming what was not understood.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "codec/clock_zone.h"

namespace glp::codec {

struct HumanClock {
  int64_t now_ns = 0;
  ClockZone zone = {};  // of times that name none
};

Result<int64_t> ParseHumanTime(std::string_view text, const HumanClock& clock);

// A length of time above zero: "2h30m", "2 hours", "1 day 12 h", in ns.
Result<int64_t> ParseHumanSpan(std::string_view text);

// `point_ns` less `span_ns`, or the first instant there is. REQUIRES: span_ns >= 0.
int64_t TimeBefore(int64_t point_ns, int64_t span_ns);

}  // namespace glp::codec
