#include "base/time.h"

#include <chrono>
#include <cstring>

namespace glp {
namespace {

constexpr int64_t kSecondsPerDay = 86'400;

void PutDigits(char* out, uint32_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

// `digits` decimal digits at `p`, or -1.
int64_t ReadDigits(const char* p, int digits) {
  int64_t value = 0;
  for (int i = 0; i < digits; ++i) {
    unsigned digit = static_cast<unsigned>(p[i] - '0');
    if (digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

bool IsLeap(int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

unsigned DaysInMonth(int64_t year, unsigned month) {
  constexpr uint8_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeap(year) ? 29 : kDays[month - 1];
}

std::optional<int64_t> ToNs(int64_t seconds, int64_t nanosecond) {
  int64_t ns;
  // The floor second of the earliest int64 lies before the range although the sum is within it.
  if (seconds < 0 && nanosecond > 0) {
    if (__builtin_mul_overflow(seconds + 1, kNsPerSecond, &ns)) return std::nullopt;
    nanosecond -= kNsPerSecond;
  } else if (__builtin_mul_overflow(seconds, kNsPerSecond, &ns)) {
    return std::nullopt;
  }
  if (__builtin_add_overflow(ns, nanosecond, &ns)) return std::nullopt;
  return ns;
}

}  // namespace

int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int64_t SteadyNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
int64_t DaysFromCivil(int64_t year, unsigned month, unsigned day) {
  year -= month <= 2;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const unsigned year_of_era = static_cast<unsigned>(year - era * 400);
  const unsigned day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + static_cast<int64_t>(day_of_era) - 719'468;
}

CivilTime ToCivil(int64_t ts_ns) {
  int64_t seconds = ts_ns / kNsPerSecond;
  int64_t ns = ts_ns % kNsPerSecond;
  if (ns < 0) {
    ns += kNsPerSecond;
    --seconds;
  }
  int64_t days = seconds / kSecondsPerDay;
  int64_t second_of_day = seconds % kSecondsPerDay;
  if (second_of_day < 0) {
    second_of_day += kSecondsPerDay;
    --days;
  }
  const int64_t shifted = days + 719'468;
  const int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const unsigned day_of_era = static_cast<unsigned>(shifted - era * 146'097);
  const unsigned year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const unsigned day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned month_index = (5 * day_of_year + 2) / 153;
  CivilTime civil;
  civil.day = day_of_year - (153 * month_index + 2) / 5 + 1;
  civil.month = month_index < 10 ? month_index + 3 : month_index - 9;
  civil.year = static_cast<int64_t>(year_of_era) + era * 400 + (civil.month <= 2);
  civil.hour = static_cast<unsigned>(second_of_day / 3600);
  civil.minute = static_cast<unsigned>(second_of_day / 60 % 60);
  civil.second = static_cast<unsigned>(second_of_day % 60);
  civil.nanosecond = static_cast<unsigned>(ns);
  return civil;
}

std::optional<int64_t> FromCivil(const CivilTime& c) {
  if (c.month < 1 || c.month > 12 || c.day < 1 || c.day > DaysInMonth(c.year, c.month) ||
      c.hour > 23 || c.minute > 59 || c.second > 59 || c.nanosecond > 999'999'999) {
    return std::nullopt;
  }
  int64_t seconds = DaysFromCivil(c.year, c.month, c.day) * kSecondsPerDay + c.hour * 3600 +
                    c.minute * 60 + c.second;
  return ToNs(seconds, c.nanosecond);
}

void FormatTimestamp(int64_t ts_ns, char* out) {
  // Most times of a log lie in the second of the one before.
  thread_local int64_t last_second = INT64_MIN;
  thread_local char last_text[kTimestampSize];
  int64_t second = ts_ns / kNsPerSecond - (ts_ns % kNsPerSecond < 0);
  if (second != last_second) {
    CivilTime c = ToCivil(ts_ns);
    std::memcpy(last_text, "0000-00-00T00:00:00.000000000Z", kTimestampSize);
    PutDigits(last_text, static_cast<uint32_t>(c.year), 4);
    PutDigits(last_text + 5, c.month, 2);
    PutDigits(last_text + 8, c.day, 2);
    PutDigits(last_text + 11, c.hour, 2);
    PutDigits(last_text + 14, c.minute, 2);
    PutDigits(last_text + 17, c.second, 2);
    last_second = second;
  }
  std::memcpy(out, last_text, kTimestampSize);
  // The subtraction wraps for the first second of the range, and so does its product.
  uint64_t ns = static_cast<uint64_t>(ts_ns) -
                static_cast<uint64_t>(second) * static_cast<uint64_t>(kNsPerSecond);
  PutDigits(out + 20, static_cast<uint32_t>(ns), 9);
}

std::string FormatTimestamp(int64_t ts_ns) {
  std::string out(kTimestampSize, '\0');
  FormatTimestamp(ts_ns, out.data());
  return out;
}

std::optional<int64_t> ParseTimestampExact(std::string_view text) {
  if (text.size() != kTimestampSize) return std::nullopt;
  const char* p = text.data();
  if (p[4] != '-' || p[7] != '-' || p[10] != 'T' || p[13] != ':' || p[16] != ':' || p[19] != '.' ||
      p[29] != 'Z') {
    return std::nullopt;
  }
  int64_t ns = ReadDigits(p + 20, 9);
  if (ns < 0) return std::nullopt;
  // Most times of a log lie in the second of the one before.
  constexpr size_t kSecondSize = 19;
  thread_local char last_text[kSecondSize] = {};
  thread_local int64_t last_ns = 0;
  if (std::memcmp(p, last_text, kSecondSize) == 0) return last_ns + ns;
  int64_t year = ReadDigits(p, 4), month = ReadDigits(p + 5, 2), day = ReadDigits(p + 8, 2);
  int64_t hour = ReadDigits(p + 11, 2), minute = ReadDigits(p + 14, 2);
  int64_t second = ReadDigits(p + 17, 2);
  if ((year | month | day | hour | minute | second) < 0) return std::nullopt;
  std::optional<int64_t> ts = FromCivil(
      {year, static_cast<unsigned>(month), static_cast<unsigned>(day), static_cast<unsigned>(hour),
       static_cast<unsigned>(minute), static_cast<unsigned>(second), static_cast<unsigned>(ns)});
  // Near the ends of the range another fraction of the same second may not fit: not kept.
  if (ts && year > 1700 && year < 2200) {
    std::memcpy(last_text, p, kSecondSize);
    last_ns = *ts - ns;
  }
  return ts;
}

std::optional<int64_t> ParseRfc3339(std::string_view text) {
  const char* p = text.data();
  const char* end = p + text.size();
  if (text.size() < 20 || p[4] != '-' || p[7] != '-' ||
      (p[10] != 'T' && p[10] != 't' && p[10] != ' ') || p[13] != ':' || p[16] != ':') {
    return std::nullopt;
  }
  int64_t year = ReadDigits(p, 4), month = ReadDigits(p + 5, 2), day = ReadDigits(p + 8, 2);
  int64_t hour = ReadDigits(p + 11, 2), minute = ReadDigits(p + 14, 2);
  int64_t second = ReadDigits(p + 17, 2);
  if ((year | month | day | hour | minute | second) < 0) return std::nullopt;
  p += 19;
  uint32_t ns = 0;
  if (*p == '.' || *p == ',') {
    const char* fraction = ++p;
    uint32_t unit = 100'000'000;
    for (; p < end && *p >= '0' && *p <= '9'; ++p) {
      ns += static_cast<uint32_t>(*p - '0') * unit;
      unit /= 10;
    }
    if (p == fraction) return std::nullopt;
  }
  int64_t offset_seconds = 0;
  if (p < end && (*p == 'Z' || *p == 'z')) {
    ++p;
  } else {
    if (end - p != 6 || (*p != '+' && *p != '-') || p[3] != ':') return std::nullopt;
    int64_t hours = ReadDigits(p + 1, 2), minutes = ReadDigits(p + 4, 2);
    if (hours < 0 || hours > 24 || minutes < 0 || minutes > 59) return std::nullopt;
    offset_seconds = (hours * 3600 + minutes * 60) * (*p == '-' ? -1 : 1);
    p += 6;
  }
  if (p != end) return std::nullopt;
  CivilTime civil{year,
                  static_cast<unsigned>(month),
                  static_cast<unsigned>(day),
                  static_cast<unsigned>(hour),
                  static_cast<unsigned>(minute),
                  static_cast<unsigned>(second),
                  ns};
  std::optional<int64_t> local = FromCivil(civil);
  int64_t utc;
  if (!local || __builtin_sub_overflow(*local, offset_seconds * kNsPerSecond, &utc)) {
    return std::nullopt;
  }
  return utc;
}

}  // namespace glp
