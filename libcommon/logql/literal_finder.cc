#include "logql/literal_finder.h"

#include <algorithm>
#include <array>
#include <cstring>

#ifdef __SSE2__
#include <immintrin.h>
#endif

namespace glp::logql {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; }
char Upper(char c) { return c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c; }

// How common a byte is in logs, 0 for those that hardly occur.
constexpr std::array<uint8_t, 256> MakeCommonness() {
  constexpr std::string_view kCommonFirst =
      " e0tao1nirs2lcd:\"-.5347698mpu/=,_fghbvykwxjqz[](){}'TDEISACRNLOPMFGBUHWVKXYJQZ;+@<>|&%#?!*$"
      "\\~`^";
  std::array<uint8_t, 256> out{};
  for (size_t i = 0; i < kCommonFirst.size(); ++i) {
    out[static_cast<unsigned char>(kCommonFirst[i])] = static_cast<uint8_t>(255 - 2 * i);
  }
  return out;
}
constexpr std::array<uint8_t, 256> kCommonness = MakeCommonness();

int CommonnessOf(char c) { return kCommonness[static_cast<unsigned char>(c)]; }

// Literals up to this size may be compared at every place of a text.
constexpr size_t kShort = 32;

}  // namespace

LiteralFinder::LiteralFinder(std::string_view literal, bool fold_case)
    : literal_(literal), fold_case_(false) {
  if (fold_case) {
    for (char& c : literal_) {
      c = Lower(c);
      if (c != Upper(c)) fold_case_ = true;  // without letters the plain search does
    }
  }
  // The rarest byte and the rarest other one; of equals the first.
  const auto cost = [this](size_t i) {
    const char c = literal_[i];
    return fold_case_ ? std::max(CommonnessOf(c), CommonnessOf(Upper(c))) : CommonnessOf(c);
  };
  for (size_t i = 1; i < literal_.size(); ++i) {
    if (cost(i) < cost(at1_)) at1_ = i;
  }
  const auto is_other = [this](size_t i) { return literal_[i] != literal_[at1_]; };
  for (size_t i = 0; i < literal_.size(); ++i) {
    if (i == at1_) continue;
    if (at2_ == at1_ || (is_other(i) && (!is_other(at2_) || cost(i) < cost(at2_)))) at2_ = i;
  }
  if (literal_.size() == 1) at2_ = at1_;
  const auto case_bit = [this](size_t at) {
    const bool is_letter = fold_case_ && literal_[at] != Upper(literal_[at]);
    return static_cast<char>(is_letter ? 'a' - 'A' : 0);
  };
  if (literal_.empty()) return;
  or1_ = case_bit(at1_);
  or2_ = case_bit(at2_);
  if (literal_.size() <= kShort) return;
  borders_.assign(literal_.size(), 0);
  for (size_t i = 1, border = 0; i < literal_.size(); ++i) {
    while (border > 0 && literal_[i] != literal_[border]) border = borders_[border - 1];
    if (literal_[i] == literal_[border]) ++border;
    borders_[i] = static_cast<uint32_t>(border);
  }
}

int LiteralFinder::commonness() const {
  if (literal_.empty()) return 1 << 16;
  int out = 0;
  for (const size_t at : {at1_, at2_}) {
    out += fold_case_ ? std::max(CommonnessOf(literal_[at]), CommonnessOf(Upper(literal_[at])))
                      : CommonnessOf(literal_[at]);
  }
  // The longer one is the rarer one.
  return out * 8 / static_cast<int>(std::min<size_t>(literal_.size(), 8));
}

bool LiteralFinder::IsAt(const char* at) const {
  if (!fold_case_) return std::memcmp(at, literal_.data(), literal_.size()) == 0;
  for (size_t i = 0; i < literal_.size(); ++i) {
    if (Lower(at[i]) != literal_[i]) return false;
  }
  return true;
}

const char* LiteralFinder::FindSlowly(const char* begin, const char* end) const {
  size_t matched = 0;
  for (const char* p = begin; p < end; ++p) {
    const char c = fold_case_ ? Lower(*p) : *p;
    while (matched > 0 && c != literal_[matched]) matched = borders_[matched - 1];
    if (c == literal_[matched]) ++matched;
    if (matched == literal_.size()) return p + 1 - literal_.size();
  }
  return nullptr;
}

// One search. Looking closer at a long literal is paid from what was passed over.
struct LiteralFinder::Scan {
  const LiteralFinder& finder;
  const char* begin;
  const char* last;  // the last place where it could stand
  size_t looks = 0;

