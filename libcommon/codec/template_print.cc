#include "codec/template_print.h"

#include <charconv>

#include "base/units.h"
#include "codec/go_number.h"
#include "codec/runes.h"
#include "codec/template_functions.h"
#include "codec/template_version.h"

namespace glp::codec::tmpl {
namespace {

void PrintDeep(const Value& value, TextBuilder* out, int depth) {
  RunState* run = out->run();
  if (depth > kMaxValueDepth) {
    run->Fail("values nested deeper than " + std::to_string(kMaxValueDepth) +
              " levels are not printed");
  }
  if (run->failed() || !run->Charge(1)) return;
  switch (value.kind) {
    case Kind::kNone:
    case Kind::kNil:
      out->Append("<nil>");
      return;
    case Kind::kBool:
      out->Append(value.b ? "true" : "false");
      return;
    case Kind::kFloat:
      out->Append(FormatGoFloat(value.f, 'g', -1));
      return;
    case Kind::kString:
      out->Append(value.str());
      return;
    case Kind::kList:
      out->Append('[');
      for (size_t i = 0; i < value.list->size && !run->failed(); ++i) {
        if (i > 0) out->Append(' ');
        PrintDeep(value.list->items[i], out, depth + 1);
      }
      out->Append(']');
      return;
    case Kind::kDict:
    case Kind::kData: {
      const Dict* dict = run->AsDict(value);
      out->Append("map[");
      for (size_t i = 0; i < dict->size && !run->failed(); ++i) {
        if (i > 0) out->Append(' ');
        out->Append(dict->entries[i].key);
        out->Append(':');
        PrintDeep(dict->entries[i].value, out, depth + 1);
      }
      out->Append(']');
      return;
    }
    case Kind::kTime: {
      std::string text;
      AppendGoTime(*value.time, &text);
      out->Append(text);
      return;
    }
    case Kind::kDuration:
      out->Append(FormatDuration(value.i));
      return;
    case Kind::kMonth:
      out->Append(MonthName(static_cast<int>(value.i)));
      return;
    case Kind::kWeekday:
      out->Append(WeekdayName(static_cast<int>(value.i)));
      return;
    case Kind::kVersion:
      out->Append(value.version->Text());
      return;
    case Kind::kUint64:
    case Kind::kUint8:
      out->Append(std::to_string(value.u));
      return;
    default:
      out->AppendInt(value.i);
      return;
  }
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// An escape behind its backslash. False where it is none.
bool Unescape(std::string_view* rest, char quote, std::string* out) {
  if (rest->empty()) return false;
  char c = rest->front();
  rest->remove_prefix(1);
  constexpr std::string_view kLetters = "abfnrtv\\", kMeanings = "\a\b\f\n\r\t\v\\";
  if (size_t i = kLetters.find(c); i != std::string_view::npos) {
    *out += kMeanings[i];
    return true;
  }
  if (c == quote) {
    *out += c;
    return true;
  }
  size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  uint32_t value = 0;
  if (digits > 0) {
    if (rest->size() < digits) return false;
    for (size_t i = 0; i < digits; ++i) {
      int digit = HexDigit((*rest)[i]);
      if (digit < 0) return false;
      value = value << 4 | static_cast<uint32_t>(digit);
    }
    rest->remove_prefix(digits);
    if (c == 'x') {
      *out += static_cast<char>(value);
      return true;
    }
    if (value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return false;
    char bytes[4];
    out->append(bytes, EncodeRune(value, bytes));
    return true;
  }
  if (c < '0' || c > '7' || rest->size() < 2) return false;
  value = static_cast<uint32_t>(c - '0');
  for (size_t i = 0; i < 2; ++i) {
    if ((*rest)[i] < '0' || (*rest)[i] > '7') return false;
    value = value << 3 | static_cast<uint32_t>((*rest)[i] - '0');
  }
  rest->remove_prefix(2);
  if (value > 255) return false;
  *out += static_cast<char>(value);
  return true;
}

template <typename Out>
void Quote(std::string_view text, char quote, bool ascii, Out&& append) {
  constexpr char kHex[] = "0123456789abcdef";
  append(std::string_view(&quote, 1));
  auto hex = [&](std::string_view prefix, uint32_t value, int digits) {
    append(prefix);
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
      append(std::string_view(&kHex[value >> shift & 15], 1));
    }
  };
  while (!text.empty()) {
    Rune rune = DecodeRune(text);
    std::string_view bytes = text.substr(0, rune.size);
    text.remove_prefix(rune.size);
    uint32_t c = rune.value;
    constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v", kLetters = "abfnrtv";
    if (c == kBadRune && rune.size == 1) {
      hex("\\x", static_cast<uint8_t>(bytes[0]), 2);
    } else if (c == static_cast<uint8_t>(quote) || c == '\\') {
      append("\\");
      append(bytes);
    } else if (c < 0x80 ? c >= 0x20 && c < 0x7F : !ascii && IsPrint(c)) {
      append(bytes);
    } else if (size_t i = c < 0x20 ? kMeanings.find(static_cast<char>(c)) : std::string_view::npos;
               i != std::string_view::npos) {
      append("\\");
      append(kLetters.substr(i, 1));
    } else if (c < 0x20 || c == 0x7F) {
      hex("\\x", c, 2);
    } else if (c < 0x10000) {
      hex("\\u", c, 4);
    } else {
      hex("\\U", c, 8);
    }
  }
  append(std::string_view(&quote, 1));
}

}  // namespace

void PrintV(const Value& value, TextBuilder* out) { PrintDeep(value, out, 0); }

void PrintValue(const Value& value, TextBuilder* out) {
  if (value.IsNothing()) {
    out->Append("<no value>");
  } else {
    PrintDeep(value, out, 0);
  }
}

void Sprint(std::span<const Value> args, TextBuilder* out) {
  for (size_t i = 0; i < args.size(); ++i) {
    if (i > 0 && args[i].kind != Kind::kString && args[i - 1].kind != Kind::kString) {
      out->Append(' ');
    }
    PrintV(args[i], out);
  }
}

void AppendQuoted(std::string_view text, char quote, bool ascii, TextBuilder* out) {
  Quote(text, quote, ascii, [out](std::string_view piece) { out->Append(piece); });
}

std::string QuoteGo(std::string_view text) {
  std::string out;
  Quote(text, '"', false, [&out](std::string_view piece) { out.append(piece); });
  return out;
}

std::string FormatUnicode(uint32_t rune, bool with_character) {
  char digits[16] = {};
  std::string out = "U+";
  char* end = std::to_chars(digits, digits + sizeof digits, rune, 16).ptr;
  for (char* p = digits; p != end; ++p) {
    if (*p >= 'a') *p = static_cast<char>(*p - 32);
  }
  size_t size = static_cast<size_t>(end - digits);
  if (size < 4) out.append(4 - size, '0');
  out.append(digits, size);
  if (with_character && rune <= 0x10FFFF && IsPrint(rune)) {
    char bytes[4];
    out += " '";
    out.append(bytes, EncodeRune(rune, bytes));
    out += "'";
  }
  return out;
}

bool UnquoteGo(std::string_view literal, std::string* out) {
  if (literal.size() < 2 || literal.front() != literal.back()) return false;
  char quote = literal.front();
  std::string_view rest = literal.substr(1, literal.size() - 2);
  if (quote == '`') {
    for (char c : rest) {
      if (c != '\r') *out += c;
    }
    return true;
  }
  size_t runes = 0;
  while (!rest.empty()) {
    ++runes;
    if (rest[0] == quote || rest[0] == '\n') return false;
    if (rest[0] == '\\') {
      rest.remove_prefix(1);
      size_t before = out->size();
      if (!Unescape(&rest, quote, out)) return false;
      // In a character constant '\xff' is the character U+00FF.
      if (quote == '\'' && out->size() == before + 1 && (out->back() & 0x80) != 0) {
        char bytes[4];
        size_t size = EncodeRune(static_cast<uint8_t>(out->back()), bytes);
        out->pop_back();
        out->append(bytes, size);
      }
      continue;
    }
    size_t size = DecodeRune(rest).size;
    out->append(rest.substr(0, size));
    rest.remove_prefix(size);
  }
  return quote == '"' || runes == 1;
}

}  // namespace glp::codec::tmpl
