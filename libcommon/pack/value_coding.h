// Names of what FORMAT.md, Values numbers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace glp::pack {

enum class Coding : uint8_t {
  kConstant = 0,
  kText = 1,
  kGroups = 2,
  kPairs = 3,
  kRising = 4,
  kLowerHex = 5,
  kUpperHex = 6,
  kDecimals = 7,
  kTransposed = 8,
};
inline constexpr unsigned kWithReferences = 128;
inline constexpr unsigned kMaxDecimal = 18;  // digits of a number

// The first byte of `bytes`.
inline constexpr char kPlain = 0;
inline constexpr char kCompressed = 1;
inline constexpr size_t kMagicSize = 4;  // of a Zstandard frame

}  // namespace glp::pack
