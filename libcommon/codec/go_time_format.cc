#include "codec/go_time_format.h"

#include <map>
#include <memory>
#include <mutex>

#include "base/time.h"
#include "codec/go_time_layout.h"

namespace glp::codec {
namespace {

constexpr std::string_view kMonths[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
constexpr std::string_view kWeekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                          "Thursday", "Friday", "Saturday"};
constexpr int64_t kDayS = 86'400;

int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0); }

TimeZone::Offset ZoneAt(const GoTime& time) {
  if (time.is_fixed) return {time.fixed_offset_s, std::string(time.fixed_name)};
  if (time.zone == nullptr) return {0, "UTC"};
  return time.zone->At(time.unix_s);
}

void AppendNumber(int64_t value, int width, char pad, std::string* out) {
  std::string digits = std::to_string(value < 0 ? -value : value);
  if (value < 0) *out += '-';
  if (static_cast<int>(digits.size()) < width) {
    out->append(static_cast<size_t>(width) - digits.size(), pad);
  }
  *out += digits;
}

void AppendFraction(char separator, int32_t ns, TimePart part, int digits, std::string* out) {
  std::string text = std::to_string(1'000'000'000 + static_cast<int64_t>(ns)).substr(1);
  if (digits < 9) text.resize(static_cast<size_t>(digits));
  if (part == TimePart::kFraction9) {
    while (!text.empty() && text.back() == '0') text.pop_back();
    if (text.empty()) return;
  }
  *out += separator;
  *out += text;
}

void AppendOffset(TimePart part, int64_t offset_s, std::string* out) {
  bool iso = part >= TimePart::kIso && part <= TimePart::kIsoColonSeconds;
  if (iso && offset_s == 0) {
    *out += 'Z';
    return;
  }
  if (iso) {
    part = static_cast<TimePart>(static_cast<int>(part) - static_cast<int>(TimePart::kIso) +
                                 static_cast<int>(TimePart::kNum));
  }
  *out += offset_s < 0 ? '-' : '+';
  int64_t s = offset_s < 0 ? -offset_s : offset_s;
  std::string_view colon =
      part == TimePart::kNumColon || part == TimePart::kNumColonSeconds ? ":" : "";
  AppendNumber(s / 3600, 2, '0', out);
  if (part == TimePart::kNumShort) return;
  *out += colon;
  AppendNumber(s / 60 % 60, 2, '0', out);
  if (part != TimePart::kNumSeconds && part != TimePart::kNumColonSeconds) return;
  *out += colon;
  AppendNumber(s % 60, 2, '0', out);
}

void AppendPart(const TimePartAt& at, char first, const GoTime& time, const GoClock& c,
                std::string* out) {
  int hour12 = c.hour % 12 == 0 ? 12 : c.hour % 12;
  switch (at.part) {
    case TimePart::kNone:
      return;
    case TimePart::kYear:
      return AppendNumber((c.year < 0 ? -c.year : c.year) % 100, 2, '0', out);
    case TimePart::kLongYear:
      return AppendNumber(c.year, 4, '0', out);
    case TimePart::kMonth:
      out->append(MonthName(c.month).substr(0, 3));
      return;
    case TimePart::kLongMonth:
      out->append(MonthName(c.month));
      return;
    case TimePart::kNumMonth:
      return AppendNumber(c.month, 1, '0', out);
    case TimePart::kZeroMonth:
      return AppendNumber(c.month, 2, '0', out);
    case TimePart::kWeekDay:
      out->append(WeekdayName(c.weekday).substr(0, 3));
      return;
    case TimePart::kLongWeekDay:
      out->append(WeekdayName(c.weekday));
      return;
    case TimePart::kDay:
      return AppendNumber(c.day, 1, '0', out);
    case TimePart::kUnderDay:
      return AppendNumber(c.day, 2, ' ', out);
    case TimePart::kZeroDay:
      return AppendNumber(c.day, 2, '0', out);
    case TimePart::kUnderYearDay:
      return AppendNumber(c.year_day, 3, ' ', out);
    case TimePart::kZeroYearDay:
      return AppendNumber(c.year_day, 3, '0', out);
    case TimePart::kHour:
      return AppendNumber(c.hour, 2, '0', out);
    case TimePart::kHour12:
      return AppendNumber(hour12, 1, '0', out);
    case TimePart::kZeroHour12:
      return AppendNumber(hour12, 2, '0', out);
    case TimePart::kMinute:
      return AppendNumber(c.minute, 1, '0', out);
    case TimePart::kZeroMinute:
      return AppendNumber(c.minute, 2, '0', out);
    case TimePart::kSecond:
      return AppendNumber(c.second, 1, '0', out);
    case TimePart::kZeroSecond:
      return AppendNumber(c.second, 2, '0', out);
    case TimePart::kPM:
      out->append(c.hour >= 12 ? "PM" : "AM");
      return;
    case TimePart::kpm:
      out->append(c.hour >= 12 ? "pm" : "am");
      return;
    case TimePart::kTZ:
      if (!c.zone_name.empty()) {
        out->append(c.zone_name);
      } else {
        AppendOffset(TimePart::kNum, c.offset_s, out);
      }
      return;
    case TimePart::kFraction0:
    case TimePart::kFraction9:
      return AppendFraction(first, time.ns, at.part, at.digits, out);
    default:
      return AppendOffset(at.part, c.offset_s, out);
  }
}

}  // namespace

