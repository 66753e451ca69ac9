// The pieces of numbers as FORMAT.md, Values has them: classes, bits, the size of groups of digits.
// Threads: pure functions, and objects one at a time.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace glp::pack {

// A class and the bits behind it.
inline unsigned ClassOf(uint64_t number) {
  if (number < 4) return static_cast<unsigned>(number);
  const auto length = static_cast<unsigned>(std::bit_width(number));
  return 4 * (length - 1) + (static_cast<unsigned>(number >> (length - 3)) & 3);
}
// Bits that follow a class.
inline constexpr unsigned BitsOf(unsigned number_class) {
  return number_class < 12 ? 0 : number_class / 4 - 2;
}
// The smallest number of a class; those from 4 to 7 are of no number.
inline constexpr uint64_t LeastOf(unsigned number_class) {
  return number_class < 8 ? number_class : uint64_t{4 + number_class % 4} << BitsOf(number_class);
}
inline constexpr bool IsClass(unsigned number_class) {
  return number_class < 4 || number_class >= 8;
}

class BitWriter {
 public:
  explicit BitWriter(std::string* out) : out_(out) {}
  // REQUIRES: value < 2^bits, bits <= 64
  void Put(uint64_t value, unsigned bits) {
    if (bits > 32) {
      PutShort(value & UINT32_MAX, 32);
      value >>= 32;
      bits -= 32;
    }
    PutShort(value, bits);
  }
  // Call once, last.
  void Finish() {
    for (; used_ > 0; used_ -= used_ < 8 ? used_ : 8) {
      out_->push_back(static_cast<char>(pending_));
      pending_ >>= 8;
    }
  }

 private:
  void PutShort(uint64_t value, unsigned bits) {
    pending_ |= value << used_;
    used_ += bits;
    if (used_ < 32) return;
    char bytes[4];
    std::memcpy(bytes, &pending_, sizeof bytes);
    out_->append(bytes, sizeof bytes);
    pending_ >>= 32;
    used_ -= 32;
  }
  std::string* out_;
  uint64_t pending_ = 0;
  unsigned used_ = 0;  // below 32
};

// Takes bits off bytes that may be read kSlack bytes beyond their end.
class BitReader {
 public:
  static constexpr size_t kSlack = 16;
  explicit BitReader(const char* bytes) : bytes_(bytes) {}
  // REQUIRES: bits <= 64
  uint64_t Take(unsigned bits) {
    const char* from = bytes_ + (at_ >> 3);
    const auto shift = static_cast<unsigned>(at_ & 7);
    uint64_t word;
    std::memcpy(&word, from, sizeof word);
    uint64_t value = word >> shift;
    if (bits + shift > 64) {
      value |= uint64_t{static_cast<unsigned char>(from[8])} << (64 - shift);
    }
    at_ += bits;
    return bits == 64 ? value : value & ((uint64_t{1} << bits) - 1);
  }

 private:
  const char* bytes_;
  uint64_t at_ = 0;
};

inline constexpr uint64_t PowerOf10(unsigned digits) {
  uint64_t power = 1;
  for (; digits > 0; --digits) power *= 10;
  return power;
}
inline constexpr unsigned kGroupDigits = 19;  // the most that fit into 64 bits
// Bits of a group of so many digits.
inline constexpr unsigned GroupBits(unsigned digits) {
  return static_cast<unsigned>(std::bit_width(PowerOf10(digits) - 1));
}

}  // namespace glp::pack
