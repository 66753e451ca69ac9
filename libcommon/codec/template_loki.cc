// Loki's own functions besides those that it takes of sprig.
#include "base/strings.h"
#include "codec/go_duration.h"
#include "codec/runes.h"
#include "codec/template_dates.h"
#include "codec/template_functions.h"
#include "codec/template_own.h"
#include "codec/template_regex.h"
#include "codec/template_strings.h"
#include "codec/template_url.h"

namespace glp::codec::tmpl {
namespace {

Value Line(const Call& call) { return Value::Text(call.run->input().line); }
Value Timestamp(const Call& call) {
  return call.run->NewTime(GoTime::FromNs(call.run->input().ts_ns));
}

Value Aligned(const Call& call, bool left) {
  std::string_view text = call.str(1);
  int64_t width = call[0].i, size = static_cast<int64_t>(CountRunes(text));
  if (width < 0 || width == size) return Value::Text(text);
  if (width > size) {
    TextBuilder out(call.run);
    if (left) out.Append(text);
    out.Fill(static_cast<size_t>(width - size), ' ');
    if (!left) out.Append(text);
    return out.Finish();
  }
  if (left) return Value::Text(text.substr(0, RunesPrefix(text, static_cast<size_t>(width))));
  return Value::Text(text.substr(RunesPrefix(text, static_cast<size_t>(size - width))));
}
Value AlignLeft(const Call& call) { return Aligned(call, true); }
Value AlignRight(const Call& call) { return Aligned(call, false); }

Value Bytes(const Call& call) {
  auto bytes = ParseHumanizedBytes(call.str(0));
  if (!bytes.ok()) return call.Fail(bytes.status().message());
  return Value::Float(static_cast<double>(*bytes));
}

Value DurationSeconds(const Call& call) {
  auto duration = ParseGoDuration(call.str(0));
  if (!duration.ok()) return call.Fail(duration.status().message());
  // Whole and rest apart, as Go's Duration.Seconds.
  return Value::Float(static_cast<double>(*duration / 1'000'000'000) +
                      static_cast<double>(*duration % 1'000'000'000) / 1e9);
}

Value ToDateInZone(const Call& call) {
  GoTime time;
  if (!ParseGoTime(call.str(0), call.str(1), call.str(2), &time)) {
    time = GoTime();
    time.unix_s = kZeroTimeS;
  }
  return call.run->NewTime(time);
}

Value UnixEpochMillis(const Call& call) {
  int64_t ms = static_cast<int64_t>(static_cast<uint64_t>(call[0].time->unix_s) * 1000 +
                                    static_cast<uint64_t>(call[0].time->ns / 1'000'000));
  return call.run->Copy(std::to_string(ms));
}
Value UnixEpochNanos(const Call& call) {
  return call.run->Copy(std::to_string(UnixNanos(*call[0].time)));
}

// The count of digits says the unit: days, seconds, ms, µs or ns.
Value UnixToTime(const Call& call) {
  std::string_view text = call.str(0);
  std::string shown = "unable to parse time '" + std::string(text.substr(0, 100)) + "'";
  auto number = ParseInt64(text.starts_with('+') ? text.substr(1) : text);
  if (!number) return call.Fail(shown + ": it is not a number");
  GoTime time;
  switch (text.size()) {
    case 5:
      time.unix_s = *number * 86'400;
      break;
    case 10:
      time.unix_s = *number;
      break;
    case 13:
      time = MovedBy({.unix_s = *number / 1'000}, *number % 1'000 * 1'000'000);
      break;
    case 16:
      time = MovedBy({.unix_s = *number / 1'000'000}, *number % 1'000'000 * 1'000);
      break;
    case 19:
      time = GoTime::FromNs(*number);
      break;
    default:
      return call.Fail(shown + ": it has " + std::to_string(text.size()) +
                       " digits; 5 are days, 10 seconds, 13 ms, 16 µs and 19 ns since 1970");
  }
  return call.run->NewTime(time);
}

Value UrlEncode(const Call& call) {
  TextBuilder out(call.run);
  AppendQueryEscaped(call.str(0), &out);
  return out.Finish();
}

Value UrlDecode(const Call& call) {
  TextBuilder out(call.run);
  std::string_view bad;
  if (AppendUnescaped(call.str(0), true, &out, &bad)) return out.Finish();
  return call.Fail("invalid URL escape \"" + std::string(bad) + "\"");
}

constexpr Function kFunctions[] = {
    {"Replace", "sssi", OwnReplace},
    {"ToLower", "s", OwnToLower},
    {"ToUpper", "s", OwnToUpper},
    {"Trim", "ss", OwnTrim},
    {"TrimLeft", "ss", OwnTrimLeft},
    {"TrimPrefix", "ss", OwnTrimPrefix},
    {"TrimRight", "ss", OwnTrimRight},
    {"TrimSpace", "s", OwnTrimSpace},
    {"TrimSuffix", "ss", OwnTrimSuffix},
    {"__line__", "", Line},
    {"__timestamp__", "", Timestamp},
    {"alignLeft", "is", AlignLeft},
    {"alignRight", "is", AlignRight},
    {"bytes", "s", Bytes},
    {"count", "ss", CountMatches, Function::Special::kRegex},
    {"duration", "s", DurationSeconds},
    {"duration_seconds", "s", DurationSeconds},
    {"regexReplaceAll", "sss", RegexReplaceAll, Function::Special::kRegex},
    {"regexReplaceAllLiteral", "sss", RegexReplaceAllLiteral, Function::Special::kRegex},
    {"toDateInZone", "sss", ToDateInZone},
    {"unixEpochMillis", "t", UnixEpochMillis},
    {"unixEpochNanos", "t", UnixEpochNanos},
    {"unixToTime", "s", UnixToTime},
    {"urldecode", "s", UrlDecode},
    {"urlencode", "s", UrlEncode},
};

}  // namespace

Functions LokiFunctions() { return kFunctions; }

}  // namespace glp::codec::tmpl
