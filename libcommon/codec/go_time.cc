#include "codec/go_time.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "base/time.h"
#include "codec/zone.h"

namespace glp::codec {

using Part = TimePart;

struct TimeLayout::Fields {
  int64_t year = 0;
  int month = -1, day = -1, year_day = -1;
  int hour = 0, minute = 0, second = 0, ns = 0;
  bool am = false, pm = false;
  bool utc = false;
  std::optional<int64_t> offset_s;
  std::string_view zone_name;
};

namespace {

struct NamedFormat {
  std::string_view name, layout;
};
constexpr NamedFormat kNamed[] = {
    {"ANSIC", "Mon Jan _2 15:04:05 2006"},
    {"UnixDate", "Mon Jan _2 15:04:05 MST 2006"},
    {"RubyDate", "Mon Jan 02 15:04:05 -0700 2006"},
    {"RFC822", "02 Jan 06 15:04 MST"},
    {"RFC822Z", "02 Jan 06 15:04 -0700"},
    {"RFC850", "Monday, 02-Jan-06 15:04:05 MST"},
    {"RFC1123", "Mon, 02 Jan 2006 15:04:05 MST"},
    {"RFC1123Z", "Mon, 02 Jan 2006 15:04:05 -0700"},
    {"RFC3339", "2006-01-02T15:04:05Z07:00"},
    {"RFC3339Nano", "2006-01-02T15:04:05.999999999Z07:00"},
};

constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr int kDaysBefore[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsDigitAt(std::string_view text, size_t i) { return i < text.size() && IsDigit(text[i]); }
bool IsLeap(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }
int DaysIn(int month, int64_t year) {
  if (month == 2 && IsLeap(year)) return 29;
  return kDaysBefore[month] - kDaysBefore[month - 1];
}

// One or two digits; exactly two if `fixed`.
bool TakeNumber(std::string_view* text, bool fixed, int* value) {
  if (!IsDigitAt(*text, 0)) return false;
  size_t size = IsDigitAt(*text, 1) ? 2 : 1;
  if (fixed && size == 1) return false;
  *value = (*text)[0] - '0';
  if (size == 2) *value = *value * 10 + ((*text)[1] - '0');
  text->remove_prefix(size);
  return true;
}

bool TakeInRange(std::string_view* text, bool fixed, int limit, int* value) {
  return TakeNumber(text, fixed, value) && *value < limit;
}

// Exactly `size` digits from the start.
bool TakeDigits(std::string_view* text, size_t size, int64_t* value) {
  if (text->size() < size) return false;
  *value = 0;
  for (size_t i = 0; i < size; ++i) {
    if (!IsDigit((*text)[i])) return false;
    *value = *value * 10 + ((*text)[i] - '0');
  }
  text->remove_prefix(size);
  return true;
}

// The index of the name that the text begins with, whatever its case; `size` 0 is whole names.
template <size_t N>
bool TakeName(std::string_view* text, const std::array<std::string_view, N>& names, size_t size,
              int* index) {
  for (size_t n = 0; n < N; ++n) {
    std::string_view name = size == 0 ? names[n] : names[n].substr(0, size);
    if (text->size() < name.size()) continue;
    bool same = true;
    for (size_t i = 0; i < name.size() && same; ++i) same = ((*text)[i] | 0x20) == (name[i] | 0x20);
    if (!same) continue;
    text->remove_prefix(name.size());
    *index = static_cast<int>(n);
    return true;
  }
  return false;
}

// A separator and `size - 1` digits as nanoseconds.
bool TakeFraction(std::string_view* text, size_t size, int* ns) {
  if (text->size() < size || ((*text)[0] != '.' && (*text)[0] != ',')) return false;
  int value = 0;
  for (size_t i = 1; i <= 9; ++i) {
    int digit = 0;
    if (i < size) {
      if (!IsDigit((*text)[i])) return false;
      digit = (*text)[i] - '0';
    }
    value = value * 10 + digit;
  }
  *ns = value;
  text->remove_prefix(size);
  return true;
}

size_t DigitsFrom(std::string_view text, size_t i) {
  size_t n = 0;
  while (IsDigitAt(text, i + n)) ++n;
  return n;
}

// Blanks of the layout stand for any number of blanks, also none at the end of the text.
bool SkipLiteral(std::string_view* text, std::string_view literal) {
  while (!literal.empty()) {
    if (literal[0] == ' ') {
      if (!text->empty() && (*text)[0] != ' ') return false;
      while (!literal.empty() && literal[0] == ' ') literal.remove_prefix(1);
      while (!text->empty() && (*text)[0] == ' ') text->remove_prefix(1);
      continue;
    }
    if (text->empty() || (*text)[0] != literal[0]) return false;
    text->remove_prefix(1);
    literal.remove_prefix(1);
  }
  return true;
}

// Size of "+5" or "-12" at the start; 0 where there is none up to 23.
size_t SignedOffsetSize(std::string_view text) {
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return 0;
  size_t digits = DigitsFrom(text, 1);
  auto value = ParseUint64(text.substr(1, digits));
  return digits == 0 || !value || *value > 23 ? 0 : 1 + digits;
}

// Size of a zone's abbreviation at the start; 0 where there is none.
size_t ZoneNameSize(std::string_view text) {
  if (text.size() < 3) return 0;
  if (text.substr(0, 4) == "ChST" || text.substr(0, 4) == "MeST") return 4;
  if (text.substr(0, 3) == "GMT") return 3 + SignedOffsetSize(text.substr(3));
  if (text[0] == '+' || text[0] == '-') return SignedOffsetSize(text);
  size_t upper = 0;
  while (upper < 6 && upper < text.size() && text[upper] >= 'A' && text[upper] <= 'Z') ++upper;
  switch (upper) {
    case 3:
      return 3;
    case 4:
      return text[3] == 'T' || text.substr(0, 4) == "WITA" ? 4 : 0;
    case 5:
      return text[4] == 'T' ? 5 : 0;
    default:
      return 0;
  }
}

std::optional<int64_t> CountSince1970(std::string_view text, int64_t unit_ns) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  auto count = ParseInt64(text);
  int64_t ns;
  if (!count || __builtin_mul_overflow(*count, unit_ns, &ns)) return std::nullopt;
  return ns;
}

std::optional<int64_t> UnixSeconds(std::string_view text) {
  size_t dot = text.find('.');
  if (dot == std::string_view::npos) return CountSince1970(text, kNsPerSecond);
  std::string_view fraction = text.substr(dot);
  if (fraction.size() < 2 || DigitsFrom(fraction, 1) != fraction.size() - 1) return std::nullopt;
  auto seconds = CountSince1970(text.substr(0, dot), kNsPerSecond);
  int fraction_ns = 0;
  if (!seconds || !TakeFraction(&fraction, fraction.size(), &fraction_ns)) return std::nullopt;
  int64_t ns;
  bool negative = text[0] == '-';
  if (__builtin_add_overflow(*seconds, negative ? -fraction_ns : fraction_ns, &ns)) {
    return std::nullopt;
  }
  return ns;
}

}  // namespace

TimeLayout::TimeLayout() = default;
TimeLayout::TimeLayout(TimeLayout&&) noexcept = default;
TimeLayout& TimeLayout::operator=(TimeLayout&&) noexcept = default;
TimeLayout::~TimeLayout() = default;

std::string_view TimeLayout::NearestName(std::string_view format) {
  const auto lowered = [](std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
  };
  const auto is_word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
  };
  if (format.empty() || !std::all_of(format.begin(), format.end(), is_word)) return "";
  std::vector<std::string_view> names;
  std::vector<std::string> lower;
  const auto add = [&](std::string_view name) {
    names.push_back(name);
    lower.push_back(lowered(name));
  };
  for (const NamedFormat& named : kNamed) add(named.name);
  for (const char* name : {"Unix", "UnixMs", "UnixUs", "UnixNs"}) add(name);
  const std::string word = lowered(format);
  const std::string_view nearest = Nearest(word, lower);
  for (size_t i = 0; i < names.size(); ++i) {
    // "Jan2" is a layout, and near to nothing but by its size.
    if (lower[i] == nearest && lower[i][0] == word[0] && names[i] != format) return names[i];
  }
  return "";
}

