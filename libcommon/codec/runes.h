// Characters as Go's packages unicode and utf8 take them: a byte that is not UTF-8 is one U+FFFD.
// Threads: pure functions. Source: simple case mappings of Unicode 14 (runes_case.inc).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace glp::codec {

inline constexpr uint32_t kBadRune = 0xFFFD;

// The character at the start of a text that is not empty, and its bytes.
struct Rune {
  uint32_t value;
  uint32_t size;
};
Rune DecodeRune(std::string_view text);
// Writes at most four bytes and returns their count; what is no character is written as U+FFFD.
size_t EncodeRune(uint32_t rune, char* out);
size_t CountRunes(std::string_view text);
// Bytes of the first `count` characters; all where there are fewer.
size_t RunesPrefix(std::string_view text, size_t count);

uint32_t ToUpper(uint32_t rune);
uint32_t ToLower(uint32_t rune);
uint32_t ToTitle(uint32_t rune);
bool IsUpper(uint32_t rune);
bool IsLower(uint32_t rune);
bool IsLetter(uint32_t rune);
bool IsDigit(uint32_t rune);
// Unicode's property White_Space.
bool IsSpace(uint32_t rune);
// Letters, marks, numbers, punctuation, symbols and the blank.
bool IsPrint(uint32_t rune);

}  // namespace glp::codec
