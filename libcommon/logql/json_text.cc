#include "logql/json_text.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/json_text.h"
#include "base/strings.h"

namespace glp::logql::json_text {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool IsTokenEnd(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == ',' || c == '}' || c == ']';
}

}  // namespace

String FindStringEnd(const char* p, const char* end) {
  bool has_escapes = false, has_wide = false;
#ifdef __SSE2__
  const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
  while (end - p >= 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const int hits = _mm_movemask_epi8(
        _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
    const int wide = _mm_movemask_epi8(bytes);
    if (hits == 0) {
      has_wide |= wide != 0;
      p += 16;
      continue;
    }
    const int at = __builtin_ctz(static_cast<unsigned>(hits));
    has_wide |= (wide & ((1 << at) - 1)) != 0;
    p += at;
    if (*p == '"') return {p, has_escapes, has_wide};
    has_escapes = true;
    // The byte behind a backslash belongs to it, whatever it is.
    if (p + 1 == end) return {nullptr, has_escapes, has_wide};
    has_wide |= static_cast<unsigned char>(p[1]) >= 0x80;
    p += 2;
  }
#endif
  while (p < end) {
    if (*p == '"') return {p, has_escapes, has_wide};
    if (*p == '\\') {
      has_escapes = true;
      if (++p == end) break;
    }
    has_wide |= static_cast<unsigned char>(*p) >= 0x80;
    ++p;
  }
  return {nullptr, has_escapes, has_wide};
}

const char* SkipBlock(const char* p, const char* end) {
  const char open = *p, close = open == '{' ? '}' : ']';
  size_t depth = 0;
  while (p < end) {
#ifdef __SSE2__
    const __m128i quotes = _mm_set1_epi8('"');
    const __m128i opens = _mm_set1_epi8(open), closes = _mm_set1_epi8(close);
    while (end - p >= 16) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
      const int hits = _mm_movemask_epi8(
          _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quotes), _mm_cmpeq_epi8(bytes, opens)),
                       _mm_cmpeq_epi8(bytes, closes)));
      if (hits != 0) {
        p += __builtin_ctz(static_cast<unsigned>(hits));
        break;
      }
      p += 16;
    }
    if (p == end) break;
#endif
    if (*p == '"') {
      p = FindStringEnd(p + 1, end).end;
      if (p == nullptr) return nullptr;
    } else if (*p == open) {
      ++depth;
    } else if (*p == close && --depth == 0) {
      return p + 1;
    }
    ++p;
  }
  return nullptr;
}

Value ReadValue(const char* p, const char* end) {
  Value value;
  if (*p == '"') {
    const String string = FindStringEnd(p + 1, end);
    if (string.end == nullptr) {
      value.error = "a string without its end";
      return value;
    }
    value.kind = Kind::kString;
    value.raw = string.Raw(p + 1);
    value.end = string.end + 1;
    value.has_escapes = string.has_escapes;
    value.has_wide = string.has_wide;
    return value;
  }
  if (*p == '{' || *p == '[') {
    value.end = SkipBlock(p, end);
    if (value.end == nullptr) {
      value.error = *p == '{' ? "an object without its end" : "an array without its end";
      return value;
    }
    value.kind = *p == '{' ? Kind::kObject : Kind::kArray;
    value.raw = {p, static_cast<size_t>(value.end - p)};
    return value;
  }
  const char* q = p;
  while (q < end && !IsTokenEnd(*q)) ++q;
  value.raw = {p, static_cast<size_t>(q - p)};
  value.end = q;
  if ((*p >= '0' && *p <= '9') || *p == '-') {
    value.kind = Kind::kNumber;
  } else if (value.raw == "true" || value.raw == "false") {
    value.kind = Kind::kBoolean;
  } else if (value.raw == "null") {
    value.kind = Kind::kNull;
  } else {
    value.error = "a value of no known type";
  }
  return value;
}

std::string_view Cleaned(std::string_view text, LabelsBuilder* labels) {
  if (IsValidUtf8(text) && text.find(kReplacement) == std::string_view::npos) return text;
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    size_t size = 1;
    while (size <= 4 && size <= text.size() && !IsValidUtf8(text.substr(0, size))) ++size;
    if (size > 4 || size > text.size() || text.substr(0, size) == kReplacement) {
      out.push_back(' ');
      if (size > 4 || size > text.size()) size = 1;
    } else {
      out.append(text.substr(0, size));
    }
    text.remove_prefix(size);
  }
  return labels->Keep(out);
}

std::string_view Text(const Value& value, std::string* scratch, LabelsBuilder* labels) {
  std::string_view text = value.raw;
  bool has_wide = value.has_wide;
  if (value.has_escapes) {
    scratch->clear();
    if (!AppendJsonUnescaped(scratch, text)) return {};
    text = labels->Keep(*scratch);
    has_wide = true;
  }
  return has_wide ? Cleaned(text, labels) : text;
}

}  // namespace glp::logql::json_text