Result<TimeLayout> TimeLayout::Compile(std::string_view format, std::string_view location) {
  TimeLayout out;
  static constexpr std::pair<std::string_view, Kind> kCounts[] = {{"Unix", Kind::kUnix},
                                                                  {"UnixMs", Kind::kUnixMs},
                                                                  {"UnixUs", Kind::kUnixUs},
                                                                  {"UnixNs", Kind::kUnixNs}};
  for (const auto& [name, kind] : kCounts) {
    if (format == name) out.kind_ = kind;
  }
  if (out.kind_ != Kind::kLayout) return out;

  std::string_view layout = format;
  bool named = false;
  for (const NamedFormat& n : kNamed) {
    if (format != n.name) continue;
    layout = n.layout;
    named = true;
  }
  if (format == "RFC3339" || format == "RFC3339Nano") out.kind_ = Kind::kRfc3339;
  if (!named && !location.empty() && location != "UTC") {
    GLP_ASSIGN_OR_RETURN(TimeZone zone, TimeZone::Find(location));
    out.zone_ = std::make_unique<const TimeZone>(std::move(zone));
  }
  out.needs_year_ = layout.find("06") == std::string_view::npos;
  for (;;) {
    const TimePartAt next = NextTimePart(layout);
    out.chunks_.push_back({std::string(layout.substr(0, next.begin)), next.part, next.digits});
    layout.remove_prefix(next.begin + next.size);
    if (next.part == TimePart::kNone) break;
    out.has_parts_ = true;
  }
  return out;
}

