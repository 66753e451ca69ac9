#include "display.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>

namespace glp::query {
namespace {

struct CodePoints {
  uint32_t first, last;
};

constexpr CodePoints kZeroWidth[] = {
    {0x0300, 0x036f},   {0x0483, 0x0489},   {0x0591, 0x05bd},   {0x05bf, 0x05bf}, {0x05c1, 0x05c2},
    {0x05c4, 0x05c5},   {0x0610, 0x061a},   {0x064b, 0x065f},   {0x06d6, 0x06dc}, {0x06df, 0x06e4},
    {0x06e7, 0x06e8},   {0x06ea, 0x06ed},   {0x0900, 0x0902},   {0x093a, 0x093a}, {0x093c, 0x093c},
    {0x0941, 0x0948},   {0x094d, 0x094d},   {0x0951, 0x0957},   {0x0e31, 0x0e31}, {0x0e34, 0x0e3a},
    {0x0e47, 0x0e4e},   {0x1160, 0x11ff},   {0x1ab0, 0x1aff},   {0x1dc0, 0x1dff}, {0x200b, 0x200f},
    {0x202a, 0x202e},   {0x2060, 0x2064},   {0x2066, 0x206f},   {0x20d0, 0x20f0}, {0x302a, 0x302d},
    {0x3099, 0x309a},   {0xfe00, 0xfe0f},   {0xfe20, 0xfe2f},   {0xfeff, 0xfeff}, {0xfff9, 0xfffb},
    {0x1f3fb, 0x1f3ff}, {0xe0001, 0xe007f}, {0xe0100, 0xe01ef},
};

constexpr CodePoints kWide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},
    {0x23f0, 0x23f0},   {0x23f3, 0x23f3},   {0x25fd, 0x25fe},   {0x2614, 0x2615},
    {0x2648, 0x2653},   {0x267f, 0x267f},   {0x2693, 0x2693},   {0x26a1, 0x26a1},
    {0x26aa, 0x26ab},   {0x26bd, 0x26be},   {0x26c4, 0x26c5},   {0x26ce, 0x26ce},
    {0x26d4, 0x26d4},   {0x26ea, 0x26ea},   {0x26f2, 0x26f3},   {0x26f5, 0x26f5},
    {0x26fa, 0x26fa},   {0x26fd, 0x26fd},   {0x2705, 0x2705},   {0x270a, 0x270b},
    {0x2728, 0x2728},   {0x274c, 0x274c},   {0x274e, 0x274e},   {0x2753, 0x2755},
    {0x2757, 0x2757},   {0x2795, 0x2797},   {0x27b0, 0x27b0},   {0x27bf, 0x27bf},
    {0x2b1b, 0x2b1c},   {0x2b50, 0x2b50},   {0x2b55, 0x2b55},   {0x2e80, 0x303e},
    {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0xa4cf},   {0xa960, 0xa97c},
    {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe10, 0xfe19},   {0xfe30, 0xfe6b},
    {0xff01, 0xff60},   {0xffe0, 0xffe6},   {0x16fe0, 0x18aff}, {0x1b000, 0x1b2fb},
    {0x1f004, 0x1f004}, {0x1f0cf, 0x1f0cf}, {0x1f18e, 0x1f18e}, {0x1f191, 0x1f19a},
    {0x1f200, 0x1f320}, {0x1f32d, 0x1f335}, {0x1f337, 0x1f37c}, {0x1f37e, 0x1f393},
    {0x1f3a0, 0x1f3ca}, {0x1f3cf, 0x1f3d3}, {0x1f3e0, 0x1f3f0}, {0x1f3f4, 0x1f3f4},
    {0x1f3f8, 0x1f43e}, {0x1f440, 0x1f440}, {0x1f442, 0x1f4fc}, {0x1f4ff, 0x1f53d},
    {0x1f54b, 0x1f54e}, {0x1f550, 0x1f567}, {0x1f57a, 0x1f57a}, {0x1f595, 0x1f596},
    {0x1f5a4, 0x1f5a4}, {0x1f5fb, 0x1f64f}, {0x1f680, 0x1f6c5}, {0x1f6cc, 0x1f6cc},
    {0x1f6d0, 0x1f6d2}, {0x1f6d5, 0x1f6d7}, {0x1f6dc, 0x1f6df}, {0x1f6eb, 0x1f6ec},
    {0x1f6f4, 0x1f6fc}, {0x1f7e0, 0x1f7eb}, {0x1f7f0, 0x1f7f0}, {0x1f90c, 0x1f93a},
    {0x1f93c, 0x1f945}, {0x1f947, 0x1f9ff}, {0x1fa70, 0x1faff}, {0x20000, 0x3fffd},
};

