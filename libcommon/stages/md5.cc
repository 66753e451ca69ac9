#include "stages/md5.h"

#include <bit>
#include <cmath>
#include <string>

namespace glp::stages {
namespace {

constexpr int kShifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

// The parts of |sin(1)| … |sin(64)| behind the point, as the RFC defines them.
std::array<uint32_t, 64> Sines() {
  std::array<uint32_t, 64> sines;
  for (int i = 0; i < 64; ++i) {
    sines[i] = static_cast<uint32_t>(std::floor(std::fabs(std::sin(i + 1.0)) * 4294967296.0));
  }
  return sines;
}

void AddBlock(const uint8_t* block, std::array<uint32_t, 4>* state) {
  static const std::array<uint32_t, 64> sines = Sines();
  uint32_t word[16];
  for (int i = 0; i < 16; ++i) {
    const uint8_t* at = block + 4 * i;
    word[i] = at[0] | at[1] << 8 | at[2] << 16 | static_cast<uint32_t>(at[3]) << 24;
  }
  auto [a, b, c, d] = *state;
  for (int i = 0; i < 64; ++i) {
    uint32_t mix;
    int from;
    switch (i / 16) {
      case 0:
        mix = (b & c) | (~b & d);
        from = i;
        break;
      case 1:
        mix = (d & b) | (~d & c);
        from = 5 * i + 1;
        break;
      case 2:
        mix = b ^ c ^ d;
        from = 3 * i + 5;
        break;
      default:
        mix = c ^ (b | ~d);
        from = 7 * i;
    }
    uint32_t sum = a + mix + sines[i] + word[from % 16];
    a = d;
    d = c;
    c = b;
    b += std::rotl(sum, kShifts[i / 16][i % 4]);
  }
  (*state)[0] += a;
  (*state)[1] += b;
  (*state)[2] += c;
  (*state)[3] += d;
}

}  // namespace

std::array<uint8_t, 16> Md5(std::string_view bytes) {
  std::string padded(bytes);
  padded += '\x80';
  padded.resize((padded.size() + 8 + 63) / 64 * 64 - 8);
  uint64_t bits = bytes.size() * 8;
  for (int i = 0; i < 8; ++i) padded += static_cast<char>(bits >> 8 * i);

  std::array<uint32_t, 4> state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  for (size_t at = 0; at < padded.size(); at += 64) {
    AddBlock(reinterpret_cast<const uint8_t*>(padded.data()) + at, &state);
  }
  std::array<uint8_t, 16> digest;
  for (int i = 0; i < 16; ++i) digest[i] = static_cast<uint8_t>(state[i / 4] >> 8 * (i % 4));
  return digest;
}

}  // namespace glp::stages
