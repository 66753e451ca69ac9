#include "codec/zone.h"

#include <date/tz.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <string>
#include <vector>

#include "base/strings.h"

namespace glp::codec {
namespace {

// 2037-01-01
constexpr int64_t kTablesEnd = 2'114'380'800;

// The library reads the zone files' tables, which end in 2037, and not the rule that goes on behind
// them. Later years are looked up 28 years (or some times that) earlier, when the calendar is the
// same; exact to 2100.
date::sys_info InfoAt(const date::time_zone* zone, int64_t utc_s) {
  constexpr int64_t kCycle = int64_t{10'227} * 86'400;
  std::chrono::seconds shift(0);
  if (utc_s >= kTablesEnd) shift = std::chrono::seconds((utc_s - kTablesEnd) / kCycle + 1) * kCycle;
  date::sys_info info = zone->get_info(date::sys_seconds(std::chrono::seconds(utc_s) - shift));
  info.begin += shift;
  info.end += shift;
  return info;
}

}  // namespace

TimeZone::TimeZone(const date::time_zone* zone) : zone_(zone) {
  // From before the first zone files' changes to the last year they spell out.
  constexpr int64_t kFirst = -5'000'000'000;
  for (int64_t at = kFirst; at < kTablesEnd;) {
    date::sys_info info = InfoAt(zone_, at);
    std::pair<std::string, int64_t> name(info.abbrev, info.offset.count());
    if (std::find(names_.begin(), names_.end(), name) == names_.end()) names_.push_back(name);
    int64_t end = info.end.time_since_epoch().count();
    if (end <= at) break;
    at = end;
  }
}

namespace {

std::string UnknownZone(std::string_view name) {
  std::string why = "time zone '" + std::string(name) + "' is not known; ";
  std::vector<std::string> names;
  try {
    for (const date::time_zone& zone : date::get_tzdb().zones) names.push_back(zone.name());
  } catch (const std::exception&) {
    names.clear();
  }
  std::string_view nearest = Nearest(name, names);
  if (!nearest.empty()) return why + "did you mean " + std::string(nearest) + "?";
  return why +
         "use an IANA name such as Europe/Berlin, and see that the system's zone files (package "
         "tzdata) are installed";
}

}  // namespace

Result<TimeZone> TimeZone::Find(std::string_view name) {
  // The library says "no" by exceptions; they end here.
  try {
    return TimeZone(name == "Local" ? date::current_zone() : date::locate_zone(std::string(name)));
  } catch (const std::exception&) {
    return UsageError(UnknownZone(name));
  }
}

int64_t TimeZone::ToUtc(int64_t local_s) const {
  date::sys_info info = InfoAt(zone_, local_s);
  int64_t utc = local_s - info.offset.count();
  if (utc < info.begin.time_since_epoch().count() || utc >= info.end.time_since_epoch().count()) {
    utc = local_s - InfoAt(zone_, utc).offset.count();
  }
  return utc;
}

TimeZone::Reading TimeZone::Explain(int64_t local_s) const {
  const int64_t utc = ToUtc(local_s);
  const date::sys_info info = InfoAt(zone_, utc);
  Reading reading;
  reading.offset_s = local_s - utc;
  if (info.offset.count() != reading.offset_s) {
    reading.clock = Reading::Clock::kGap;
    reading.other_offset_s = info.offset.count();
    return reading;
  }
  for (int64_t at :
       {info.begin.time_since_epoch().count() - 1, info.end.time_since_epoch().count()}) {
    const int64_t offset = InfoAt(zone_, at).offset.count();
    if (offset == reading.offset_s || InfoAt(zone_, local_s - offset).offset.count() != offset) {
      continue;
    }
    reading.clock = Reading::Clock::kTwice;
    reading.other_offset_s = offset;
  }
  return reading;
}

TimeZone::Offset TimeZone::At(int64_t utc_s) const {
  date::sys_info info = InfoAt(zone_, utc_s);
  Offset offset{info.offset.count(), info.abbrev, utc_s, utc_s + 1};
  if (utc_s < kTablesEnd) {
    offset.begin_s = info.begin.time_since_epoch().count();
    offset.end_s = std::min<int64_t>(info.end.time_since_epoch().count(), kTablesEnd);
  }
  return offset;
}

std::optional<int64_t> TimeZone::OffsetOf(std::string_view abbreviation, int64_t local_s) const {
  for (const auto& [name, offset] : names_) {
    if (name != abbreviation) continue;
    date::sys_info info = InfoAt(zone_, local_s - offset);
    if (info.abbrev == abbreviation) return info.offset.count();
  }
  for (const auto& [name, offset] : names_) {
    if (name == abbreviation) return offset;
  }
  return std::nullopt;
}

}  // namespace glp::codec
