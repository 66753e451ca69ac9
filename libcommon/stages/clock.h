// Times of a log that names no zone, and often no year: what its host's clock showed.
// The year, where there is none, is the latest with which the time is no later than its file was
// written last (stages/file_times.h), nor than the entry's own time where no file is told; a day
// later at most, for clocks and zones that differ.
// Threads: one at a time. Range: what int64 nanoseconds hold; outside of it is "no time".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "codec/yaml.h"
#include "codec/zone.h"
#include "record/record.h"
#include "stages/entry.h"
#include "stages/file_times.h"

namespace glp::stages {

inline constexpr int64_t kNoYear = INT64_MIN;

class Clock {
 public:
  Clock() = default;  // UTC
  // `location`: IANA name, "Local", "" for UTC. Errors: Code::kUsage for one that is not known.
  static Result<Clock> In(std::string_view location);
  // The option `location` of a stage; an unknown one is an error of the map.
  static Clock Read(codec::YamlMap& map);

  // Nothing where a part is out of range. `civil.year` may be kNoYear.
  std::optional<int64_t> ToNs(const CivilTime& civil, int64_t last_ns);
  // The same with what is known about the entry's file.
  std::optional<int64_t> ToNs(const CivilTime& civil, const StageEntry& entry) {
    return ToNs(civil, civil.year == kNoYear ? files_.Of(entry).ns : 0);
  }
  // Stage::OnFile.
  void OnFile(std::string_view id, const MarkWords& words) { files_.OnFile(id, words); }

 private:
  std::optional<int64_t> InYear(const CivilTime& civil, int64_t year);

  FileTimes files_;
  std::unique_ptr<const codec::TimeZone> zone_;  // none: UTC
  // Offset of the quarter of an hour that was looked up last: zones change on its borders.
  int64_t quarter_ = INT64_MIN, offset_s_ = 0;
};

// Pieces of a time from the start of `text`, which loses them. False where it has none.
bool TakeDigits(std::string_view* text, size_t digits, unsigned* value);
// "Jan", as written by C.
bool TakeMonth(std::string_view* text, unsigned* month);
// "15:04:05" and, where there is one, a fraction behind '.' or ',' (nine digits of it count).
bool TakeTimeOfDay(std::string_view* text, CivilTime* civil);
inline bool TakeChar(std::string_view* text, char c) {
  if (text->empty() || (*text)[0] != c) return false;
  text->remove_prefix(1);
  return true;
}

}  // namespace glp::stages
