// Times and durations. The local zone is UTC: what a template makes does not depend on the machine.
#include "codec/template_dates.h"

#include <algorithm>
#include <limits>

#include "base/time.h"
#include "base/units.h"
#include "codec/go_duration.h"
#include "codec/go_number.h"
#include "codec/go_time.h"
#include "codec/go_time_format.h"
#include "codec/template_functions.h"

namespace glp::codec::tmpl {

const TimeZone* ZoneOrUtc(std::string_view name) {
  if (name.empty() || name == "UTC" || name == "Local") return nullptr;
  auto zone = FindZone(name);
  return zone.ok() ? *zone : nullptr;
}

bool ParseGoTime(std::string_view layout, std::string_view location, std::string_view text,
                 GoTime* out) {
  // A layout without a year is of the year 0: it is read in the year 2000, which has the same
  // calendar. The name of a format ("Unix") is no layout here, and this keeps it from being one.
  bool has_year = layout.find("06") != std::string_view::npos;
  std::string prefixed = (has_year ? "_ " : "2006 ") + std::string(layout);
  std::string value = (has_year ? "_ " : "2000 ") + std::string(text);
  bool known =
      location.empty() || location == "UTC" || location == "Local" || FindZone(location).ok();
  auto compiled = TimeLayout::Compile(prefixed, !known || location == "Local" ? "" : location);
  if (!compiled.ok()) return false;
  TimeReading reading;
  auto ns = compiled->Parse(value, YearHint(0), &reading);
  if (!ns) return false;
  *out = GoTime::FromNs(*ns);
  out->zone = ZoneOrUtc(location);
  if (reading.zone == TimeReading::Zone::kText) {
    out->is_fixed = reading.offset_s != OffsetAt(*out);
    out->fixed_offset_s = static_cast<int32_t>(reading.offset_s);
  }
  constexpr int64_t kTwoThousandYearsS = int64_t{5} * 146'097 * 86'400;
  if (!has_year) out->unix_s -= kTwoThousandYearsS;
  return true;
}

int64_t UnixNanos(const GoTime& time) {
  return static_cast<int64_t>(static_cast<uint64_t>(time.unix_s) * kNsPerSecond +
                              static_cast<uint64_t>(time.ns));
}

GoTime MovedBy(const GoTime& time, int64_t ns) {
  GoTime out = time;
  int64_t seconds = ns / kNsPerSecond, rest = out.ns + ns % kNsPerSecond;
  if (rest < 0) {
    rest += kNsPerSecond;
    --seconds;
  } else if (rest >= kNsPerSecond) {
    rest -= kNsPerSecond;
    ++seconds;
  }
  if (__builtin_add_overflow(out.unix_s, seconds, &out.unix_s)) return time;
  out.ns = static_cast<int32_t>(rest);
  return out;
}

// a - b, at most what a duration holds.
int64_t NsBetween(const GoTime& a, const GoTime& b) {
  __int128 ns = (static_cast<__int128>(a.unix_s) - b.unix_s) * kNsPerSecond + (a.ns - b.ns);
  constexpr __int128 kMax = std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(ns > kMax ? kMax : ns < -kMax - 1 ? -kMax - 1 : ns);
}

int64_t RoundNs(int64_t ns, int64_t unit) {
  if (unit <= 0) return ns;
  int64_t rest = ns % unit, down = ns - rest, out;
  bool up = (rest < 0 ? -rest : rest) >= unit - (rest < 0 ? -rest : rest);
  if (!up || rest == 0) return down;
  return __builtin_add_overflow(down, rest < 0 ? -unit : unit, &out) ? ns : out;
}

namespace {

GoTime Now(const Call& call) { return GoTime::FromNs(call.run->input().now_ns); }

// sprig's idea of a date: a time, seconds since 1970, or else now.
GoTime AsTime(const Call& call, const Value& value) {
  if (value.kind == Kind::kTime) return *value.time;
  if (value.kind != Kind::kInt && value.kind != Kind::kInt64 && value.kind != Kind::kInt32) {
    return Now(call);
  }
  GoTime time;
  time.unix_s = value.i;
  return time;
}

Value Formatted(const Call& call, GoTime time, std::string_view layout) {
  std::string text;
  AppendGoTime(time, layout, &text);
  return call.run->Copy(text);
}

Value InZone(const Call& call, std::string_view layout, const Value& date, std::string_view zone) {
  // A zone that is not known is looked for each time.
  if (!zone.empty()) call.run->Charge(20);
  GoTime time = AsTime(call, date);
  time.is_fixed = false;
  time.zone = ZoneOrUtc(zone);
  return Formatted(call, time, layout);
}
Value Date(const Call& call) { return InZone(call, call.str(0), call[1], ""); }
Value DateInZone(const Call& call) { return InZone(call, call.str(0), call[1], call.str(2)); }
Value HtmlDate(const Call& call) { return InZone(call, "2006-01-02", call[0], ""); }
Value HtmlDateInZone(const Call& call) { return InZone(call, "2006-01-02", call[0], call.str(1)); }

Value DateModify(const Call& call) {
  auto duration = ParseGoDuration(call.str(0));
  return duration.ok() ? call.run->NewTime(MovedBy(*call[1].time, *duration)) : call[1];
}
Value MustDateModify(const Call& call) {
  auto duration = ParseGoDuration(call.str(0));
  if (!duration.ok()) return call.Fail(duration.status().message());
  return DateModify(call);
}

Value ToDate(const Call& call) {
  GoTime time;
  if (!ParseGoTime(call.str(0), "", call.str(1), &time)) time.unix_s = kZeroTimeS;
  return call.run->NewTime(time);
}
Value MustToDate(const Call& call) {
  GoTime time;
  if (ParseGoTime(call.str(0), "", call.str(1), &time)) return call.run->NewTime(time);
  return call.Fail("parsing time \"" + std::string(call.str(1).substr(0, 100)) + "\" as \"" +
                   std::string(call.str(0).substr(0, 100)) + "\": it does not fit");
}

Value Ago(const Call& call) {
  int64_t ns = NsBetween(Now(call), AsTime(call, call[0]));
  return call.run->Copy(FormatDuration(RoundNs(ns, kNsPerSecond)));
}

Value DurationOf(const Call& call) {
  int64_t seconds = 0, ns;
  if (call[0].kind == Kind::kString) seconds = ParseGoInt(call.str(0)).value_or(0);
  if (call[0].kind == Kind::kInt64) seconds = call[0].i;
  if (__builtin_mul_overflow(seconds, kNsPerSecond, &ns)) {
    ns = static_cast<int64_t>(static_cast<uint64_t>(seconds) * kNsPerSecond);
  }
  return call.run->Copy(FormatDuration(ns));
}

Value DurationRound(const Call& call) {
  int64_t ns = 0;
  if (call[0].kind == Kind::kString) {
    auto parsed = ParseGoDuration(call.str(0));
    if (parsed.ok()) ns = *parsed;
  } else if (call[0].kind == Kind::kInt64) {
    ns = call[0].i;
  } else if (call[0].kind == Kind::kTime) {
    ns = NsBetween(Now(call), *call[0].time);
  }
  uint64_t size = ns < 0 ? 0 - static_cast<uint64_t>(ns) : static_cast<uint64_t>(ns);
  struct Unit {
    uint64_t seconds;
    std::string_view name;
  };
  constexpr Unit kUnits[] = {{365 * 86'400, "y"}, {30 * 86'400, "mo"}, {86'400, "d"},
                             {3'600, "h"},        {60, "m"},           {1, "s"}};
  for (const Unit& unit : kUnits) {
    uint64_t unit_ns = unit.seconds * static_cast<uint64_t>(kNsPerSecond);
    if (size > unit_ns)
      return call.run->Copy(std::to_string(size / unit_ns) + std::string(unit.name));
  }
  return Value::Text("0s");
}

Value NowFunction(const Call& call) { return call.run->NewTime(Now(call)); }
Value UnixEpoch(const Call& call) { return call.run->Copy(std::to_string(call[0].time->unix_s)); }

constexpr Function kFunctions[] = {
    {"ago", "a", Ago},
    {"date", "sa", Date},
    {"dateInZone", "sas", DateInZone},
    {"dateModify", "st", DateModify},
    {"date_in_zone", "sas", DateInZone},
    {"date_modify", "st", DateModify},
    {"duration", "a", DurationOf},
    {"durationRound", "a", DurationRound},
    {"htmlDate", "a", HtmlDate},
    {"htmlDateInZone", "as", HtmlDateInZone},
    {"mustDateModify", "st", MustDateModify},
    {"mustToDate", "ss", MustToDate},
    {"must_date_modify", "st", MustDateModify},
    {"now", "", NowFunction},
    {"toDate", "ss", ToDate},
    {"unixEpoch", "t", UnixEpoch},
};

}  // namespace

Functions DateFunctions() { return kFunctions; }

}  // namespace glp::codec::tmpl
