#include "codec/runes.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <memory>

namespace glp::codec {
namespace {

struct CaseRow {
  uint32_t first, last;
  uint32_t stride;
  int32_t upper, lower, title;
};
constexpr CaseRow kCaseRows[] = {
#include "codec/runes_case.inc"
};

// Rows of stride 2 overlap by pairs, so the wanted one is among the last few that begin at or
// before the character.
const CaseRow* FindCase(uint32_t rune) {
  const CaseRow* at =
      std::upper_bound(std::begin(kCaseRows), std::end(kCaseRows), rune,
                       [](uint32_t r, const CaseRow& row) { return r < row.first; });
  for (int i = 0; i < 4 && at != std::begin(kCaseRows); ++i) {
    --at;
    if (rune <= at->last && (rune - at->first) % at->stride == 0) return at;
  }
  return nullptr;
}

uint32_t Shift(uint32_t rune, int32_t CaseRow::*delta) {
  const CaseRow* row = FindCase(rune);
  return row == nullptr ? rune : static_cast<uint32_t>(static_cast<int32_t>(rune) + row->*delta);
}

// Classes of Unicode are RE2's knowledge.
class RuneClass {
 public:
  explicit RuneClass(const char* expression) : regex_(expression, RE2::Quiet) {}
  bool Has(uint32_t rune) const {
    char bytes[4];
    return RE2::FullMatch(re2::StringPiece(bytes, EncodeRune(rune, bytes)), regex_);
  }

 private:
  RE2 regex_;
};

}  // namespace

Rune DecodeRune(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {kBadRune, 1};
  uint32_t value = lead & (0xFFu >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {kBadRune, 1};
    value = value << 6 | (byte(i) & 0x3F);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kSmallest[size] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) {
    return {kBadRune, 1};
  }
  return {value, static_cast<uint32_t>(size)};
}

size_t EncodeRune(uint32_t rune, char* out) {
  if (rune > 0x10FFFF || (rune >= 0xD800 && rune < 0xE000)) rune = kBadRune;
  if (rune < 0x80) {
    out[0] = static_cast<char>(rune);
    return 1;
  }
  size_t size = rune < 0x800 ? 2 : rune < 0x10000 ? 3 : 4;
  for (size_t i = size - 1; i > 0; --i) {
    out[i] = static_cast<char>(0x80 | (rune & 0x3F));
    rune >>= 6;
  }
  out[0] = static_cast<char>((0xF00 >> size) | rune);
  return size;
}

size_t CountRunes(std::string_view text) {
  size_t count = 0;
  for (size_t i = 0; i < text.size(); ++count) i += DecodeRune(text.substr(i)).size;
  return count;
}

size_t RunesPrefix(std::string_view text, size_t count) {
  size_t i = 0;
  for (; i < text.size() && count > 0; --count) i += DecodeRune(text.substr(i)).size;
  return i;
}

uint32_t ToUpper(uint32_t rune) {
  if (rune < 0x80) return rune >= 'a' && rune <= 'z' ? rune - 32 : rune;
  return Shift(rune, &CaseRow::upper);
}

uint32_t ToLower(uint32_t rune) {
  if (rune < 0x80) return rune >= 'A' && rune <= 'Z' ? rune + 32 : rune;
  return Shift(rune, &CaseRow::lower);
}

uint32_t ToTitle(uint32_t rune) {
  if (rune < 0x80) return ToUpper(rune);
  return Shift(rune, &CaseRow::title);
}

bool IsUpper(uint32_t rune) {
  if (rune < 0x80) return rune >= 'A' && rune <= 'Z';
  static const RuneClass kClass("\\p{Lu}");
  return kClass.Has(rune);
}

bool IsLower(uint32_t rune) {
  if (rune < 0x80) return rune >= 'a' && rune <= 'z';
  static const RuneClass kClass("\\p{Ll}");
  return kClass.Has(rune);
}

bool IsLetter(uint32_t rune) {
  if (rune < 0x80) return (rune | 0x20) >= 'a' && (rune | 0x20) <= 'z';
  static const RuneClass kClass("\\pL");
  return kClass.Has(rune);
}

bool IsDigit(uint32_t rune) {
  if (rune < 0x80) return rune >= '0' && rune <= '9';
  static const RuneClass kClass("\\p{Nd}");
  return kClass.Has(rune);
}

bool IsSpace(uint32_t rune) {
  switch (rune) {
    case '\t':
    case '\n':
    case '\v':
    case '\f':
    case '\r':
    case ' ':
    case 0x85:
    case 0xA0:
    case 0x1680:
    case 0x2028:
    case 0x2029:
    case 0x202F:
    case 0x205F:
    case 0x3000:
      return true;
    default:
      return rune >= 0x2000 && rune <= 0x200A;
  }
}

bool IsPrint(uint32_t rune) {
  if (rune < 0x80) return rune >= 0x20 && rune < 0x7F;
  static const RuneClass kClass("[\\pL\\pM\\pN\\pP\\pS]");
  return kClass.Has(rune);
}

}  // namespace glp::codec
