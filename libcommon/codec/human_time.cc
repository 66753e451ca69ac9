#include "codec/human_time.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "base/time.h"
#include "base/units.h"

namespace glp::codec {
namespace {

constexpr int64_t kDayS = 86'400;
constexpr std::string_view kDigits = "0123456789";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool AllDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsDigit);
}

// A number of at most `most` digits at the start of `text`, which loses them.
std::optional<int> TakeNumber(std::string_view* text, size_t most) {
  const size_t size = std::min(text->find_first_not_of(kDigits), text->size());
  if (size == 0 || size > most) return std::nullopt;
  const auto number = ParseInt64(text->substr(0, size));
  text->remove_prefix(size);
  return static_cast<int>(*number);
}

bool TakeChar(std::string_view* text, char c) {
  if (!text->starts_with(c)) return false;
  text->remove_prefix(1);
  return true;
}

int DaysIn(int64_t year, int month) {
  const unsigned next = month == 12 ? 1 : static_cast<unsigned>(month) + 1;
  return static_cast<int>(DaysFromCivil(month == 12 ? year + 1 : year, next, 1) -
                          DaysFromCivil(year, static_cast<unsigned>(month), 1));
}

// --- Lengths of time ----------------------------------------------------------------------------

struct Span {
  int64_t ns = 0;
  int64_t months = 0;
};

// The unit by any of its names: as durations write it; months and years, which have no length of
// their own, as "month" and "year"; "" for none.
std::string_view UnitOf(std::string_view word) {
  struct Names {
    std::string_view unit;
    std::array<std::string_view, 6> names;
  };
  static constexpr Names kUnits[] = {
      {"ns", {"nanosecond", "nanoseconds"}},
      {"us", {"µs", "μs", "microsecond", "microseconds"}},
      {"ms", {"msec", "msecs", "millisecond", "milliseconds"}},
      {"s", {"sec", "secs", "second", "seconds"}},
      {"m", {"min", "mins", "minute", "minutes"}},
      {"h", {"hr", "hrs", "hour", "hours"}},
      {"d", {"day", "days"}},
      {"w", {"week", "weeks"}},
      {"y", {}},
      {"month", {"months"}},
      {"year", {"years"}},
  };
  if (word.empty()) return {};
  for (const Names& unit : kUnits) {
    if (word == unit.unit) return unit.unit;
    if (std::find(unit.names.begin(), unit.names.end(), word) != unit.names.end()) {
      return unit.unit;
    }
  }
  return {};
}

void SkipBlanks(std::string_view* text) {
  while (TakeChar(text, ' ') || TakeChar(text, '\t')) {
  }
}

