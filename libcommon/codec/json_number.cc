#include "codec/json_number.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace glp::codec {
namespace {

struct Digits {
  bool negative = false;
  char text[24];
  int count = 0;
  int whole = 0;  // how many stand in front of the point; below 0: zeros behind it
};

// to_chars in fixed form writes digits of a large number that mean nothing: the shortest ones come
// from the scientific form.
Digits ShortestDigits(double value) {
  char buffer[40];
  const auto [end, error] =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  (void)error;
  Digits digits;
  const char* p = buffer;
  for (; p < end && *p != 'e'; ++p) {
    if (*p == '-') {
      digits.negative = true;
    } else if (*p != '.') {
      digits.text[digits.count++] = *p;
    }
  }
  int exponent = 0;
  std::from_chars(p + (p[1] == '+' ? 2 : 1), end, exponent);
  digits.whole = exponent + 1;
  return digits;
}

}  // namespace

double JsonNumberValue(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  (void)end;
  // from_chars does not say whether it is too large or too small.
  if (error == std::errc::result_out_of_range) {
    value = std::strtod(std::string(text).c_str(), nullptr);
  }
  return value;
}

void AppendGoFloat(std::string* out, double value) {
  if (!std::isfinite(value)) {
    out->append(std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
    return;
  }
  const Digits digits = ShortestDigits(value);
  if (digits.negative) out->push_back('-');
  if (digits.whole <= 0) {
    out->append("0.").append(-digits.whole, '0').append(digits.text, digits.count);
  } else if (digits.whole >= digits.count) {
    out->append(digits.text, digits.count).append(digits.whole - digits.count, '0');
  } else {
    out->append(digits.text, digits.whole).append(".");
    out->append(digits.text + digits.whole, digits.count - digits.whole);
  }
}

void AppendGoJsonFloat(std::string* out, double value) {
  const double size = std::fabs(value);
  if (size == 0 || (size >= 1e-6 && size < 1e21)) return AppendGoFloat(out, value);
  const Digits digits = ShortestDigits(value);
  if (digits.negative) out->push_back('-');
  out->push_back(digits.text[0]);
  if (digits.count > 1) out->append(".").append(digits.text + 1, digits.count - 1);
  const int exponent = digits.whole - 1;
  out->append(exponent < 0 ? "e-" : "e+").append(std::to_string(std::abs(exponent)));
}

bool IsGoFloatText(std::string_view text) {
  // Up to 15 digits come back as they are, if nothing can be left out of them.
  constexpr size_t kDigits = 15;
  size_t digits = 0;
  bool has_point = false;
  for (const char c : text) {
    if (c == 'e' || c == 'E') return false;
    has_point |= c == '.';
    digits += c >= '0' && c <= '9';
  }
  return digits <= kDigits && !(has_point && text.back() == '0');
}

}  // namespace glp::codec
