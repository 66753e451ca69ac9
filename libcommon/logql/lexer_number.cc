#include "logql/lexer_number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>

#include "base/strings.h"
#include "base/units.h"

namespace glp::logql {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int DigitValue(char c) {
  if (IsDigit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 99;
}

// Skips digits of `base` and the underscores between them; how many digits there were.
size_t SkipDigits(std::string_view text, size_t* at, int base) {
  size_t digits = 0;
  for (; *at < text.size(); ++*at) {
    if (text[*at] == '_') continue;
    if (DigitValue(text[*at]) >= base) break;
    ++digits;
  }
  return digits;
}

char LowerAt(std::string_view text, size_t at) {
  return at < text.size() ? static_cast<char>(text[at] | 0x20) : '\0';
}

bool StartsWithMicro(std::string_view text) {
  return text.substr(0, 2) == "\u00b5" || text.substr(0, 2) == "\u03bc";
}

}  // namespace

Result<size_t> GoNumberLength(std::string_view text) {
  const char prefix = text[0] == '0' ? LowerAt(text, 1) : '\0';
  const int base = prefix == 'x' ? 16 : prefix == 'o' ? 8 : prefix == 'b' ? 2 : 10;
  size_t at = base == 10 ? 0 : 2;
  size_t digits = SkipDigits(text, &at, base);
  if ((base == 10 || base == 16) && at < text.size() && text[at] == '.') {
    ++at;
    digits += SkipDigits(text, &at, base);
  }
  if (digits == 0) {
    return UsageError(base == 16  ? "hexadecimal literal has no digits"
                      : base == 8 ? "octal literal has no digits"
                                  : "binary literal has no digits");
  }
  const char exponent = base == 16 ? 'p' : 'e';
  if ((base == 10 || base == 16) && LowerAt(text, at) == exponent) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (SkipDigits(text, &at, 10) == 0) return UsageError("exponent has no digits");
  }
  return at;
}

Result<double> ParseNumberLiteral(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return UsageError("strconv.ParseFloat: parsing \"" + std::string(text) +
                      "\": " + std::string(why));
  };
  std::string digits(text);
  digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
  std::string_view rest = digits;
  auto format = std::chars_format::general;
  const char prefix = text[0] == '0' ? LowerAt(text, 1) : '\0';
  if (prefix == 'x' || prefix == 'o' || prefix == 'b') {
    if (prefix != 'x' || digits.find_first_of("pP") == std::string::npos) {
      return refuse("invalid syntax");
    }
    rest.remove_prefix(2);
    format = std::chars_format::hex;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value, format);
  if (error == std::errc::result_out_of_range) {
    // Too small is 0, too large is no number.
    const size_t exponent = rest.find_first_of("eEpP");
    if (exponent + 1 < rest.size() && rest[exponent + 1] == '-') return 0.0;
    return refuse("value out of range");
  }
  if (error != std::errc() || end != rest.data() + rest.size()) return refuse("invalid syntax");
  return value;
}

size_t DurationTailLength(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    if (StartsWithMicro(text.substr(at))) {
      at += 2;
    } else if (IsDigit(text[at]) ||
               std::string_view(".numshdwy").find(text[at]) != std::string_view::npos) {
      ++at;
    } else {
      break;
    }
  }
  return at;
}

size_t BytesTailLength(std::string_view text) {
  return std::min(text.find_first_not_of("0123456789.BikKMGTPE"), text.size());
}

std::optional<uint64_t> ParseQueryBytes(std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  std::string number(text.substr(0, digits));
  if (!number.empty() && number.back() == '.') number.pop_back();
  const auto value = ParseDouble(number);
  std::string_view unit = text.substr(digits);
  if (!value || unit.empty()) return std::nullopt;
  double factor = 1;
  if (unit != "B") {
    const size_t power = std::string_view("kmgtpe").find(static_cast<char>(unit[0] | 0x20));
    unit.remove_prefix(1);
    if (power == std::string_view::npos ||
        (unit != "" && unit != "B" && unit != "i" && unit != "iB")) {
      return std::nullopt;
    }
    factor = std::pow(unit.substr(0, 1) == "i" ? 1024.0 : 1000.0, power + 1);
  }
  const double bytes = *value * factor;
  if (!(bytes < 18446744073709551616.0)) return std::nullopt;
  return static_cast<uint64_t>(bytes);
}

std::optional<int64_t> ParseQueryDuration(std::string_view text) {
  const auto duration = ParseDurationNs(text);
  if (!duration.ok()) return std::nullopt;
  return *duration;
}

Result<int64_t> ParsePrometheusDuration(std::string_view text) {
  static constexpr std::string_view kUnits[] = {"y", "w", "d", "h", "m", "s", "ms"};
  static constexpr int64_t kUnitMs[] = {31'536'000'000, 604'800'000, 86'400'000, 3'600'000,
                                        60'000,         1000,        1};
  if (text.empty()) return UsageError("empty duration string");
  if (text == "0") return 0;
  const auto refuse = [&](std::string_view why) {
    return UsageError(std::string(why) + " duration string: \"" + std::string(text) + "\"");
  };
  int64_t total_ms = 0;
  size_t smallest = 0;  // index of the first unit that may still come
  for (size_t at = 0; at < text.size();) {
    const size_t digits = at;
    while (at < text.size() && IsDigit(text[at])) ++at;
    const auto count = ParseInt64(text.substr(digits, at - digits));
    if (at == digits) return refuse("not a valid");
    const size_t unit_at = at;
    while (at < text.size() && !IsDigit(text[at])) ++at;
    const std::string_view unit = text.substr(unit_at, at - unit_at);
    if (unit.empty()) return refuse("not a valid");
    const auto* found = std::find(std::begin(kUnits), std::end(kUnits), unit);
    if (found == std::end(kUnits)) {
      return UsageError("unknown unit \"" + std::string(unit) + "\" in duration \"" +
                        std::string(text) + "\"");
    }
    const size_t index = found - kUnits;
    if (index < smallest) return refuse("not a valid");
    smallest = index + 1;
    int64_t part_ms = 0;
    if (!count || __builtin_mul_overflow(*count, kUnitMs[index], &part_ms) ||
        __builtin_add_overflow(total_ms, part_ms, &total_ms)) {
      return UsageError("duration out of range");
    }
  }
  int64_t total_ns = 0;
  if (__builtin_mul_overflow(total_ms, int64_t{1'000'000}, &total_ns)) {
    return UsageError("duration out of range");
  }
  return total_ns;
}

}  // namespace glp::logql
