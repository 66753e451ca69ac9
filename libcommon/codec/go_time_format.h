// Times as Go's time.Time keeps and writes them: an instant with the zone it is read in, and text
// by a reference layout ("2006-01-02 15:04:05.000 -0700 MST"). Threads: const from any. Range: all
// years that int64 seconds hold, as in Go. Format:  Go's package time, Time.Format; recorded
// answers are in the test.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/zone.h"

namespace glp::codec {

struct GoTime {
  int64_t unix_s = 0;
  int32_t ns = 0;  // 0 to 999'999'999
  bool is_fixed = false;
  int32_t fixed_offset_s = 0;      // with is_fixed: an offset read from a text, without a zone
  std::string_view fixed_name;     // with is_fixed: the abbreviation read with it, or ""
  const TimeZone* zone = nullptr;  // else this zone, UTC if none; outlives the time

  static GoTime FromNs(int64_t ts_ns);
};

// "0001-01-01 00:00:00 +0000 UTC", what Go takes for no time.
inline constexpr int64_t kZeroTimeS = -62'135'596'800;

struct GoClock {
  int64_t year;
  int month, day, hour, minute, second;  // month and day from 1
  int weekday;                           // 0: Sunday
  int year_day;                          // from 1
  int64_t offset_s;
  std::string zone_name;  // "CET"; "+03" or "" where the zone has no letters
};
// Seconds east of UTC at this instant.
int64_t OffsetAt(const GoTime& time);
GoClock ClockOf(const GoTime& time);
// The instant of a calendar date and clock, which may be out of range (month 14, day 0), in a zone.
// REQUIRES: all of them within a few hundred million.
int64_t UnixOf(int64_t year, int64_t month, int64_t day, int64_t seconds_of_day,
               const GoTime& zone_of);

void AppendGoTime(const GoTime& time, std::string_view layout, std::string* out);
// "2006-01-02 15:04:05.999999999 -0700 MST", how Go prints a time.
void AppendGoTime(const GoTime& time, std::string* out);
std::string FormatGoTime(std::string_view layout, int64_t ts_ns, const TimeZone* zone);

std::string_view MonthName(int month);      // 1 to 12; "" otherwise
std::string_view WeekdayName(int weekday);  // 0 to 6; "" otherwise

// A zone by its IANA name, "UTC" and "" (none: nullptr) or "Local"; kept until the process ends.
// Errors: Code::kUsage for a name that is not known.
Result<const TimeZone*> FindZone(std::string_view name);

}  // namespace glp::codec
