// Points in time as nanoseconds since 1970 UTC (int64_t `ts_ns`), and their texts.
// Range of int64: 1677-09-21 to 2262-04-11. Threads: pure functions unless said.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace glp {

inline constexpr int64_t kNsPerSecond = 1'000'000'000;
inline constexpr int64_t kNsPerMs = 1'000'000;

// The clock of the machine. Tests pass their own times instead.
int64_t NowNs();
// A clock that only goes forward, for deadlines; where it begins says nothing.
int64_t SteadyNs();

inline constexpr size_t kTimestampSize = 30;
// "2026-01-05T00:00:00.009977721Z": always nine digits and Z. `out` has room for kTimestampSize
// bytes. REQUIRES: the year has four digits (every int64_t does).
void FormatTimestamp(int64_t ts_ns, char* out);
std::string FormatTimestamp(int64_t ts_ns);

// Exactly the form of FormatTimestamp, fast; nothing for any other text.
std::optional<int64_t> ParseTimestampExact(std::string_view text);
// RFC 3339 with any offset and any number of fraction digits (more than nine are cut), `T` or a
// blank between date and time; nothing where it is not that or out of range.
std::optional<int64_t> ParseRfc3339(std::string_view text);
// Civil date helpers (proleptic Gregorian, UTC).
int64_t DaysFromCivil(int64_t year, unsigned month, unsigned day);
struct CivilTime {
  int64_t year;
  unsigned month, day, hour, minute, second, nanosecond;
};
CivilTime ToCivil(int64_t ts_ns);
// Nothing where a field is out of range or the time does not fit into int64 nanoseconds.
std::optional<int64_t> FromCivil(const CivilTime& civil);

}  // namespace glp
