#include "stages/unescape.h"

#include <cstdint>
#include <cstring>

namespace glp::stages {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// `digits` hexadecimal digits from the start, or -1.
int64_t Hex(std::string_view text, size_t digits) {
  if (text.size() < digits) return -1;
  int64_t value = 0;
  for (size_t i = 0; i < digits; ++i) {
    const int digit = HexDigit(text[i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

char* PutUtf8(char* out, uint32_t c) {
  if (c < 0x80) {
    *out++ = static_cast<char>(c);
    return out;
  }
  const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  constexpr uint8_t kLead[] = {0, 0xC0, 0xE0, 0xF0};
  *out++ = static_cast<char>(kLead[more] | c >> (6 * more));
  for (int i = more - 1; i >= 0; --i) *out++ = static_cast<char>(0x80 | ((c >> (6 * i)) & 0x3F));
  return out;
}

// Writes what the escape at the start of `text` (behind the backslash) stands for; its size, 0 for
// none.
size_t PutEscape(std::string_view text, char** out) {
  if (text.empty()) return 0;
  constexpr std::string_view kNames = "\"\\/abfnrtv";
  constexpr std::string_view kBytes = "\"\\/\a\b\f\n\r\t\v";
  if (const size_t i = kNames.find(text[0]); i != std::string_view::npos) {
    *(*out)++ = kBytes[i];
    return 1;
  }
  const size_t digits = text[0] == 'x' ? 2 : text[0] == 'u' ? 4 : text[0] == 'U' ? 8 : 0;
  if (digits == 0) return 0;
  const int64_t value = Hex(text.substr(1), digits);
  if (value < 0 || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return 0;
  if (digits == 2) {
    *(*out)++ = static_cast<char>(value);
  } else {
    *out = PutUtf8(*out, static_cast<uint32_t>(value));
  }
  return 1 + digits;
}

// `put` writes what stands behind a backslash and says how much of the text that was.
template <typename Put>
std::string_view Replace(std::string_view raw, Arena& arena, Put put) {
  size_t at = raw.find('\\');
  if (at == std::string_view::npos) return raw;
  // No escape is shorter than what it stands for.
  char* const begin = arena.Allocate(raw.size());
  char* out = begin;
  size_t kept = 0;
  while (at != std::string_view::npos) {
    std::memcpy(out, raw.data() + kept, at - kept);
    out += at - kept;
    const size_t size = put(raw.substr(at + 1), &out);
    if (size == 0) *out++ = '\\';
    kept = at + 1 + size;
    at = raw.find('\\', kept);
  }
  std::memcpy(out, raw.data() + kept, raw.size() - kept);
  out += raw.size() - kept;
  return {begin, static_cast<size_t>(out - begin)};
}

}  // namespace

std::string_view Unescape(std::string_view raw, Arena& arena) {
  return Replace(raw, arena, PutEscape);
}

std::string_view UnescapeOnly(std::string_view raw, std::string_view bytes, Arena& arena) {
  return Replace(raw, arena, [bytes](std::string_view text, char** out) -> size_t {
    if (text.empty() || bytes.find(text[0]) == std::string_view::npos) return 0;
    *(*out)++ = text[0];
    return 1;
  });
}

size_t FindQuote(std::string_view text, size_t from, char quote) {
  for (;;) {
    const size_t at = text.find(quote, from);
    if (at == std::string_view::npos) return at;
    // An escape takes the byte behind it along, which may be the quote.
    size_t escape;
    while (from < at &&
           (escape = text.substr(from, at - from).find('\\')) != std::string_view::npos) {
      from += escape + 2;
    }
    if (from <= at) return at;
  }
}

}  // namespace glp::stages