std::optional<int64_t> TimeLayout::Parse(std::string_view text, YearHint year,
                                         TimeReading* reading) const {
  if (reading != nullptr) *reading = {};
  switch (kind_) {
    case Kind::kUnix:
      return UnixSeconds(text);
    case Kind::kUnixMs:
      return CountSince1970(text, kNsPerMs);
    case Kind::kUnixUs:
      return CountSince1970(text, 1000);
    case Kind::kUnixNs:
      return CountSince1970(text, 1);
    case Kind::kRfc3339:
      if (reading != nullptr) break;
      if (auto exact = ParseTimestampExact(text)) return exact;
      break;
    case Kind::kLayout:
      break;
  }
  return ParseLayout(text, year, reading);
}

bool TimeLayout::ParseChunk(const Chunk& chunk, size_t at, std::string_view* text,
                            Fields* f) const {
  int number = 0;
  int64_t wide = 0;
  switch (chunk.part) {
    case Part::kNone:
      return true;
    case Part::kYear:
      if (!TakeDigits(text, 2, &wide)) return false;
      f->year = wide + (wide >= 69 ? 1900 : 2000);
      return true;
    case Part::kLongYear:
      return TakeDigits(text, 4, &f->year);
    case Part::kMonth:
    case Part::kLongMonth:
      if (!TakeName(text, kMonths, chunk.part == Part::kMonth ? 3 : 0, &number)) return false;
      f->month = number + 1;
      return true;
    case Part::kNumMonth:
    case Part::kZeroMonth:
      return TakeInRange(text, chunk.part == Part::kZeroMonth, 13, &f->month) && f->month > 0;
    case Part::kWeekDay:
      return TakeName(text, kDays, 3, &number);
    case Part::kLongWeekDay:
      return TakeName(text, kDays, 0, &number);
    case Part::kUnderDay:
      if (!text->empty() && (*text)[0] == ' ') text->remove_prefix(1);
      return TakeNumber(text, false, &f->day);
    case Part::kDay:
    case Part::kZeroDay:
      return TakeNumber(text, chunk.part == Part::kZeroDay, &f->day);
    case Part::kUnderYearDay:
    case Part::kZeroYearDay: {
      bool fixed = chunk.part == Part::kZeroYearDay;
      for (int i = 0; i < 2 && !fixed && !text->empty() && (*text)[0] == ' '; ++i) {
        text->remove_prefix(1);
      }
      size_t digits = std::min<size_t>(DigitsFrom(*text, 0), 3);
      if (digits == 0 || (fixed && digits != 3) || !TakeDigits(text, digits, &wide)) return false;
      f->year_day = static_cast<int>(wide);
      return true;
    }
    case Part::kHour:
      return TakeInRange(text, false, 24, &f->hour);
    case Part::kHour12:
    case Part::kZeroHour12:
      return TakeInRange(text, chunk.part == Part::kZeroHour12, 13, &f->hour);
    case Part::kMinute:
    case Part::kZeroMinute:
      return TakeInRange(text, chunk.part == Part::kZeroMinute, 60, &f->minute);
    case Part::kSecond:
    case Part::kZeroSecond: {
      if (!TakeInRange(text, chunk.part == Part::kZeroSecond, 60, &f->second)) return false;
      // A fraction is taken also where the layout has none behind the seconds.
      Part next = chunks_[at + 1].part;
      if (next == Part::kFraction0 || next == Part::kFraction9 || text->size() < 2 ||
          ((*text)[0] != '.' && (*text)[0] != ',') || !IsDigit((*text)[1])) {
        return true;
      }
      return TakeFraction(text, 1 + DigitsFrom(*text, 1), &f->ns);
    }
    case Part::kPM:
    case Part::kpm: {
      std::string_view word = text->substr(0, 2);
      bool upper = chunk.part == Part::kPM;
      f->pm = word == (upper ? "PM" : "pm");
      f->am = word == (upper ? "AM" : "am");
      if (!f->pm && !f->am) return false;
      text->remove_prefix(2);
      return true;
    }
    case Part::kTZ: {
      if (text->substr(0, 3) == "UTC") {
        f->utc = true;
        text->remove_prefix(3);
        return true;
      }
      size_t size = ZoneNameSize(*text);
      if (size == 0) return false;
      f->zone_name = text->substr(0, size);
      text->remove_prefix(size);
      return true;
    }
    case Part::kFraction0:
      return TakeFraction(text, 1 + static_cast<size_t>(chunk.digits), &f->ns);
    case Part::kFraction9:
      if (text->size() < 2 || ((*text)[0] != '.' && (*text)[0] != ',') || !IsDigit((*text)[1])) {
        return true;
      }
      return TakeFraction(text, 1 + DigitsFrom(*text, 1), &f->ns);
    default:
      break;
  }
  // A numeric offset.
  bool iso = chunk.part >= Part::kIso && chunk.part <= Part::kIsoColonSeconds;
  if (iso && !text->empty() && (*text)[0] == 'Z') {
    f->utc = true;
    text->remove_prefix(1);
    return true;
  }
  Part form = iso ? static_cast<Part>(static_cast<int>(chunk.part) - static_cast<int>(Part::kIso) +
                                      static_cast<int>(Part::kNum))
                  : chunk.part;
  if (text->empty() || ((*text)[0] != '+' && (*text)[0] != '-')) return false;
  int sign = (*text)[0] == '-' ? -1 : 1;
  text->remove_prefix(1);
  bool colon = form == Part::kNumColon || form == Part::kNumColonSeconds;
  bool seconds = form == Part::kNumSeconds || form == Part::kNumColonSeconds;
  int64_t hh = 0, mm = 0, ss = 0;
  auto take_colon = [&] {
    if (!colon) return true;
    if (text->empty() || (*text)[0] != ':') return false;
    text->remove_prefix(1);
    return true;
  };
  if (!TakeDigits(text, 2, &hh)) return false;
  if (form != Part::kNumShort && (!take_colon() || !TakeDigits(text, 2, &mm))) return false;
  if (seconds && (!take_colon() || !TakeDigits(text, 2, &ss))) return false;
  if (hh > 24 || mm > 60 || ss > 60) return false;
  f->offset_s = sign * (hh * 3600 + mm * 60 + ss);
  return true;
}

