#include "stages/clock.h"

#include <string>
#include <utility>

namespace glp::stages {
namespace {

constexpr int64_t kQuarterS = 900;

bool IsLeap(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

bool IsInRange(const CivilTime& c) {
  constexpr uint8_t kDays[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (c.month < 1 || c.month > 12 || c.day < 1 || c.day > kDays[c.month - 1]) return false;
  if (c.month == 2 && c.day == 29 && c.year != kNoYear && !IsLeap(c.year)) return false;
  return c.hour < 24 && c.minute < 60 && c.second < 60;
}

}  // namespace

Result<Clock> Clock::In(std::string_view location) {
  Clock clock;
  if (location.empty() || location == "UTC") return clock;
  GLP_ASSIGN_OR_RETURN(codec::TimeZone zone, codec::TimeZone::Find(location));
  clock.zone_ = std::make_unique<const codec::TimeZone>(std::move(zone));
  return clock;
}

Clock Clock::Read(codec::YamlMap& map) {
  codec::Given<std::string> location;
  map.Text("location", &location);
  auto clock = In(location.value);
  if (clock.ok()) return *std::move(clock);
  map.Error(location, "location: " + clock.status().message());
  return {};
}

std::optional<int64_t> Clock::ToNs(const CivilTime& civil, int64_t last_ns) {
  if (!IsInRange(civil)) return std::nullopt;
  if (civil.year != kNoYear) return InYear(civil, civil.year);
  constexpr int64_t kDayNs = 86'400 * kNsPerSecond;
  int64_t limit_ns;
  if (__builtin_add_overflow(last_ns, kDayNs, &limit_ns)) limit_ns = INT64_MAX;
  const int64_t latest = ToCivil(limit_ns).year;
  // The 29th of February may be of eight years before.
  for (int64_t year = latest; year >= latest - 8; --year) {
    if (civil.month == 2 && civil.day == 29 && !IsLeap(year)) continue;
    auto ns = InYear(civil, year);
    if (ns && *ns <= limit_ns) return ns;
  }
  return std::nullopt;
}

std::optional<int64_t> Clock::InYear(const CivilTime& civil, int64_t year) {
  int64_t s = (DaysFromCivil(year, civil.month, 1) + civil.day - 1) * 86'400 + civil.hour * 3600 +
              civil.minute * 60 + civil.second;
  if (zone_ != nullptr) {
    if (s / kQuarterS != quarter_) {
      quarter_ = s / kQuarterS;
      offset_s_ = s - zone_->ToUtc(s);
    }
    s -= offset_s_;
  }
  int64_t ns;
  if (__builtin_mul_overflow(s, kNsPerSecond, &ns) ||
      __builtin_add_overflow(ns, civil.nanosecond, &ns)) {
    return std::nullopt;
  }
  return ns;
}

bool TakeDigits(std::string_view* text, size_t digits, unsigned* value) {
  if (text->size() < digits) return false;
  *value = 0;
  for (size_t i = 0; i < digits; ++i) {
    const unsigned digit = static_cast<unsigned char>((*text)[i]) - unsigned{'0'};
    if (digit > 9) return false;
    *value = *value * 10 + digit;
  }
  text->remove_prefix(digits);
  return true;
}

bool TakeMonth(std::string_view* text, unsigned* month) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text->size() < 3) return false;
  for (unsigned m = 0; m < 12; ++m) {
    if (text->substr(0, 3) != kMonths.substr(m * 3, 3)) continue;
    *month = m + 1;
    text->remove_prefix(3);
    return true;
  }
  return false;
}

bool TakeTimeOfDay(std::string_view* text, CivilTime* civil) {
  if (!TakeDigits(text, 2, &civil->hour) || !TakeChar(text, ':') ||
      !TakeDigits(text, 2, &civil->minute) || !TakeChar(text, ':') ||
      !TakeDigits(text, 2, &civil->second)) {
    return false;
  }
  civil->nanosecond = 0;
  unsigned digit;
  if (text->size() < 2 || ((*text)[0] != '.' && (*text)[0] != ',')) return true;
  std::string_view fraction = text->substr(1);
  unsigned unit = 100'000'000;
  if (!TakeDigits(&fraction, 1, &digit)) return true;
  do {
    civil->nanosecond += digit * unit;
    unit /= 10;
  } while (TakeDigits(&fraction, 1, &digit));
  *text = fraction;
  return true;
}

}  // namespace glp::stages
