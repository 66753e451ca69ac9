#include "codec/json_number.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "codec/go_number.h"

namespace glp::codec {

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

void AppendGoFloat(std::string* out, double value) { out->append(FormatGoFloat(value, 'f', -1)); }

void AppendGoJsonFloat(std::string* out, double value) {
  const double size = std::fabs(value);
  if (size == 0 || (size >= 1e-6 && size < 1e21)) return AppendGoFloat(out, value);
  out->append(FormatGoFloat(value, 'e', -1));
  // Two digits of the exponent at least, but here e-07 is e-7.
  const size_t zero = out->size() - 2;
  if (out->compare(zero - 2, 3, "e-0") == 0) out->erase(zero, 1);
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
