// A time zone by its IANA name: local clock to UTC as Go's time.Date does it, and offsets by
// abbreviation ("CEST").
// Threads: const from any. Source: Howard Hinnant's date library over the system's zone files.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace date {
class time_zone;
}

namespace glp::codec {

class TimeZone {
 public:
  // Errors: Code::kUsage for a name that is not known.
  static Result<TimeZone> Find(std::string_view name);

  // Seconds since 1970 UTC of a local clock given as if it were UTC. In a gap the clock is read
  // with the offset before it or after it, in an overlap with one of both: as Go picks them.
  int64_t ToUtc(int64_t local_s) const;
  // How ToUtc came to it. Cost: several look-ups more.
  struct Reading {
    enum class Clock : uint8_t {
      kOnce,
      kGap,    // the clock was set forward and never showed this time
      kTwice,  // it was set back and showed it again
    };
    int64_t offset_s = 0;  // taken
    Clock clock = Clock::kOnce;
    int64_t other_offset_s = 0;  // the one not taken, unless kOnce
  };
  Reading Explain(int64_t local_s) const;
  // What its clocks show at this instant, and at all from begin_s up to end_s.
  struct Offset {
    int64_t seconds;
    std::string abbreviation;
    int64_t begin_s = 0, end_s = 0;
  };
  Offset At(int64_t utc_s) const;
  // The offset in seconds that `abbreviation` has at this local clock, or had at any time.
  std::optional<int64_t> OffsetOf(std::string_view abbreviation, int64_t local_s) const;

 private:
  explicit TimeZone(const date::time_zone* zone);
  const date::time_zone* zone_;
  std::vector<std::pair<std::string, int64_t>> names_;  // in order of first use
};

}  // namespace glp::codec