template <size_t N>
bool IsIn(const CodePoints (&ranges)[N], uint32_t point) {
  const CodePoints* behind =
      std::upper_bound(ranges, ranges + N, point,
                       [](uint32_t value, const CodePoints& range) { return value < range.first; });
  return behind != ranges && point <= std::prev(behind)->last;
}

// The code point that `text` begins with and the bytes it takes; a byte that begins none is one.
struct Decoded {
  uint32_t point;
  size_t size;
  bool valid;
};
Decoded Decode(std::string_view text) {
  const auto byte = [&text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return {first, 1, false};
  uint32_t point = first & (0x7f >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {first, 1, false};
    point = point << 6 | (byte(i) & 0x3f);
  }
  const bool valid = !(size == 3 && (point < 0x800 || (point >= 0xd800 && point < 0xe000))) &&
                     !(size == 4 && (point < 0x10000 || point > 0x10ffff));
  return valid ? Decoded{point, size, true} : Decoded{first, 1, false};
}

size_t WidthOf(const Decoded& decoded) {
  if (!decoded.valid || decoded.point < 0x300) return 1;
  if (IsIn(kZeroWidth, decoded.point)) return 0;
  return IsIn(kWide, decoded.point) ? 2 : 1;
}

void AppendHexByte(std::string* out, uint8_t byte) {
  static constexpr char kHex[] = "0123456789abcdef";
  out->append("\\x");
  *out += kHex[byte >> 4];
  *out += kHex[byte & 15];
}

}  // namespace

bool IsPlainAscii(std::string_view text) {
  // Eight bytes at a time: a high bit is left where a byte is below ' ' or above '~'.
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighs = kOnes * 0x80;
  const auto others = [](uint64_t bytes) {
    return (((bytes - kOnes * ' ') & ~bytes) | (bytes + kOnes) | bytes) & kHighs;
  };
  uint64_t found = 0;
  for (; text.size() >= sizeof found; text.remove_prefix(sizeof found)) {
    uint64_t bytes;
    std::memcpy(&bytes, text.data(), sizeof bytes);
    found |= others(bytes);
  }
  uint64_t rest = kOnes * ' ';
  if (!text.empty()) std::memcpy(&rest, text.data(), text.size());
  return (found | others(rest)) == 0;
}

size_t DisplayWidth(std::string_view text) {
  if (IsPlainAscii(text)) return text.size();
  size_t width = 0;
  for (size_t i = 0; i < text.size();) {
    const Decoded decoded = Decode(text.substr(i, 4));
    width += WidthOf(decoded);
    i += decoded.size;
  }
  return width;
}

std::string EscapeCell(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const Decoded decoded = Decode(text.substr(i, 4));
    const uint32_t point = decoded.point;
    if (point == '\n' || point == '\t' || point == '\r') {
      out += '\\';
      out += point == '\n' ? 'n' : point == '\t' ? 't' : 'r';
    } else if (!decoded.valid || point < 0x20 || (point >= 0x7f && point < 0xa0)) {
      for (size_t k = 0; k < decoded.size; ++k) {
        AppendHexByte(&out, static_cast<uint8_t>(text[i + k]));
      }
    } else {
      out.append(text, i, decoded.size);
    }
    i += decoded.size;
  }
  return out;
}

std::string CutToWidth(std::string_view text, size_t width, bool utf8) {
  size_t used = 0;
  size_t kept = 0;  // bytes that leave a column for the ellipsis
  for (size_t i = 0; i < text.size();) {
    const Decoded decoded = Decode(text.substr(i, 4));
    used += WidthOf(decoded);
    if (used > width) return std::string(text.substr(0, kept)) + (utf8 ? "…" : "~");
    i += decoded.size;
    if (used < width) kept = i;
  }
  return std::string(text);
}

void AppendPadding(std::string* out, size_t text_width, size_t width) {
  if (text_width < width) out->append(width - text_width, ' ');
}

}  // namespace glp::query
