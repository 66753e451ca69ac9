#include "logql/label_value.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "logql/label_names.h"

namespace glp::logql {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (Lower(text[i]) != lower[i]) return false;
  }
  return true;
}

std::optional<double> FromChars(std::string_view text, std::chars_format format) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [p, error] = std::from_chars(text.data(), end, value, format);
  if (p != end) return std::nullopt;
  if (error == std::errc()) return value;
  if (error != std::errc::result_out_of_range) return std::nullopt;
  // Too small is 0, too large is none.
  const size_t exponent = text.find_first_of(format == std::chars_format::hex ? "pP" : "eE");
  const bool is_small = exponent != std::string_view::npos && exponent + 1 < text.size()
                            ? text[exponent + 1] == '-'
                            : text.substr(0, 2) == "0.";
  return is_small ? std::optional<double>(0) : std::nullopt;
}

// Go allows '_' between digits and behind 0x.
bool TakeUnderscores(std::string_view text, std::string* out) {
  const bool is_hex = text.size() > 2 && text[0] == '0' && Lower(text[1]) == 'x';
  const auto is_digit = [is_hex](char c) {
    return IsDigit(c) || (is_hex && Lower(c) >= 'a' && Lower(c) <= 'f');
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out->push_back(text[i]);
      continue;
    }
    const bool behind = i > 0 && (is_digit(text[i - 1]) || (is_hex && i == 2));
    if (!behind || i + 1 == text.size() || !is_digit(text[i + 1])) return false;
  }
  return true;
}

}  // namespace

std::optional<double> ParseFloatValue(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const bool is_negative = text[0] == '-';
  std::string_view rest = text.substr(is_negative || text[0] == '+' ? 1 : 0);
  std::string plain;
  if (rest.find('_') != std::string_view::npos) {
    if (!TakeUnderscores(rest, &plain)) return std::nullopt;
    rest = plain;
  }
  if (rest.empty()) return std::nullopt;
  std::optional<double> value;
  if (rest.size() > 2 && rest[0] == '0' && Lower(rest[1]) == 'x') {
    rest.remove_prefix(2);
    // Go wants the exponent.
    const bool starts_well = rest[0] != '-' && Lower(rest[0]) != 'i' && Lower(rest[0]) != 'n';
    const size_t exponent = rest.find_first_of("pP");
    if (!starts_well || exponent == std::string_view::npos) return std::nullopt;
    std::string digits(rest);
    if (exponent + 1 < rest.size() && rest[exponent + 1] == '+') digits.erase(exponent + 1, 1);
    value = FromChars(digits, std::chars_format::hex);
  } else if (IsDigit(rest[0]) || (rest[0] == '.' && rest.size() > 1 && IsDigit(rest[1]))) {
    value = FromChars(rest, std::chars_format::general);
  } else if (EqualsIgnoringCase(rest, "inf") || EqualsIgnoringCase(rest, "infinity")) {
    value = std::numeric_limits<double>::infinity();
  } else if (EqualsIgnoringCase(text, "nan")) {
    value = std::numeric_limits<double>::quiet_NaN();
  }
  if (value && is_negative) *value = -*value;
  return value;
}

std::optional<int64_t> ParseDurationValue(std::string_view text) {
  constexpr std::pair<std::string_view, uint64_t> kUnits[] = {
      {"ns", 1},         {"us", 1000},         {"\xC2\xB5s", 1000},   {"\xCE\xBCs", 1000},
      {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}};
  constexpr uint64_t kMost = uint64_t{1} << 63;
  if (text.empty()) return std::nullopt;
  const bool is_negative = text[0] == '-';
  if (is_negative || text[0] == '+') text.remove_prefix(1);
  if (text == "0") return 0;
  if (text.empty()) return std::nullopt;
  uint64_t total = 0;
  while (!text.empty()) {
    unsigned __int128 number = 0;
    size_t at = 0;
    while (at < text.size() && IsDigit(text[at])) {
      number = number * 10 + static_cast<unsigned>(text[at++] - '0');
      if (number > kMost) return std::nullopt;
    }
    bool has_digits = at > 0;
    double fraction = 0, scale = 1;
    if (at < text.size() && text[at] == '.') {
      const size_t start = ++at;
      uint64_t digits = 0;
      bool is_full = false;
      while (at < text.size() && IsDigit(text[at])) {
        if (!is_full && digits > (kMost - 10) / 10) is_full = true;
        if (!is_full) {
          digits = digits * 10 + static_cast<uint64_t>(text[at] - '0');
          scale *= 10;
        }
        ++at;
      }
      fraction = static_cast<double>(digits);
      has_digits |= at > start;
    }
    if (!has_digits) return std::nullopt;
    text.remove_prefix(at);
    size_t unit_size = 0;
    while (unit_size < text.size() && text[unit_size] != '.' && !IsDigit(text[unit_size])) {
      ++unit_size;
    }
    uint64_t unit = 0;
    for (const auto& [name, ns] : kUnits) {
      if (text.substr(0, unit_size) == name) unit = ns;
    }
    if (unit == 0) return std::nullopt;
    text.remove_prefix(unit_size);
    number *= unit;
    if (number > kMost) return std::nullopt;
    if (fraction > 0) {
      number += static_cast<uint64_t>(fraction * (static_cast<double>(unit) / scale));
    }
    number += total;
    if (number > kMost) return std::nullopt;
    total = static_cast<uint64_t>(number);
  }
  if (is_negative) return static_cast<int64_t>(-total);
  if (total >= kMost) return std::nullopt;
  return static_cast<int64_t>(total);
}

std::optional<uint64_t> ParseBytesValue(std::string_view text) {
  constexpr std::string_view kLetters = "kmgtpe";
  size_t size = 0;
  std::string number;
  for (; size < text.size() && (IsDigit(text[size]) || text[size] == '.' || text[size] == ',');
       ++size) {
    if (text[size] != ',') number.push_back(text[size]);
  }
  const std::optional<double> value = ParseFloatValue(number);
  if (!value) return std::nullopt;
  const std::string_view unit = TrimUnicodeSpace(text.substr(size));
  double factor = 1;
  if (!unit.empty() && !EqualsIgnoringCase(unit, "b")) {
    const size_t power = kLetters.find(Lower(unit[0]));
    if (power == std::string_view::npos) return std::nullopt;
    const std::string_view rest = unit.substr(1);
    const bool is_binary = EqualsIgnoringCase(rest, "i") || EqualsIgnoringCase(rest, "ib");
    if (!is_binary && !rest.empty() && !EqualsIgnoringCase(rest, "b")) return std::nullopt;
    factor = std::pow(is_binary ? 1024.0 : 1000.0, static_cast<double>(power + 1));
  }
  const double bytes = *value * factor;
  if (!(bytes < 18446744073709551616.0)) return std::nullopt;
  return static_cast<uint64_t>(bytes);
}

}  // namespace glp::logql
