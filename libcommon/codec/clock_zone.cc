#include "codec/clock_zone.h"

#include <unistd.h>

#include <optional>

#include "base/strings.h"
#include "base/time.h"

namespace glp::codec {
namespace {

std::optional<int> Digits(std::string_view text) {
  int value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

// "+02:00", "+0200", "+02", with either sign.
std::optional<int32_t> ParseOffset(std::string_view text) {
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const std::string_view number = text.substr(1);
  const bool has_colon = number.size() == 5 && number[2] == ':';
  if (number.size() != 2 && number.size() != 4 && !has_colon) return std::nullopt;
  const std::optional<int> hours = Digits(number.substr(0, 2));
  const std::optional<int> minutes =
      number.size() == 2 ? 0 : Digits(number.substr(has_colon ? 3 : 2, 2));
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return (*hours * 3600 + *minutes * 60) * (text[0] == '-' ? -1 : 1);
}

// TZ's own way for a zone without summer time, "EST5" or "<+03>-3": hours west of UTC.
std::optional<int32_t> ParsePosixOffset(std::string_view text) {
  const size_t name_end =
      text.starts_with('<') ? text.find('>') : text.find_first_of("+-0123456789");
  if (name_end == text.npos || name_end < 3) return std::nullopt;
  text.remove_prefix(text[0] == '<' ? name_end + 1 : name_end);
  const bool east = text.starts_with('-');
  if (east || text.starts_with('+')) text.remove_prefix(1);
  const size_t colon = text.find(':');
  const std::string_view hour_text = text.substr(0, colon);
  if (hour_text.empty() || hour_text.size() > 2) return std::nullopt;
  const std::optional<int> hours = Digits(hour_text);
  std::optional<int> minutes = 0;
  if (colon != text.npos) {
    minutes = text.size() == colon + 3 ? Digits(text.substr(colon + 1)) : std::nullopt;
  }
  if (!hours || !minutes || *hours > 24 || *minutes > 59) return std::nullopt;
  return (*hours * 3600 + *minutes * 60) * (east ? 1 : -1);
}

bool IsUtc(std::string_view name) {
  const std::string lower = AsciiLower(name);
  return lower.empty() || lower == "utc" || lower == "gmt" || lower == "z";
}

}  // namespace

ClockZone ClockZone::OfOffset(int32_t offset_s) {
  ClockZone zone;
  zone.offset_s_ = offset_s;
  return zone;
}

Result<ClockZone> ClockZone::Find(std::string_view name, const char* tz) {
  if (IsUtc(name)) return ClockZone();
  if (const std::optional<int32_t> offset = ParseOffset(name)) return OfOffset(*offset);
  if (AsciiLower(name) == "local") return Local(tz);
  ClockZone zone;
  GLP_ASSIGN_OR_RETURN(zone.zone_, FindZone(name));
  return zone;
}

Result<ClockZone> ClockZone::Local(const char* tz) {
  if (tz == nullptr) {
    // Where there is no such file the machine is on UTC, as the C library has it.
    if (access("/etc/localtime", F_OK) != 0) return ClockZone();
    ClockZone zone;
    GLP_ASSIGN_OR_RETURN(zone.zone_, FindZone("Local"));
    return zone;
  }
  std::string_view name = tz;
  if (name.starts_with(':')) name.remove_prefix(1);
  constexpr std::string_view kFolder = "/zoneinfo/";
  if (const size_t at = name.find(kFolder); name.starts_with('/') && at != name.npos) {
    name.remove_prefix(at + kFolder.size());
  }
  if (IsUtc(name)) return ClockZone();
  ClockZone zone;
  Result<const TimeZone*> found = FindZone(name);
  if (found.ok()) {
    zone.zone_ = *found;
    return zone;
  }
  if (const std::optional<int32_t> offset = ParsePosixOffset(name)) return OfOffset(*offset);
  return found.status().Annotate("TZ");
}

GoTime ClockZone::At(int64_t ts_ns) const {
  GoTime time = GoTime::FromNs(ts_ns);
  time.zone = zone_;
  if (!zone_ && offset_s_ != 0) {
    time.is_fixed = true;
    time.fixed_offset_s = offset_s_;
  }
  return time;
}

void ZonedTimestamps::Append(int64_t ts_ns, std::string* out) {
  char text[kTimestampSize];
  if (zone_.is_utc()) {
    FormatTimestamp(ts_ns, text);
    out->append(text, kTimestampSize);
    return;
  }
  const GoTime time = zone_.At(ts_ns);
  if (time.unix_s < begin_s_ || time.unix_s >= end_s_) {
    if (time.zone) {
      const TimeZone::Offset offset = time.zone->At(time.unix_s);
      offset_s_ = offset.seconds;
      begin_s_ = offset.begin_s;
      end_s_ = offset.end_s;
    } else {
      offset_s_ = time.fixed_offset_s;
      begin_s_ = INT64_MIN;
      end_s_ = INT64_MAX;
    }
  }
  int64_t local_ns;
  if (__builtin_add_overflow(ts_ns, offset_s_ * kNsPerSecond, &local_ns)) {
    // The last hours that int64 holds.
    FormatTimestamp(ts_ns, text);
    out->append(text, kTimestampSize);
    return;
  }
  FormatTimestamp(local_ns, text);
  out->append(text, kTimestampSize - 1);
  const int64_t size_s = offset_s_ < 0 ? -offset_s_ : offset_s_;
  const auto two = [out](int64_t number) {
    *out += static_cast<char>('0' + number / 10);
    *out += static_cast<char>('0' + number % 10);
  };
  *out += offset_s_ < 0 ? '-' : '+';
  two(size_s / 3600);
  *out += ':';
  two(size_s / 60 % 60);
}

}  // namespace glp::codec
