// Times as templates compute with them.
#pragma once

#include <cstdint>
#include <string_view>

#include "codec/go_time_format.h"

namespace glp::codec::tmpl {

// A zone by name; UTC (nullptr) for "Local" and for a name that nobody knows.
const TimeZone* ZoneOrUtc(std::string_view name);
// time.ParseInLocation. False where the text does not fit the layout.
bool ParseGoTime(std::string_view layout, std::string_view location, std::string_view text,
                 GoTime* out);
// Wraps around outside of int64, as in Go.
int64_t UnixNanos(const GoTime& time);
GoTime MovedBy(const GoTime& time, int64_t ns);
// a - b, at most what int64 holds.
int64_t NsBetween(const GoTime& a, const GoTime& b);
// To the nearest multiple of the unit, halves away from zero.
int64_t RoundNs(int64_t ns, int64_t unit);

}  // namespace glp::codec::tmpl
