#include "codec/go_number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace glp::codec {
namespace {

// Go's rule: an underscore stands between digits, or between a base prefix and a digit.
bool UnderscoresAreRight(std::string_view text) {
  if (text.find('_') == std::string_view::npos) return true;
  char last = '^';
  size_t i = 0;
  bool hex = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.size() >= 2 && text[0] == '0') {
    char base = static_cast<char>(text[1] | 0x20);
    if (base == 'b' || base == 'o' || base == 'x') {
      i = 2;
      last = '0';
      hex = base == 'x';
    }
  }
  for (; i < text.size(); ++i) {
    char c = text[i];
    char low = static_cast<char>(c | 0x20);
    if ((c >= '0' && c <= '9') || (hex && low >= 'a' && low <= 'f')) {
      last = '0';
    } else if (c == '_') {
      if (last != '0') return false;
      last = '_';
    } else {
      if (last == '_') return false;
      last = '!';
    }
  }
  return last != '_';
}

std::string WithoutUnderscores(std::string_view text) {
  std::string out(text);
  out.erase(std::remove(out.begin(), out.end(), '_'), out.end());
  return out;
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return (x | 0x20) == (y | 0x20);
         });
}

// Two digits of exponent at least, as C does it as well.
std::string Exponent(char letter, int exponent) {
  char out[16];
  std::snprintf(out, sizeof out, "%c%c%02d", letter, exponent < 0 ? '-' : '+', std::abs(exponent));
  return out;
}

std::string FormatC(const char* format, int precision, double value) {
  char small[64];
  int size = std::snprintf(small, sizeof small, format, precision, value);
  if (static_cast<size_t>(size) < sizeof small)
    return std::string(small, static_cast<size_t>(size));
  std::string out(static_cast<size_t>(size) + 1, '\0');
  std::snprintf(out.data(), out.size(), format, precision, value);
  out.pop_back();
  return out;
}

// Significant digits and the exponent of the first of them.
struct Shortest {
  std::string digits;
  int exponent;
};
Shortest ShortestOf(double value) {
  char text[40];
  auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  std::string_view all(text, static_cast<size_t>(end - text));
  size_t e = all.find('e');
  Shortest out;
  for (char c : all.substr(0, e)) {
    if (c != '.') out.digits += c;
  }
  out.exponent = std::atoi(std::string(all.substr(e + 1)).c_str());
  return out;
}

std::string ShortestText(double value, char verb) {
  Shortest s = ShortestOf(value);
  char e = verb == 'G' || verb == 'E' ? 'E' : 'e';
  bool exponent = verb == 'e' || verb == 'E';
  // Where any precision will do, Go decides by six digits.
  if (verb == 'g' || verb == 'G') exponent = s.exponent < -4 || s.exponent >= 6;
  if (exponent) {
    std::string out = s.digits.substr(0, 1);
    if (s.digits.size() > 1) out += "." + s.digits.substr(1);
    return out + Exponent(e, s.exponent);
  }
  if (s.exponent < 0) {
    return "0." + std::string(static_cast<size_t>(-s.exponent - 1), '0') + s.digits;
  }
  size_t whole = static_cast<size_t>(s.exponent) + 1;
  if (s.digits.size() <= whole) return s.digits + std::string(whole - s.digits.size(), '0');
  return s.digits.substr(0, whole) + "." + s.digits.substr(whole);
}

// 0x1.8p+00: one hexadecimal digit in front of the point.
std::string HexText(double value, char verb, int precision) {
  std::string out = precision < 0 ? FormatC("%.*a", -1, value) : FormatC("%.*a", precision, value);
  size_t p = out.find('p');
  int exponent = std::atoi(out.c_str() + p + 1);
  out = out.substr(0, p) + Exponent('p', exponent);
  if (verb == 'X') {
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  }
  return out;
}

}  // namespace

std::optional<uint64_t> ParseGoUint(std::string_view text) {
  if (text.empty() || !UnderscoresAreRight(text)) return std::nullopt;
  std::string digits = WithoutUnderscores(text);
  std::string_view rest = digits;
  int base = 10;
  if (rest.size() > 1 && rest[0] == '0') {
    char letter = static_cast<char>(rest[1] | 0x20);
    base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
    rest.remove_prefix(letter == 'x' || letter == 'b' || letter == 'o' ? 2 : 1);
  }
  uint64_t value = 0;
  auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value, base);
  if (error != std::errc() || end != rest.data() + rest.size()) return std::nullopt;
  return value;
}

std::optional<int64_t> ParseGoInt(std::string_view text) {
  bool negative = !text.empty() && text[0] == '-';
  if (negative || (!text.empty() && text[0] == '+')) text.remove_prefix(1);
  auto value = ParseGoUint(text);
  if (!value || *value > (uint64_t{1} << 63) - (negative ? 0 : 1)) return std::nullopt;
  return static_cast<int64_t>(negative ? 0 - *value : *value);
}

std::optional<double> ParseGoFloat(std::string_view text) {
  bool negative = !text.empty() && text[0] == '-';
  std::string_view rest = text;
  if (negative || (!rest.empty() && rest[0] == '+')) rest.remove_prefix(1);
  double value = 0;
  if (EqualsIgnoringCase(rest, "nan")) {
    if (rest.size() != text.size()) return std::nullopt;
    return std::nan("");
  }
  if (EqualsIgnoringCase(rest, "inf") || EqualsIgnoringCase(rest, "infinity")) {
    return negative ? -HUGE_VAL : HUGE_VAL;
  }
  if (!UnderscoresAreRight(rest)) return std::nullopt;
  std::string digits = WithoutUnderscores(rest);
  rest = digits;
  auto format = std::chars_format::general;
  if (rest.size() > 2 && rest[0] == '0' && (rest[1] | 0x20) == 'x') {
    // Go wants the exponent there.
    if (rest.find_first_of("pP") == std::string_view::npos) return std::nullopt;
    format = std::chars_format::hex;
    rest.remove_prefix(2);
  }
  if (rest.empty() ||
      !((rest[0] >= '0' && rest[0] <= '9') || rest[0] == '.' || format == std::chars_format::hex) ||
      rest[0] == '-') {
    return std::nullopt;
  }
  auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value, format);
  if (end != rest.data() + rest.size()) return std::nullopt;
  // Too small is 0 in Go, too large is an error; from_chars calls both out of range.
  if (error == std::errc::result_out_of_range) {
    value = std::strtod(
        (format == std::chars_format::hex ? "0x" + std::string(rest) : std::string(rest)).c_str(),
        nullptr);
    if (std::isinf(value)) return std::nullopt;
  } else if (error != std::errc()) {
    return std::nullopt;
  }
  return negative ? -value : value;
}

std::string FormatGoFloat(double value, char verb, int precision) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Inf" : "+Inf";
  std::string sign = std::signbit(value) ? "-" : "";
  value = std::fabs(value);
  switch (verb) {
    case 'x':
    case 'X':
      return sign + HexText(value, verb, precision);
    case 'e':
    case 'E':
      if (precision >= 0) return sign + FormatC(verb == 'e' ? "%.*e" : "%.*E", precision, value);
      break;
    case 'g':
    case 'G':
      if (precision >= 0) return sign + FormatC(verb == 'g' ? "%.*g" : "%.*G", precision, value);
      break;
    default:
      if (precision >= 0) return sign + FormatC("%.*f", precision, value);
      break;
  }
  return sign + ShortestText(value, verb);
}

}  // namespace glp::codec
