#include "pack/line_split.h"

#include <bit>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "pack/templates.h"

namespace glp::pack {
namespace {

struct Piece {  // 16 bytes
  uint32_t alnum;
  uint32_t digit;
};

#ifdef __SSE2__
// Bytes from `low` on, `count` of them, as unsigned numbers.
inline __m128i InRange(__m128i bytes, char low, char count) {
  __m128i shifted = _mm_sub_epi8(bytes, _mm_set1_epi8(low));
  return _mm_cmpeq_epi8(_mm_min_epu8(shifted, _mm_set1_epi8(static_cast<char>(count - 1))),
                        shifted);
}
inline Piece Classify(const char* p) {
  __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  __m128i digit = InRange(bytes, '0', 10);
  __m128i letter = InRange(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 26);
  return {static_cast<uint32_t>(_mm_movemask_epi8(_mm_or_si128(digit, letter))),
          static_cast<uint32_t>(_mm_movemask_epi8(digit))};
}
#else
inline Piece Classify(const char* p) {
  Piece piece{0, 0};
  for (unsigned i = 0; i < 16; ++i) {
    piece.alnum |= static_cast<uint32_t>(IsValueByte(p[i])) << i;
    piece.digit |= static_cast<uint32_t>(p[i] >= '0' && p[i] <= '9') << i;
  }
  return piece;
}
#endif

// The lowest `count` bits; count < 64.
inline uint64_t Low(unsigned count) { return (uint64_t{1} << count) - 1; }

}  // namespace

void LineSplitter::Read(std::string_view line) {
  words_ = line.size() / 64 + 1;
  if (masks_.size() < words_ + 1) masks_.resize(words_ + 1);
  const char* p = line.data();
  size_t pieces = line.size() / 16;
  Masks* masks = masks_.data();
  size_t at = 0;
  Masks word;
  for (; at < pieces; ++at) {
    Piece piece = Classify(p + at * 16);
    unsigned shift = at % 4 * 16;
    word.alnum |= uint64_t{piece.alnum} << shift;
    word.digit |= uint64_t{piece.digit} << shift;
    if (at % 4 == 3) {
      *masks++ = word;
      word = {};
    }
  }
  if (size_t rest = line.size() % 16; rest > 0) {
    Piece piece;
    if (line.size() >= 16) {
      piece = Classify(p + line.size() - 16);
      piece.alnum >>= 16 - rest;
      piece.digit >>= 16 - rest;
    } else {
      char bytes[16] = {};
      std::memcpy(bytes, p, rest);
      piece = Classify(bytes);
    }
    unsigned shift = at % 4 * 16;
    word.alnum |= uint64_t{piece.alnum} << shift;
    word.digit |= uint64_t{piece.digit} << shift;
  }
  masks[0] = word;
  masks[1] = {};
}

bool LineSplitter::DigitsOnly(uint32_t begin, uint32_t end) const {
  // Longer ones are not looked at as numbers.
  if (end - begin > 64) return false;
  const Masks& low = masks_[begin / 64];
  unsigned shift = begin % 64;
  uint64_t others = ~low.digit >> shift;
  if (shift > 0) others |= ~masks_[begin / 64 + 1].digit << (64 - shift);
  return end - begin == 64 ? others == 0 : (others & Low(end - begin)) == 0;
}

void LineSplitter::FindValues(std::vector<Run>* out) const {
  for (size_t w = 0; w < words_;) {
    uint64_t digits = masks_[w].digit;
    while (digits != 0) {
      auto at = static_cast<unsigned>(std::countr_zero(digits));
      // Back to the begin of the run.
      size_t first = w;
      uint64_t gaps = ~masks_[first].alnum & Low(at);
      while (gaps == 0 && first > 0) gaps = ~masks_[--first].alnum;
      auto begin = static_cast<uint32_t>(
          gaps == 0 ? first * 64 : first * 64 + 64 - static_cast<unsigned>(std::countl_zero(gaps)));
      // On to its end, which is at the latest the empty bit behind the line.
      size_t last = w;
      gaps = ~masks_[last].alnum & ~Low(at);
      while (gaps == 0) gaps = ~masks_[++last].alnum;
      auto bit = static_cast<unsigned>(std::countr_zero(gaps));
      auto end = static_cast<uint32_t>(last * 64 + bit);
      out->push_back({begin, end, DigitsOnly(begin, end)});
      if (last != w) {
        w = last;
        digits = masks_[w].digit;
      }
      digits &= ~Low(bit);
    }
    ++w;
  }
}

void LineSplitter::FindWords(std::vector<Run>* out) const {
  uint32_t begin = 0;
  bool inside = false;
  for (size_t w = 0; w <= words_; ++w) {
    // Bits where a run begins or ends.
    uint64_t alnum = masks_[w].alnum;
    uint64_t edges = alnum ^ (alnum << 1 | static_cast<uint64_t>(inside));
    for (; edges != 0; edges &= edges - 1) {
      auto at = static_cast<uint32_t>(w * 64 + static_cast<unsigned>(std::countr_zero(edges)));
      if (!inside) {
        begin = at;
      } else {
        out->push_back({begin, at, DigitsOnly(begin, at)});
      }
      inside = !inside;
    }
  }
}

}  // namespace glp::pack
