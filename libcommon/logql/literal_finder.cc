#include "logql/literal_finder.h"

#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace glp::logql {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; }
char Upper(char c) { return c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c; }

}  // namespace

LiteralFinder::LiteralFinder(std::string_view literal, bool fold_case)
    : literal_(literal), fold_case_(false) {
  if (!fold_case) return;
  for (char& c : literal_) {
    c = Lower(c);
    if (c != Upper(c)) fold_case_ = true;  // without letters the plain search does
  }
}

bool LiteralFinder::IsAt(const char* at) const {
  if (!fold_case_) return std::memcmp(at, literal_.data(), literal_.size()) == 0;
  for (size_t i = 0; i < literal_.size(); ++i) {
    if (Lower(at[i]) != literal_[i]) return false;
  }
  return true;
}

bool LiteralFinder::IsIn(std::string_view line) const {
  const size_t size = literal_.size();
  if (size == 0) return true;
  if (line.size() < size) return false;
  const char* at = line.data();
  const char* const last = line.data() + line.size() - size;  // the last place it could stand
#ifdef __SSE2__
  if (last - at >= 15) {
    const char front = literal_.front(), back = literal_.back();
    const __m128i front1 = _mm_set1_epi8(front), back1 = _mm_set1_epi8(back);
    const __m128i front2 = fold_case_ ? _mm_set1_epi8(Upper(front)) : front1;
    const __m128i back2 = fold_case_ ? _mm_set1_epi8(Upper(back)) : back1;
    const char* const last_block = last - 15;
    for (;;) {
      const __m128i fronts = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
      const __m128i backs = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + size - 1));
      __m128i hits = _mm_and_si128(_mm_cmpeq_epi8(fronts, front1), _mm_cmpeq_epi8(backs, back1));
      if (fold_case_) {
        hits = _mm_and_si128(
            _mm_or_si128(_mm_cmpeq_epi8(fronts, front1), _mm_cmpeq_epi8(fronts, front2)),
            _mm_or_si128(_mm_cmpeq_epi8(backs, back1), _mm_cmpeq_epi8(backs, back2)));
      }
      for (unsigned mask = _mm_movemask_epi8(hits); mask != 0; mask &= mask - 1) {
        if (IsAt(at + __builtin_ctz(mask))) return true;
      }
      if (at == last_block) return false;
      // The last block overlaps the one before it.
      at = at + 16 < last_block ? at + 16 : last_block;
    }
  }
#endif
  for (; at <= last; ++at) {
    if (IsAt(at)) return true;
  }
  return false;
}

bool IsAscii(std::string_view text) {
  const char* at = text.data();
  size_t left = text.size();
  for (; left >= 8; at += 8, left -= 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    if ((word & 0x8080808080808080) != 0) return false;
  }
  for (; left > 0; ++at, --left) {
    if (static_cast<unsigned char>(*at) >= 0x80) return false;
  }
  return true;
}

}  // namespace glp::logql