  // Whether the search has become too slow at `at`.
  bool IsTooSlow(const char* at) {
    if (finder.borders_.empty()) return false;
    constexpr size_t kFree = 64, kPerByte = 16;
    const auto passed = static_cast<size_t>(at - begin);
    return ++looks > kFree && (looks - kFree) * finder.literal_.size() > kPerByte * passed;
  }
};

#ifdef __SSE2__
namespace {
constexpr size_t kSse = 16, kAvx = 32;
}  // namespace

// REQUIRES: room for a whole vector of places up to `last`. nullptr: not found, or, where `slow` is
// set, not found in front of it.
struct LiteralFinder::Kernels {
  static const char* Sse2(Scan* scan, const char** slow) {
    const LiteralFinder& f = scan->finder;
    const __m128i byte1 = _mm_set1_epi8(f.literal_[f.at1_]);
    const __m128i byte2 = _mm_set1_epi8(f.literal_[f.at2_]);
    const __m128i or1 = _mm_set1_epi8(f.or1_), or2 = _mm_set1_epi8(f.or2_);
    const char* const last_block = scan->last - (kSse - 1);
    for (const char* at = scan->begin;;) {
      const __m128i bytes1 = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + f.at1_));
      const __m128i bytes2 = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + f.at2_));
      const __m128i hits = _mm_and_si128(_mm_cmpeq_epi8(_mm_or_si128(bytes1, or1), byte1),
                                         _mm_cmpeq_epi8(_mm_or_si128(bytes2, or2), byte2));
      for (auto mask = static_cast<unsigned>(_mm_movemask_epi8(hits)); mask != 0;
           mask &= mask - 1) {
        const char* const place = at + __builtin_ctz(mask);
        if (f.IsAt(place)) return place;
        if (scan->IsTooSlow(place)) {
          *slow = place + 1;
          return nullptr;
        }
      }
      if (at == last_block) return nullptr;
      // The last block overlaps the one before it.
      at = static_cast<size_t>(last_block - at) > kSse ? at + kSse : last_block;
    }
  }

  __attribute__((target("avx2"))) static const char* Avx2(Scan* scan, const char** slow) {
    const LiteralFinder& f = scan->finder;
    const __m256i byte1 = _mm256_set1_epi8(f.literal_[f.at1_]);
    const __m256i byte2 = _mm256_set1_epi8(f.literal_[f.at2_]);
    const __m256i or1 = _mm256_set1_epi8(f.or1_), or2 = _mm256_set1_epi8(f.or2_);
    const char* const last_block = scan->last - (kAvx - 1);
    for (const char* at = scan->begin;;) {
      const __m256i bytes1 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + f.at1_));
      const __m256i bytes2 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + f.at2_));
      const __m256i hits = _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_or_si256(bytes1, or1), byte1),
                                            _mm256_cmpeq_epi8(_mm256_or_si256(bytes2, or2), byte2));
      for (auto mask = static_cast<unsigned>(_mm256_movemask_epi8(hits)); mask != 0;
           mask &= mask - 1) {
        const char* const place = at + __builtin_ctz(mask);
        if (f.IsAt(place)) return place;
        if (scan->IsTooSlow(place)) {
          *slow = place + 1;
          return nullptr;
        }
      }
      if (at == last_block) return nullptr;
      at = static_cast<size_t>(last_block - at) > kAvx ? at + kAvx : last_block;
    }
  }
};

namespace {
const bool kHasAvx2 = __builtin_cpu_supports("avx2") != 0;
}  // namespace
#endif

const char* LiteralFinder::Find(const char* begin, const char* end) const {
  const size_t size = literal_.size();
  if (size == 0) return begin;
  if (static_cast<size_t>(end - begin) < size) return nullptr;
  Scan scan = {*this, begin, end - size};
#ifdef __SSE2__
  const auto places = static_cast<size_t>(scan.last - begin) + 1;
  if (places >= kSse) {
    const char* slow = nullptr;
    const char* const found =
        kHasAvx2 && places >= kAvx ? Kernels::Avx2(&scan, &slow) : Kernels::Sse2(&scan, &slow);
    return slow == nullptr ? found : FindSlowly(slow, end);
  }
#endif
  const char first = literal_[at1_];
  for (const char* at = begin; at <= scan.last; ++at) {
    if (static_cast<char>(at[at1_] | or1_) != first) continue;
    if (IsAt(at)) return at;
    if (scan.IsTooSlow(at)) return FindSlowly(at + 1, end);
  }
  return nullptr;
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
