#include "base/json_text.h"

#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace glp {
namespace {

// Bit i set: byte i of the 16 at `p` is `"`, `\` or a control character.
#if defined(__SSE2__)
constexpr size_t kStep = 16;
inline uint32_t SpecialMask(const char* p) {
  __m128i chunk = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  __m128i quote = _mm_cmpeq_epi8(chunk, _mm_set1_epi8('"'));
  __m128i backslash = _mm_cmpeq_epi8(chunk, _mm_set1_epi8('\\'));
  __m128i control = _mm_cmpeq_epi8(_mm_max_epu8(chunk, _mm_set1_epi8(0x1F)), _mm_set1_epi8(0x1F));
  return static_cast<uint32_t>(
      _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control)));
}
// Copies 16 bytes; bit i set: byte i is a backslash.
inline uint32_t CopyAndFindBackslash(const char* from, char* to) {
  __m128i chunk = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), chunk);
  return static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(chunk, _mm_set1_epi8('\\'))));
}
#else
constexpr size_t kStep = 16;
inline uint32_t CopyAndFindBackslash(const char* from, char* to) {
  uint32_t mask = 0;
  for (size_t i = 0; i < kStep; ++i) {
    to[i] = from[i];
    if (from[i] == '\\') mask |= 1u << i;
  }
  return mask;
}
inline uint32_t SpecialMask(const char* p) {
  uint32_t mask = 0;
  for (size_t i = 0; i < kStep; ++i) {
    uint8_t c = static_cast<uint8_t>(p[i]);
    if (c == '"' || c == '\\' || c < 0x20) mask |= 1u << i;
  }
  return mask;
}
#endif

inline bool IsSpecial(char c) { return c == '"' || c == '\\' || static_cast<uint8_t>(c) < 0x20; }

void AppendEscape(std::string* out, char c) {
  switch (c) {
    case '"':
      out->append("\\\"", 2);
      return;
    case '\\':
      out->append("\\\\", 2);
      return;
    case '\n':
      out->append("\\n", 2);
      return;
    case '\t':
      out->append("\\t", 2);
      return;
    case '\r':
      out->append("\\r", 2);
      return;
    case '\b':
      out->append("\\b", 2);
      return;
    case '\f':
      out->append("\\f", 2);
      return;
    default: {
      constexpr char kHex[] = "0123456789abcdef";
      char text[6] = {'\\', 'u', '0', '0', kHex[static_cast<uint8_t>(c) >> 4], kHex[c & 15]};
      out->append(text, 6);
    }
  }
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Four hex digits at `p`, or -1.
int32_t ReadHex4(const char* p, const char* end) {
  if (end - p < 4) return -1;
  int32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    int digit = HexValue(p[i]);
    if (digit < 0) return -1;
    value = value << 4 | digit;
  }
  return value;
}

char* PutUtf8(char* to, uint32_t code) {
  auto put = [&to](uint32_t byte) { *to++ = static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 63));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 63));
    put(0x80 | (code & 63));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 63));
    put(0x80 | (code >> 6 & 63));
    put(0x80 | (code & 63));
  }
  return to;
}

// The \uXXXX at `p` (behind the u), with its low surrogate where it has one. Returns the byte
// behind, nullptr where it is not valid.
const char* ReadUnicodeEscape(const char* p, const char* end, uint32_t* result) {
  int32_t code = ReadHex4(p, end);
  p += 4;
  if (code < 0 || (code >= 0xDC00 && code < 0xE000)) return nullptr;
  if (code >= 0xD800 && code < 0xDC00) {
    if (end - p < 6 || p[0] != '\\' || p[1] != 'u') return nullptr;
    int32_t low = ReadHex4(p + 2, end);
    if (low < 0xDC00 || low >= 0xE000) return nullptr;
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    p += 6;
  }
  *result = static_cast<uint32_t>(code);
  return p;
}

