// The zone that people's clocks show: what times without a zone are read in, and times are printed
// in. UTC, an offset, or a place by its IANA name.
// Lifetime: a value; places live as long as the process. Threads: const from any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/go_time_format.h"

namespace glp::codec {

class ClockZone {
 public:
  ClockZone() = default;  // UTC

  // "", "UTC", "GMT" and "Z" in any case; "+02:00", "+0200" or "+02"; "Europe/Berlin".
  // `tz` is what the variable TZ says, nullptr where it is not set: what "Local" means. Without it
  // that is the machine's own zone.
  // Errors: Code::kUsage for a name that is not known, with the nearest one.
  static Result<ClockZone> Find(std::string_view name, const char* tz = nullptr);

  bool is_utc() const { return !zone_ && offset_s_ == 0; }
  // The instant with this zone, for calendars.
  GoTime At(int64_t ts_ns) const;

 private:
  static Result<ClockZone> Local(const char* tz);
  static ClockZone OfOffset(int32_t offset_s);

  const TimeZone* zone_ = nullptr;
  int32_t offset_s_ = 0;  // without zone_
};

// Times as RFC 3339 with nine digits, "2026-01-05T11:00:00.009977721+01:00"; Z in UTC.
// Offsets are looked up once for as long as they hold. Threads: one at a time.
class ZonedTimestamps {
 public:
  explicit ZonedTimestamps(ClockZone zone = {}) : zone_(zone) {}
  void Append(int64_t ts_ns, std::string* out);

 private:
  ClockZone zone_;
  int64_t offset_s_ = 0, begin_s_ = 0, end_s_ = 0;  // of [begin, end)
};

}  // namespace glp::codec
