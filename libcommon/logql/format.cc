#include "logql/format.h"

#include <charconv>
#include <cmath>
#include <cstdio>

namespace glp::logql {
namespace {

constexpr int64_t kNsPerMillisecond = 1'000'000;

// Length of the valid UTF-8 sequence at the front, 0 where there is none.
size_t Utf8Length(std::string_view text, uint32_t* rune) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto tail = [&](size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  const uint32_t lead = byte(0);
  if (lead < 0x80) {
    *rune = lead;
    return 1;
  }
  if (lead >= 0xC2 && lead < 0xE0 && tail(1)) {
    *rune = (lead & 0x1F) << 6 | (byte(1) & 0x3F);
    return 2;
  }
  if (lead >= 0xE0 && lead < 0xF0 && tail(1) && tail(2)) {
    *rune = (lead & 0x0F) << 12 | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3F);
    return *rune >= 0x800 && (*rune < 0xD800 || *rune > 0xDFFF) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead < 0xF5 && tail(1) && tail(2) && tail(3)) {
    *rune =
        (lead & 0x07) << 18 | (byte(1) & 0x3Fu) << 12 | (byte(2) & 0x3Fu) << 6 | (byte(3) & 0x3F);
    return *rune >= 0x10000 && *rune <= 0x10FFFF ? 4 : 0;
  }
  return 0;
}

// Runes that Go prints as they are: close to unicode.IsPrint without its tables; both forms read
// back as the same text.
bool IsPrintable(uint32_t rune) {
  if (rune < 0x20 || (rune >= 0x7F && rune <= 0xA0) || rune == 0xAD) return false;
  if (rune >= 0x2000 && rune <= 0x200F) return false;
  if (rune >= 0x2028 && rune <= 0x202F) return false;
  if (rune >= 0x205F && rune <= 0x206F) return false;
  if (rune == 0x1680 || rune == 0x3000 || rune == 0xFEFF) return false;
  return (rune < 0xE000 || rune > 0xF8FF) && (rune & 0xFFFE) != 0xFFFE && rune < 0xE0000;
}

void AppendHex(std::string* out, uint32_t value, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    out->push_back("0123456789abcdef"[value >> shift & 15]);
  }
}

}  // namespace

std::string FormatSampleValue(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  // to_chars in fixed form writes all digits of a large number, also those that mean nothing: the
  // shortest digits come from the scientific form.
  char buffer[40];
  const auto [end, ec] =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific);
  (void)ec;
  const std::string_view text(buffer, end - buffer);
  const size_t e = text.find('e');
  int exponent = 0;
  const char* digits_of_exponent = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(digits_of_exponent, end, exponent);
  std::string out, digits;
  for (const char c : text.substr(0, e)) {
    if (c == '-') {
      out.push_back('-');
    } else if (c != '.') {
      digits.push_back(c);
    }
  }
  const int whole = exponent + 1;  // digits in front of the point
  const int count = static_cast<int>(digits.size());
  if (whole <= 0) {
    out.append("0.").append(-whole, '0').append(digits);
  } else if (whole >= count) {
    out.append(digits).append(whole - count, '0');
  } else {
    out.append(digits, 0, whole).append(".").append(digits, whole);
  }
  return out;
}

std::string FormatLiteral(double value) {
  if (!std::isfinite(value)) return FormatSampleValue(value);
  char buffer[40];
  const auto [end, ec] =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific);
  (void)ec;
  const std::string_view text(buffer, end - buffer);
  const size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), end, exponent);
  // Go's %v: an exponent from 1e+06 on and below 1e-4.
  return exponent < -4 || exponent >= 6 ? std::string(text) : FormatSampleValue(value);
}

std::string Quote(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    uint32_t rune = 0;
    const size_t length = Utf8Length(text, &rune);
    const unsigned char c = text[0];
    if (length == 0) {
      out.append("\\x");
      AppendHex(&out, c, 2);
    } else if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (IsPrintable(rune)) {
      out.append(text.substr(0, length));
    } else if (rune >= 7 && rune <= 13) {
      out.push_back('\\');
      out.push_back("abtnvfr"[rune - 7]);
    } else if (rune < 0x80) {
      out.append("\\x");
      AppendHex(&out, rune, 2);
    } else if (rune < 0x10000) {
      out.append("\\u");
      AppendHex(&out, rune, 4);
    } else {
      out.append("\\U");
      AppendHex(&out, rune, 8);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out.push_back('"');
  return out;
}

std::string FormatBytes(uint64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  if (bytes < 10) return std::to_string(bytes) + "B";
  double value = static_cast<double>(bytes);
  int unit = 0;
  for (; value >= 1000 && unit < 6; ++unit) value /= 1000;
  value = std::floor(value * 10 + 0.5) / 10;
  char text[16];
  std::snprintf(text, sizeof text, "%.*f%s", unit > 0 && value < 10 ? 1 : 0, value, kUnits[unit]);
  return text;
}

std::string FormatPrometheusDuration(int64_t duration_ns) {
  int64_t ms = duration_ns / kNsPerMillisecond;
  if (ms == 0) return "0s";
  std::string out;
  if (ms < 0) {
    out.push_back('-');
    ms = -ms;
  }
  struct Unit {
    const char* name;
    int64_t ms;
    bool only_exact;  // Prometheus writes 8d as 8d, not as 1w1d
  };
  static constexpr int64_t kDay = 86'400'000;
  static constexpr Unit kUnits[] = {
      {"y", 365 * kDay, true}, {"w", 7 * kDay, true}, {"d", kDay, false}, {"h", 3'600'000, false},
      {"m", 60'000, false},    {"s", 1000, false},    {"ms", 1, false}};
  for (const Unit& unit : kUnits) {
    if (unit.only_exact && ms % unit.ms != 0) continue;
    if (const int64_t count = ms / unit.ms; count > 0) {
      out.append(std::to_string(count)).append(unit.name);
      ms -= count * unit.ms;
    }
  }
  return out;
}

}  // namespace glp::logql