// "2h30m", "1 hour 30 min", "a week", "2 days and 3 hours". Nothing where it is not that; then
// `part` is where it ends to be. REQUIRES: lower case.
std::optional<Span> ParseSpan(std::string_view text, std::string_view* part) {
  Span span;
  bool any = false;
  for (SkipBlanks(&text); !text.empty(); SkipBlanks(&text)) {
    if (any && TakeChar(&text, ',')) continue;
    if (any && text.starts_with("and ")) {
      text.remove_prefix(4);
      continue;
    }
    *part = text.substr(0, text.find(' '));
    std::string number(
        text.substr(0, std::min(text.find_first_not_of("0123456789."), text.size())));
    if (!number.empty()) {
      text.remove_prefix(number.size());
    } else if (text.starts_with("a ") || text.starts_with("an ")) {
      text.remove_prefix(text.find(' '));
      number = "1";
    } else {
      return std::nullopt;
    }
    SkipBlanks(&text);
    const std::string_view word =
        text.substr(0, std::min(text.find_first_of("0123456789. \t,"), text.size()));
    const std::string_view unit = UnitOf(word);
    if (unit.empty()) {
      if (!word.empty()) *part = word;
      return std::nullopt;
    }
    text.remove_prefix(word.size());
    any = true;
    if (unit == "month" || unit == "year") {
      const auto count = ParseInt64(number);
      if (!count || *count > 12'000) return std::nullopt;
      span.months += unit == "year" ? *count * 12 : *count;
      continue;
    }
    const Result<int64_t> ns = ParseDurationNs(number + std::string(unit));
    if (!ns.ok() || __builtin_add_overflow(span.ns, *ns, &span.ns)) return std::nullopt;
  }
  if (!any) return std::nullopt;
  return span;
}

// --- Counts since 1970 --------------------------------------------------------------------------

// A count by its size: of seconds up to ten digits, which reach the year 2286, then of
// milliseconds, microseconds and nanoseconds.
std::optional<int64_t> ParseCount(std::string_view text) {
  TakeChar(&text, '@');
  const bool negative = TakeChar(&text, '-');
  const size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  std::string fraction(dot == text.npos ? "" : text.substr(dot + 1));
  if (!AllDigits(whole) || (dot != text.npos && !AllDigits(fraction)) || whole.size() > 19) {
    // As a program may write it: 1.7676072e+09.
    const auto seconds = dot == text.npos ? std::nullopt : ParseDouble(text);
    if (!seconds || !std::isfinite(*seconds) || std::fabs(*seconds) >= 9.2e9) return std::nullopt;
    return std::llround(*seconds * 1000) * kNsPerMs * (negative ? -1 : 1);
  }
  const int64_t unit_ns = whole.size() <= 10   ? kNsPerSecond
                          : whole.size() <= 13 ? kNsPerMs
                          : whole.size() <= 16 ? 1'000
                                               : 1;
  fraction.resize(9, '0');
  const int64_t part_ns = *ParseInt64(fraction) * unit_ns / kNsPerSecond;
  const auto count = ParseInt64(whole);
  int64_t ns;
  if (!count || __builtin_mul_overflow(*count, unit_ns, &ns) ||
      __builtin_add_overflow(ns, part_ns, &ns)) {
    return std::nullopt;
  }
  return negative ? -ns : ns;
}

// 20260105 as 2026-01-05; nothing where it is no day of 1970 and later. As a count of seconds,
// which
// `@` in front still makes it, it would be a day of 1970 to 1973.
std::optional<std::string> ParseBasicDate(std::string_view text) {
  if (text.size() != 8 || !AllDigits(text)) return std::nullopt;
  const int64_t year = *ParseInt64(text.substr(0, 4)), month = *ParseInt64(text.substr(4, 2)),
                day = *ParseInt64(text.substr(6));
  if (year < 1970 || year > 2261 || month < 1 || month > 12 || day < 1 ||
      day > DaysIn(year, static_cast<int>(month))) {
    return std::nullopt;
  }
  return std::string(text.substr(0, 4)) + "-" + std::string(text.substr(4, 2)) + "-" +
         std::string(text.substr(6));
}

bool IsBareYear(std::string_view text) {
  return text.size() == 4 && AllDigits(text) && text >= "1970" && text <= "2261";
}

// --- Days and clocks ----------------------------------------------------------------------------

template <typename Name>
std::optional<int> FindName(std::string_view word, int first, int last, Name name) {
  for (int i = first; i <= last; ++i) {
    const std::string full = AsciiLower(name(i));
    if (word == full || word == full.substr(0, 3)) return i;
  }
  return std::nullopt;
}
std::optional<int> MonthOf(std::string_view word) {
  if (word == "sept") return 9;
  return FindName(word, 1, 12, MonthName);
}
std::optional<int> WeekdayOf(std::string_view word) {
  if (word == "tues") return 2;
  if (word == "thur" || word == "thurs") return 4;
  return FindName(word, 0, 6, WeekdayName);
}

// Reads the words of a day and a clock, in whatever order they come.
class DayReader {
 public:
  explicit DayReader(const HumanClock& clock) : clock_(clock) {}

  // False where a word is not understood; then problem() says which and why.
  bool Read(const std::vector<std::string_view>& words) {
    for (size_t i = 0; i < words.size(); ++i) {
      const std::string lower = AsciiLower(words[i]);
      const std::string next = i + 1 < words.size() ? AsciiLower(words[i + 1]) : "";
      // "2 pm"
      if ((next == "am" || next == "pm") && IsDigit(lower[0])) {
        if (!ReadClock(lower + next)) return Fail(words[i], "is no time of day");
        ++i;
        continue;
      }
      if (!ReadWord(words[i], lower)) return Fail(words[i], "is not understood");
    }
    return true;
  }
  const std::string& problem() const { return problem_; }

  std::optional<int64_t> Resolve() {
    if (zone_) clock_.zone = *zone_;
    today_ = ClockOf(clock_.zone.At(clock_.now_ns));
    Date date;
    if (!FindDate(&date)) return std::nullopt;
    const int64_t seconds_of_day = clock_ns_.value_or(0) / kNsPerSecond;
    const int64_t unix_s =
        UnixOf(date.year, date.month, date.day, seconds_of_day, clock_.zone.At(clock_.now_ns));
    int64_t ns;
    if (__builtin_mul_overflow(unix_s, kNsPerSecond, &ns) ||
        __builtin_add_overflow(ns, clock_ns_.value_or(0) % kNsPerSecond, &ns)) {
      problem_ = "it is not in the years 1678 to 2261";
      return std::nullopt;
    }
    return ns;
  }

 private:
  struct Date {
    int64_t year = 0;
    int64_t month = 0, day = 0;
  };

  // The first problem is the one that is told.
  bool Fail(std::string_view word, std::string_view why) {
    if (problem_.empty()) problem_ = "\"" + std::string(word) + "\" " + std::string(why);
    return false;
  }

  template <typename T>
  bool Set(std::optional<T>* field, T value, std::string_view word, std::string_view what) {
    if (field->has_value()) return Fail(word, "is one " + std::string(what) + " too many");
    *field = value;
    return true;
  }

  bool ReadWord(std::string_view word, const std::string& lower) {
    if (lower == "at" || lower == "on") return true;
    if (lower == "last") return Set(&last_, true, word, "word");
    if (lower == "today") return Set(&shift_, int64_t{0}, word, "day");
    if (lower == "yesterday") return Set(&shift_, int64_t{-1}, word, "day");
    if (lower == "tomorrow") return Set(&shift_, int64_t{1}, word, "day");
    if (lower == "noon") return Set(&clock_ns_, 12 * 3600 * kNsPerSecond, word, "time of day");
    if (lower == "midnight") return Set(&clock_ns_, int64_t{0}, word, "time of day");
    if (const auto weekday = WeekdayOf(lower)) return Set(&weekday_, *weekday, word, "weekday");
    if (const auto month = MonthOf(lower)) return Set(&month_, *month, word, "month");
    if (IsDigit(lower[0])) return ReadNumber(word, lower);
    const Result<ClockZone> zone = ClockZone::Find(word);
    return zone.ok() && lower != "local" && Set(&zone_, *zone, word, "time zone");
  }

  bool ReadNumber(std::string_view word, std::string_view lower) {
    if (lower.size() >= 8 && (lower[4] == '-' || lower[4] == '/')) return ReadIso(word, lower);
    if (lower.find('/') != lower.npos) return ReadAccessLog(word, lower);
    if (lower.find(':') != lower.npos || lower.ends_with("am") || lower.ends_with("pm")) {
      return ReadClock(lower) || Fail(word, "is no time of day");
    }
    std::string_view rest = lower;
    const std::optional<int> number = TakeNumber(&rest, 4);
    if (!number) return false;
    if (lower.size() == 4 && rest.empty()) return Set(&year_, *number, word, "year");
    const bool is_day =
        rest.empty() || rest == "st" || rest == "nd" || rest == "rd" || rest == "th";
    return is_day && lower.size() - rest.size() <= 2 && Set(&day_, *number, word, "day");
  }

  // 05/Jan/2026:14:00:00, as web servers write it.
  bool ReadAccessLog(std::string_view word, std::string_view text) {
    const size_t end = text.find(':');
    const std::vector<std::string_view> parts = Split(text.substr(0, end), '/');
    if (parts.size() != 3 || parts[0].size() > 2 || parts[2].size() != 4 || !AllDigits(parts[0]) ||
        !AllDigits(parts[2])) {
      return false;
    }
    const std::optional<int> month = MonthOf(parts[1]);
    if (!month || !Set(&year_, static_cast<int>(*ParseInt64(parts[2])), word, "day") ||
        !Set(&month_, *month, word, "day") ||
        !Set(&day_, static_cast<int>(*ParseInt64(parts[0])), word, "day")) {
      return false;
    }
    return end == text.npos || ReadClock(text.substr(end + 1)) || Fail(word, "has no time of day");
  }

  // 2026-01-05, 2026-1-5T14:00+02:00, 2026/01/05
  bool ReadIso(std::string_view word, std::string_view text) {
    const char dash = text[4];
    const size_t end = text.find('t');
    std::string_view day = text.substr(0, end);
    const auto year = TakeNumber(&day, 4);
    if (!TakeChar(&day, dash)) return false;
    const auto month = TakeNumber(&day, 2);
    if (!month || !TakeChar(&day, dash)) return false;
    const auto number = TakeNumber(&day, 2);
    if (!number || !day.empty()) return false;
    if (!Set(&year_, *year, word, "day") || !Set(&month_, *month, word, "day") ||
        !Set(&day_, *number, word, "day")) {
      return false;
    }
    if (end == text.npos) return true;
    const std::string_view clock = text.substr(end + 1);
    return ReadClock(clock) ||
           Fail(clock.empty() ? word : word.substr(end + 1), "is no time of day");
  }

  // 14:00, 9:30pm, 9am, 14:00:05.5+02:00
  bool ReadClock(std::string_view text) {
    const std::string_view word = text;
    const auto hour = TakeNumber(&text, 2);
    if (!hour) return false;
    std::optional<int> minute = 0, second = 0;
    int64_t fraction_ns = 0;
    const bool has_minute = TakeChar(&text, ':');
    if (has_minute) {
      if (text.find_first_not_of(kDigits) == 1 || text.size() == 1) return false;
      minute = TakeNumber(&text, 2);
      if (TakeChar(&text, ':')) second = TakeNumber(&text, 2);
      if (TakeChar(&text, '.') || TakeChar(&text, ',')) {
        const size_t size = std::min(text.find_first_not_of(kDigits), text.size());
        if (size == 0) return false;
        std::string digits(text.substr(0, size));
        digits.resize(9, '0');
        fraction_ns = *ParseInt64(digits);
        text.remove_prefix(size);
      }
    }
    if (!minute || !second || *minute > 59 || *second > 59) return false;
    int64_t hours = *hour;
    if (text.starts_with("am") || text.starts_with("pm")) {
      if (hours < 1 || hours > 12) return false;
      hours = hours % 12 + (text[0] == 'p' ? 12 : 0);
      text.remove_prefix(2);
    } else if (!has_minute) {
      return false;
    }
    const int64_t ns = ((hours * 60 + *minute) * 60 + *second) * kNsPerSecond + fraction_ns;
    // 24:00 is the end of the day.
    if (ns > kDayS * kNsPerSecond) return false;
    if (!text.empty()) {
      const Result<ClockZone> zone = ClockZone::Find(text);
      if (!zone.ok() || !Set(&zone_, *zone, text, "time zone")) return false;
    }
    return Set(&clock_ns_, ns, word, "time of day");
  }

  bool FindDate(Date* date) {
    if (last_ && !weekday_) return Fail("last", "wants a weekday behind it");
    const bool has_date = month_ || day_ || year_;
    if (has_date && (!month_ || !day_)) {
      problem_ = month_ ? "the day of the month is missing" : "the month is missing";
      return false;
    }
    if (shift_ && (has_date || weekday_)) {
      problem_ = "it names two days";
      return false;
    }
    if (has_date) return FindCalendarDate(date);
    int64_t shift = shift_.value_or(0);
    if (weekday_) {
      shift = -((today_.weekday - *weekday_ + 7) % 7);
      if (last_ && shift == 0) shift = -7;
    }
    *date = {today_.year, today_.month, today_.day + shift};
    return true;
  }

  bool FindCalendarDate(Date* date) {
    *date = {year_.value_or(static_cast<int>(today_.year)), *month_, *day_};
    if (!year_) {
      // The 29th of February may be eight years away.
      const auto later = [this](const Date& d) {
        return std::pair(d.month, d.day) > std::pair<int64_t, int64_t>(today_.month, today_.day);
      };
      if (later(*date)) --date->year;
      for (int i = 0; i < 8 && IsLeapDay() && DaysIn(date->year, 2) < 29; ++i) --date->year;
    }
    if (*month_ < 1 || *month_ > 12 || *day_ < 1 || *day_ > DaysIn(date->year, *month_)) {
      problem_ = "the calendar has no such day";
      return false;
    }
    const int64_t days =
        DaysFromCivil(date->year, static_cast<unsigned>(*month_), static_cast<unsigned>(*day_));
    const auto weekday = static_cast<int>(((days + 4) % 7 + 7) % 7);
    if (weekday_ && *weekday_ != weekday) {
      problem_ = "that day of " + std::to_string(date->year) + " is a " +
                 std::string(WeekdayName(weekday));
      return false;
    }
    return true;
  }
  bool IsLeapDay() const { return *month_ == 2 && *day_ == 29; }

  HumanClock clock_;
  GoClock today_ = {};
  std::optional<int> year_, month_, day_, weekday_;
  std::optional<int64_t> shift_;     // days from today
  std::optional<int64_t> clock_ns_;  // of the day
  std::optional<ClockZone> zone_;
  std::optional<bool> last_;
  std::string problem_;
};

Status NotATime(std::string_view text, const std::string& problem) {
  return UsageError("\"" + std::string(text) + "\" is not a point in time" +
                    (problem.empty() ? "" : ": " + problem) +
                    "; write 14:00, yesterday 14:00, last friday, 2h ago, 2026-01-05 14:00, "
                    "2026-01-05T10:00:00Z or 1767607200");
}

// The same clock on the same day of a month so many months away, or on that month's last day.
std::optional<int64_t> AddMonths(const HumanClock& clock, int64_t months) {
  const GoTime now = clock.zone.At(clock.now_ns);
  const GoClock c = ClockOf(now);
  const int64_t index = c.year * 12 + c.month - 1 + months;
  const int64_t year = index / 12, month = index % 12 + 1;
  if (year < 1678 || year > 2261) return std::nullopt;
  const int day = std::min(c.day, DaysIn(year, static_cast<int>(month)));
  return UnixOf(year, month, day, c.hour * 3600 + c.minute * 60 + c.second, now) * kNsPerSecond +
         now.ns;
}

Result<int64_t> Shift(const HumanClock& clock, Span span, bool ahead, std::string_view text) {
  HumanClock from = clock;
  if (span.months != 0) {
    const auto moved = AddMonths(clock, ahead ? span.months : -span.months);
    if (!moved) return NotATime(text, "it is not in the years 1678 to 2261");
    from.now_ns = *moved;
  }
  if (!ahead) return TimeBefore(from.now_ns, span.ns);
  int64_t ns;
  if (__builtin_add_overflow(from.now_ns, span.ns, &ns)) return std::numeric_limits<int64_t>::max();
  return ns;
}

}  // namespace

