// The parts of a Go reference layout ("2006-01-02 15:04"): which piece of it stands for what.
// Threads: pure functions. Source: Go's package time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace glp::codec {

enum class TimePart : uint8_t {
  kNone,
  kLongMonth,
  kMonth,
  kNumMonth,
  kZeroMonth,
  kLongWeekDay,
  kWeekDay,
  kDay,
  kUnderDay,
  kZeroDay,
  kUnderYearDay,
  kZeroYearDay,
  kHour,
  kHour12,
  kZeroHour12,
  kMinute,
  kZeroMinute,
  kSecond,
  kZeroSecond,
  kLongYear,
  kYear,
  kPM,
  kpm,
  kTZ,
  // Z0700 and -0700, each with its separators and seconds; the Z forms write a Z for UTC.
  kIso,
  kIsoColon,
  kIsoShort,
  kIsoSeconds,
  kIsoColonSeconds,
  kNum,
  kNumColon,
  kNumShort,
  kNumSeconds,
  kNumColonSeconds,
  kFraction0,
  kFraction9,
};

struct TimePartAt {
  TimePart part;
  size_t begin, size;  // in the layout; its end and 0 for kNone
  int digits;          // of a fraction
};

// The first part of a time in `layout`.
TimePartAt NextTimePart(std::string_view layout);

}  // namespace glp::codec