// What stands behind a backslash.
bool Unescape(const char** p, const char* end, char** to) {
  char c = *(*p)++;
  switch (c) {
    case '"':
    case '\\':
    case '/':
      break;
    case 'b':
      c = '\b';
      break;
    case 'f':
      c = '\f';
      break;
    case 'n':
      c = '\n';
      break;
    case 'r':
      c = '\r';
      break;
    case 't':
      c = '\t';
      break;
    case 'u': {
      uint32_t code;
      *p = ReadUnicodeEscape(*p, end, &code);
      if (*p == nullptr) return false;
      *to = PutUtf8(*to, code);
      return true;
    }
    default:
      return false;
  }
  *(*to)++ = c;
  return true;
}

}  // namespace

void AppendJsonEscaped(std::string* out, std::string_view text) {
  const char* p = text.data();
  const char* end = p + text.size();
  const char* run = p;
  while (p < end) {
    if (static_cast<size_t>(end - p) >= kStep) {
      uint32_t mask = SpecialMask(p);
      if (mask == 0) {
        p += kStep;
        continue;
      }
      p += __builtin_ctz(mask);
    } else if (!IsSpecial(*p)) {
      ++p;
      continue;
    }
    out->append(run, static_cast<size_t>(p - run));
    AppendEscape(out, *p);
    run = ++p;
  }
  out->append(run, static_cast<size_t>(end - run));
}

void AppendJsonString(std::string* out, std::string_view text) {
  out->push_back('"');
  AppendJsonEscaped(out, text);
  out->push_back('"');
}

JsonStringScan ScanJsonString(const char* p, const char* limit) {
  JsonStringScan scan{nullptr, false, false};
  while (p < limit) {
    uint32_t mask = SpecialMask(p);
    if (mask == 0) {
      p += kStep;
      continue;
    }
    p += __builtin_ctz(mask);
    if (p >= limit) return scan;
    if (*p == '"') {
      scan.end = p;
      return scan;
    }
    if (*p != '\\' || p + 1 >= limit) return scan;
    scan.has_escapes = true;
    switch (p[1]) {
      case '"':
      case '\\':
      case '/':
      case 'b':
      case 'f':
      case 'n':
      case 'r':
      case 't':
        break;
      case 'u': {
        uint32_t code;
        const char* behind = ReadUnicodeEscape(p + 2, limit, &code);
        if (behind == nullptr) return scan;
        scan.has_unicode = true;
        p = behind;
        continue;
      }
      default:
        return scan;
    }
    p += 2;
  }
  return scan;
}

bool AppendJsonUnescaped(std::string* out, std::string_view raw) {
  // Never longer than it is written: bytes go straight to their place, 16 at a time up to the next
  // escape.
  const size_t before = out->size();
  out->resize(before + raw.size());
  char* to = out->data() + before;
  const char* p = raw.data();
  const char* const end = p + raw.size();
  bool ok = true;
  while (p < end) {
    if (static_cast<size_t>(end - p) >= kStep) {
      // A place that is 16 bytes from the end of the text is at least as far from that of `out`.
      const uint32_t mask = CopyAndFindBackslash(p, to);
      const size_t run = mask == 0 ? kStep : static_cast<size_t>(__builtin_ctz(mask));
      p += run;
      to += run;
      if (mask == 0) continue;
    } else if (*p != '\\') {
      *to++ = *p++;
      continue;
    }
    ok = ++p < end && Unescape(&p, end, &to);
    if (!ok) break;
  }
  out->resize(static_cast<size_t>(to - out->data()));
  return ok;
}

bool IsJsonNumber(std::string_view text) {
  const char* p = text.data();
  const char* end = p + text.size();
  auto digits = [&] {
    const char* begin = p;
    while (p < end && *p >= '0' && *p <= '9') ++p;
    return p > begin;
  };
  if (p < end && *p == '-') ++p;
  bool zero = p < end && *p == '0';
  const char* whole = p;
  if (!digits() || (zero && p - whole > 1)) return false;
  if (p < end && *p == '.') {
    ++p;
    if (!digits()) return false;
  }
  if (p < end && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p < end && (*p == '+' || *p == '-')) ++p;
    if (!digits()) return false;
  }
  return p == end;
}

}  // namespace glp