int64_t TimeBefore(int64_t point_ns, int64_t span_ns) {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  return point_ns < kMin + span_ns ? kMin : point_ns - span_ns;
}

Result<int64_t> ParseHumanSpan(std::string_view text) {
  std::string_view part;
  const std::string lower = AsciiLower(text);
  const auto span = ParseSpan(lower, &part);
  if (!span || span->months != 0 || span->ns <= 0) {
    return UsageError("\"" + std::string(text) +
                      "\" is not a time span above zero; write 30s, 1h30m, 2 days or 1w");
  }
  return span->ns;
}

Result<int64_t> ParseHumanTime(std::string_view text, const HumanClock& clock) {
  const std::string_view trimmed = TrimSpace(text);
  if (const auto date = ParseBasicDate(trimmed)) return ParseHumanTime(*date, clock);
  if (IsBareYear(trimmed)) {
    return NotATime(text, "it may be a year; @" + std::string(trimmed) + " is a count of seconds");
  }
  if (const auto ns = ParseCount(trimmed)) return *ns;
  if (const auto ns = ParseRfc3339(trimmed)) return *ns;

  const std::string lower = AsciiLower(trimmed);
  std::string_view rest = lower;
  bool is_relative = false, ahead = false;
  if (rest == "now" || rest.starts_with("now ") || rest.starts_with("now+") ||
      rest.starts_with("now-")) {
    rest = TrimSpace(rest.substr(3));
    if (rest.empty()) return clock.now_ns;
    is_relative = true;
  }
  if (rest.starts_with('-') || rest.starts_with('+')) {
    is_relative = true;
    ahead = rest[0] == '+';
    rest.remove_prefix(1);
  } else if (rest.ends_with(" ago")) {
    is_relative = true;
    rest.remove_suffix(4);
  } else if (is_relative) {
    return NotATime(text, "\"" + std::string(rest) + "\" is not understood");
  }
  std::string_view part;
  if (const auto span = ParseSpan(rest, &part)) return Shift(clock, *span, ahead, text);
  if (is_relative) {
    return NotATime(text, part.empty() ? "" : "\"" + std::string(part) + "\" is no length of time");
  }

  std::vector<std::string_view> words;
  for (std::string_view word : Split(trimmed, ' ')) {
    while (word.ends_with(',')) word.remove_suffix(1);
    if (!word.empty()) words.push_back(word);
  }
  if (words.empty()) return NotATime(text, "");
  DayReader reader(clock);
  std::optional<int64_t> ns;
  if (reader.Read(words)) ns = reader.Resolve();
  if (ns) return *ns;
  const bool says_more = !reader.problem().starts_with("\"" + std::string(trimmed) + "\"");
  return NotATime(text, says_more ? reader.problem() : "");
}

}  // namespace glp::codec
