// Fields of the protobuf form of a push, by PUSH.md: tags as they stand in the bytes (number and
// wire type). Part of the writer and the reader.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace glp::wire {

// Wire types: 0 is a varint, 2 is bytes behind their length.
using Tag = uint32_t;
constexpr Tag VarintTag(uint32_t number) { return number << 3; }
constexpr Tag BytesTag(uint32_t number) { return number << 3 | 2; }

inline constexpr Tag kRequestStream = BytesTag(1);
inline constexpr Tag kRequestGlp = BytesTag(7000);
inline constexpr Tag kStreamLabels = BytesTag(1);
inline constexpr Tag kStreamEntry = BytesTag(2);
inline constexpr Tag kEntryTime = BytesTag(1);
inline constexpr Tag kEntryLine = BytesTag(2);
inline constexpr Tag kEntryMeta = BytesTag(3);
inline constexpr Tag kTimeSeconds = VarintTag(1);
inline constexpr Tag kTimeNanos = VarintTag(2);
inline constexpr Tag kPairName = BytesTag(1);
inline constexpr Tag kPairValue = BytesTag(2);

inline constexpr Tag kGlpStream = BytesTag(1);
inline constexpr Tag kOriginRun = BytesTag(1);
inline constexpr Tag kRunId = BytesTag(1);
inline constexpr Tag kRunSteps = BytesTag(2);
inline constexpr Tag kRunWholeFrom = VarintTag(3);

// Nanoseconds as Timestamp has them: nanos are never negative.
struct SplitTime {
  int64_t seconds;
  uint32_t nanos;
};
// False where the time does not fit in 64 bits (years 1678 to 2262 do).
inline bool Join(SplitTime time, int64_t* ts_ns) {
  int64_t seconds = time.seconds;
  int64_t nanos = time.nanos;
  // The first second of all does not fit, but its later nanoseconds do.
  if (seconds < 0) {
    ++seconds;
    nanos -= kNsPerSecond;
  }
  return !__builtin_mul_overflow(seconds, kNsPerSecond, ts_ns) &&
         !__builtin_add_overflow(*ts_ns, nanos, ts_ns);
}
inline SplitTime Split(int64_t ts_ns) {
  int64_t seconds = ts_ns / kNsPerSecond;
  int64_t nanos = ts_ns % kNsPerSecond;
  if (nanos < 0) {
    --seconds;
    nanos += kNsPerSecond;
  }
  return {seconds, static_cast<uint32_t>(nanos)};
}

}  // namespace glp::wire
