// Methods of values: what can stand behind the dot of a time, duration, month, weekday or version.
#include <algorithm>

#include "base/time.h"
#include "codec/template_dates.h"
#include "codec/template_functions.h"
#include "codec/template_strings.h"
#include "codec/template_version.h"

namespace glp::codec::tmpl {
namespace {

const GoTime& TimeAt(const Call& call, size_t i) { return *call[i].time; }
Value NewTime(const Call& call, const GoTime& time) { return call.run->NewTime(time); }

template <int GoClock::*kField, Kind kKind>
Value ClockField(const Call& call) {
  return Value::Integer(kKind, ClockOf(TimeAt(call, 0)).*kField);
}
Value Year(const Call& call) { return Value::Int(ClockOf(TimeAt(call, 0)).year); }
Value Nanosecond(const Call& call) { return Value::Int(TimeAt(call, 0).ns); }

template <int64_t kUnitsPerSecond>
Value UnixIn(const Call& call) {
  const GoTime& time = TimeAt(call, 0);
  return Value::Int64(static_cast<int64_t>(
      static_cast<uint64_t>(time.unix_s) * static_cast<uint64_t>(kUnitsPerSecond) +
      static_cast<uint64_t>(time.ns / (kNsPerSecond / kUnitsPerSecond))));
}

Value Format(const Call& call) {
  std::string text;
  AppendGoTime(TimeAt(call, 0), call.str(1), &text);
  return call.run->Copy(text);
}
Value ToUtc(const Call& call) {
  GoTime time = TimeAt(call, 0);
  time.is_fixed = false;
  time.zone = nullptr;
  return NewTime(call, time);
}
Value Add(const Call& call) { return NewTime(call, MovedBy(TimeAt(call, 0), call[1].i)); }
Value AddDate(const Call& call) {
  GoTime time = TimeAt(call, 0);
  GoClock c = ClockOf(time);
  constexpr int64_t kFarAway = 100'000'000;
  if (c.year > kFarAway || c.year < -kFarAway) return call.Fail("the year is too far away");
  auto bounded = [](int64_t n) { return std::clamp<int64_t>(n, -1'000'000, 1'000'000); };
  time.unix_s = UnixOf(c.year + bounded(call[1].i), c.month + bounded(call[2].i),
                       c.day + bounded(call[3].i), c.hour * 3600 + c.minute * 60 + c.second, time);
  return NewTime(call, time);
}
Value Sub(const Call& call) {
  return Value::Integer(Kind::kDuration, NsBetween(TimeAt(call, 0), TimeAt(call, 1)));
}
int Order(const Call& call) {
  const GoTime &a = TimeAt(call, 0), &b = TimeAt(call, 1);
  if (a.unix_s != b.unix_s) return a.unix_s < b.unix_s ? -1 : 1;
  return a.ns < b.ns ? -1 : a.ns > b.ns;
}
Value Before(const Call& call) { return Value::Bool(Order(call) < 0); }
Value After(const Call& call) { return Value::Bool(Order(call) > 0); }
Value SameTime(const Call& call) { return Value::Bool(Order(call) == 0); }
Value IsZero(const Call& call) {
  return Value::Bool(TimeAt(call, 0).unix_s == kZeroTimeS && TimeAt(call, 0).ns == 0);
}
// Go counts multiples from the year 1 on; 1970 is a whole number of days behind it.
int64_t SinceDayBegan(const GoTime& time, int64_t unit) {
  __int128 ns = (static_cast<__int128>(time.unix_s) - kZeroTimeS) * kNsPerSecond + time.ns;
  auto rest = static_cast<int64_t>(ns % unit);
  return rest < 0 ? rest + unit : rest;
}
Value TruncateTime(const Call& call) {
  if (call[1].i <= 0) return call[0];
  return NewTime(call, MovedBy(TimeAt(call, 0), -SinceDayBegan(TimeAt(call, 0), call[1].i)));
}
Value RoundTime(const Call& call) {
  if (call[1].i <= 0) return call[0];
  int64_t rest = SinceDayBegan(TimeAt(call, 0), call[1].i);
  bool up = rest >= call[1].i - rest;
  return NewTime(call, MovedBy(TimeAt(call, 0), up ? call[1].i - rest : -rest));
}
Value Text(const Call& call) { return Value::Text(TextOf(call.run, call[0])); }

template <int64_t kUnitNs>
Value DurationFloat(const Call& call) {
  return Value::Float(static_cast<double>(call[0].i / kUnitNs) +
                      static_cast<double>(call[0].i % kUnitNs) / static_cast<double>(kUnitNs));
}
template <int64_t kUnitNs>
Value DurationInt(const Call& call) {
  return Value::Int64(call[0].i / kUnitNs);
}
Value Duration(int64_t ns) { return Value::Integer(Kind::kDuration, ns); }
Value TruncateDuration(const Call& call) {
  return call[1].i <= 0 ? call[0] : Duration(call[0].i - call[0].i % call[1].i);
}
Value RoundDuration(const Call& call) { return Duration(RoundNs(call[0].i, call[1].i)); }
Value AbsDuration(const Call& call) {
  int64_t ns = call[0].i;
  return Duration(ns >= 0 ? ns : ns == INT64_MIN ? INT64_MAX : -ns);
}

Value Unsigned(uint64_t u) {
  Value value = Value::Integer(Kind::kUint64, 0);
  value.u = u;
  return value;
}
Value Major(const Call& call) { return Unsigned(call[0].version->major); }
Value Minor(const Call& call) { return Unsigned(call[0].version->minor); }
Value Patch(const Call& call) { return Unsigned(call[0].version->patch); }
Value Prerelease(const Call& call) { return Value::Text(call[0].version->prerelease); }
Value Metadata(const Call& call) { return Value::Text(call[0].version->metadata); }
Value Original(const Call& call) { return Value::Text(call[0].version->original); }
int VersionOrder(const Call& call) { return CompareVersions(*call[0].version, *call[1].version); }
Value Compare(const Call& call) { return Value::Int(VersionOrder(call)); }
Value LessThan(const Call& call) { return Value::Bool(VersionOrder(call) < 0); }
Value GreaterThan(const Call& call) { return Value::Bool(VersionOrder(call) > 0); }
Value SameVersion(const Call& call) { return Value::Bool(VersionOrder(call) == 0); }

constexpr int64_t kMinuteNs = 60 * kNsPerSecond, kHourNs = 60 * kMinuteNs;

constexpr Function kTimeMethods[] = {
    {"Add", "td", Add},
    {"AddDate", "tiii", AddDate},
    {"After", "tt", After},
    {"Before", "tt", Before},
    {"Compare", "tt", [](const Call& call) { return Value::Int(Order(call)); }},
    {"Day", "t", ClockField<&GoClock::day, Kind::kInt>},
    {"Equal", "tt", SameTime},
    {"Format", "ts", Format},
    {"Hour", "t", ClockField<&GoClock::hour, Kind::kInt>},
    {"IsZero", "t", IsZero},
    {"Local", "t", ToUtc},
    {"Minute", "t", ClockField<&GoClock::minute, Kind::kInt>},
    {"Month", "t", ClockField<&GoClock::month, Kind::kMonth>},
    {"Nanosecond", "t", Nanosecond},
    {"Round", "td", RoundTime},
    {"Second", "t", ClockField<&GoClock::second, Kind::kInt>},
    {"String", "t", Text},
    {"Sub", "tt", Sub},
    {"Truncate", "td", TruncateTime},
    {"UTC", "t", ToUtc},
    {"Unix", "t", UnixIn<1>},
    {"UnixMicro", "t", UnixIn<1'000'000>},
    {"UnixMilli", "t", UnixIn<1'000>},
    {"UnixNano", "t", UnixIn<kNsPerSecond>},
    {"Weekday", "t", ClockField<&GoClock::weekday, Kind::kWeekday>},
    {"Year", "t", Year},
    {"YearDay", "t", ClockField<&GoClock::year_day, Kind::kInt>},
};
constexpr Function kDurationMethods[] = {
    {"Abs", "d", AbsDuration},
    {"Hours", "d", DurationFloat<kHourNs>},
    {"Microseconds", "d", DurationInt<1'000>},
    {"Milliseconds", "d", DurationInt<kNsPerMs>},
    {"Minutes", "d", DurationFloat<kMinuteNs>},
    {"Nanoseconds", "d", DurationInt<1>},
    {"Round", "dd", RoundDuration},
    {"Seconds", "d", DurationFloat<kNsPerSecond>},
    {"String", "d", Text},
    {"Truncate", "dd", TruncateDuration},
};
constexpr Function kNameMethods[] = {{"String", "v", Text}};
constexpr Function kVersionMethods[] = {
    {"Compare", "VV", Compare},
    {"Equal", "VV", SameVersion},
    {"GreaterThan", "VV", GreaterThan},
    {"LessThan", "VV", LessThan},
    {"Major", "V", Major},
    {"Metadata", "V", Metadata},
    {"Minor", "V", Minor},
    {"Original", "V", Original},
    {"Patch", "V", Patch},
    {"Prerelease", "V", Prerelease},
    {"String", "V", Text},
};

Functions MethodsOf(Kind kind) {
  switch (kind) {
    case Kind::kTime:
      return kTimeMethods;
    case Kind::kDuration:
      return kDurationMethods;
    case Kind::kMonth:
    case Kind::kWeekday:
      return kNameMethods;
    case Kind::kVersion:
      return kVersionMethods;
    default:
      return {};
  }
}

}  // namespace

const Function* FindMethod(const Value& receiver, std::string_view name) {
  for (const Function& method : MethodsOf(receiver.kind)) {
    if (method.name == name) return &method;
  }
  return nullptr;
}

}  // namespace glp::codec::tmpl