GoTime GoTime::FromNs(int64_t ts_ns) {
  GoTime time;
  time.unix_s = FloorDiv(ts_ns, kNsPerSecond);
  time.ns = static_cast<int32_t>(ts_ns - time.unix_s * kNsPerSecond);
  return time;
}

std::string_view MonthName(int month) { return month < 1 || month > 12 ? "" : kMonths[month - 1]; }

std::string_view WeekdayName(int weekday) {
  return weekday < 0 || weekday > 6 ? "" : kWeekdays[weekday];
}

int64_t OffsetAt(const GoTime& time) { return ZoneAt(time).seconds; }

GoClock ClockOf(const GoTime& time) {
  GoClock c;
  TimeZone::Offset offset = ZoneAt(time);
  c.offset_s = offset.seconds;
  c.zone_name = std::move(offset.abbreviation);
  int64_t local = 0;
  if (__builtin_add_overflow(time.unix_s, c.offset_s, &local)) local = time.unix_s;
  int64_t days = FloorDiv(local, kDayS), s = local % kDayS;
  if (s < 0) s += kDayS;
  c.hour = static_cast<int>(s / 3600);
  c.minute = static_cast<int>(s / 60 % 60);
  c.second = static_cast<int>(s % 60);
  c.weekday = static_cast<int>(((days + 4) % 7 + 7) % 7);
  // The calendar repeats every 400 years: any second of int64 is one near 1970 in it.
  constexpr int64_t kCycleDays = 146'097, kYearsDays = 80'000;
  int64_t cycle = FloorDiv(days + kCycleDays - kYearsDays, kCycleDays);
  CivilTime civil = ToCivil((days - cycle * kCycleDays) * kDayS * kNsPerSecond);
  c.year = civil.year + cycle * 400;
  c.month = static_cast<int>(civil.month);
  c.day = static_cast<int>(civil.day);
  c.year_day = static_cast<int>(DaysFromCivil(civil.year, civil.month, civil.day) -
                                DaysFromCivil(civil.year, 1, 1)) +
               1;
  return c;
}

int64_t UnixOf(int64_t year, int64_t month, int64_t day, int64_t seconds_of_day,
               const GoTime& zone_of) {
  year += FloorDiv(month - 1, 12);
  month = (month - 1) - FloorDiv(month - 1, 12) * 12 + 1;
  int64_t local =
      (DaysFromCivil(year, static_cast<unsigned>(month), 1) + day - 1) * kDayS + seconds_of_day;
  if (zone_of.is_fixed) return local - zone_of.fixed_offset_s;
  return zone_of.zone == nullptr ? local : zone_of.zone->ToUtc(local);
}

void AppendGoTime(const GoTime& time, std::string_view layout, std::string* out) {
  GoClock clock = ClockOf(time);
  while (!layout.empty()) {
    TimePartAt at = NextTimePart(layout);
    out->append(layout.substr(0, at.begin));
    if (at.part == TimePart::kNone) break;
    AppendPart(at, layout[at.begin], time, clock, out);
    layout.remove_prefix(at.begin + at.size);
  }
}

void AppendGoTime(const GoTime& time, std::string* out) {
  AppendGoTime(time, "2006-01-02 15:04:05.999999999 -0700 MST", out);
}

std::string FormatGoTime(std::string_view layout, int64_t ts_ns, const TimeZone* zone) {
  GoTime time = GoTime::FromNs(ts_ns);
  time.zone = zone;
  std::string out;
  AppendGoTime(time, layout, &out);
  return out;
}

Result<const TimeZone*> FindZone(std::string_view name) {
  if (name.empty() || name == "UTC") return static_cast<const TimeZone*>(nullptr);
  static std::mutex mutex;
  static auto* zones = new std::map<std::string, std::unique_ptr<const TimeZone>, std::less<>>();
  std::lock_guard<std::mutex> lock(mutex);
  if (auto at = zones->find(name); at != zones->end()) return at->second.get();
  GLP_ASSIGN_OR_RETURN(TimeZone zone, TimeZone::Find(name));
  auto kept = std::make_unique<const TimeZone>(std::move(zone));
  return zones->emplace(std::string(name), std::move(kept)).first->second.get();
}

}  // namespace glp::codec