std::optional<int64_t> TimeLayout::ParseLayout(std::string_view text, const YearHint& year,
                                               TimeReading* reading) const {
  Fields f;
  for (size_t i = 0; i < chunks_.size(); ++i) {
    if (!SkipLiteral(&text, chunks_[i].literal) || !ParseChunk(chunks_[i], i, &text, &f)) {
      return std::nullopt;
    }
  }
  if (!text.empty()) return std::nullopt;
  if (f.pm && f.hour < 12) f.hour += 12;
  if (f.am && f.hour == 12) f.hour = 0;

  if (f.year_day >= 0) {
    int yday = f.year_day, month = 0, day = 0;
    if (IsLeap(f.year)) {
      if (yday == 31 + 29) {
        month = 2;
        day = 29;
      } else if (yday > 31 + 29) {
        --yday;
      }
    }
    if (yday < 1 || yday > 365) return std::nullopt;
    if (month == 0) {
      month = 1;
      while (kDaysBefore[month] < yday) ++month;
      day = yday - kDaysBefore[month - 1];
    }
    if ((f.month >= 0 && f.month != month) || (f.day >= 0 && f.day != day)) return std::nullopt;
    f.month = month;
    f.day = day;
  }
  if (f.month < 0) f.month = 1;
  if (f.day < 0) f.day = 1;
  // Year 0 is a leap year, so that "Feb 29" is a day where the year is not known yet.
  if (f.day < 1 || f.day > DaysIn(f.month, f.year)) return std::nullopt;
  const std::optional<int64_t> ns = needs_year_ ? FindYear(year, &f) : ToNs(f);
  if (reading != nullptr && ns) Explain(f, reading);
  return ns;
}

int64_t TimeLayout::LocalSeconds(const Fields& f) {
  return DaysFromCivil(f.year, static_cast<unsigned>(f.month), 1) * 86400 +
         (f.day - 1) * int64_t{86400} + f.hour * 3600 + f.minute * 60 + f.second;
}

std::optional<int64_t> TimeLayout::FindYear(const YearHint& year, Fields* f) const {
  constexpr int64_t kDayNs = 86'400 * kNsPerSecond;
  if (!year.is_last) {
    const CivilTime now = ToCivil(year.ns);
    f->year = now.year;
    if (f->month == 12 && now.month == 1) --f->year;
    if (f->month == 1 && now.month == 12) ++f->year;
    return ToNs(*f);
  }
  int64_t limit_ns;
  if (__builtin_add_overflow(year.ns, kDayNs, &limit_ns)) limit_ns = year.ns;
  f->year = ToCivil(limit_ns).year;
  // A leap day may be eight years ago.
  for (int i = 0; i < 10; ++i, --f->year) {
    if (f->day > DaysIn(f->month, f->year)) continue;
    const std::optional<int64_t> ns = ToNs(*f);
    if (ns && *ns <= limit_ns) return ns;
  }
  return std::nullopt;
}

void TimeLayout::Explain(const Fields& f, TimeReading* reading) const {
  using Zone = TimeReading::Zone;
  const int64_t local_s = LocalSeconds(f);
  reading->year_assumed = needs_year_;
  reading->year = f.year;
  if (f.offset_s || f.utc) {
    reading->zone = Zone::kText;
    reading->offset_s = f.offset_s.value_or(0);
  } else if (!f.zone_name.empty()) {
    const auto offset_s = zone_ == nullptr ? std::nullopt : zone_->OffsetOf(f.zone_name, local_s);
    reading->zone = offset_s ? Zone::kAbbreviation : Zone::kUnknownAbbreviation;
    reading->offset_s = offset_s.value_or(0);
  } else if (zone_ != nullptr) {
    const TimeZone::Reading clock = zone_->Explain(local_s);
    reading->zone = Zone::kLocation;
    reading->offset_s = clock.offset_s;
    reading->in_gap = clock.clock == TimeZone::Reading::Clock::kGap;
    reading->shown_twice = clock.clock == TimeZone::Reading::Clock::kTwice;
    reading->other_offset_s = clock.other_offset_s;
  } else {
    reading->zone = Zone::kAssumedUtc;
  }
}

std::optional<int64_t> TimeLayout::ToNs(const Fields& f) const {
  const int64_t local_s = LocalSeconds(f);
  int64_t utc_s = local_s;
  if (f.offset_s) {
    utc_s -= *f.offset_s;
  } else if (f.utc) {
  } else if (!f.zone_name.empty()) {
    // An abbreviation that the location does not know says nothing: the clock is read as UTC.
    if (zone_ != nullptr) utc_s -= zone_->OffsetOf(f.zone_name, local_s).value_or(0);
  } else if (zone_ != nullptr) {
    utc_s = zone_->ToUtc(local_s);
  }
  int64_t ns;
  if (__builtin_mul_overflow(utc_s, kNsPerSecond, &ns) || __builtin_add_overflow(ns, f.ns, &ns)) {
    return std::nullopt;
  }
  return ns;
}

}  // namespace glp::codec
