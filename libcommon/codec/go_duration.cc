#include "codec/go_duration.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "base/strings.h"
#include "codec/go_number.h"
#include "codec/runes.h"

namespace glp::codec {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

struct Unit {
  std::string_view name;
  int64_t ns;
};
constexpr Unit kGoUnits[] = {
    {"ns", 1},         {"us", 1'000},    {"µs", 1'000},         {"μs", 1'000},
    {"ms", 1'000'000}, {"s", kSecondNs}, {"m", 60 * kSecondNs}, {"h", 3'600 * kSecondNs}};
constexpr Unit kPrometheusUnits[] = {{"y", 365 * 86'400 * kSecondNs},
                                     {"w", 7 * 86'400 * kSecondNs},
                                     {"d", 86'400 * kSecondNs},
                                     {"h", 3'600 * kSecondNs},
                                     {"m", 60 * kSecondNs},
                                     {"s", kSecondNs},
                                     {"ms", 1'000'000}};

std::string Quoted(std::string_view text) { return "\"" + std::string(text.substr(0, 200)) + "\""; }

bool IsDigitChar(char c) { return c >= '0' && c <= '9'; }

size_t DigitsOf(std::string_view text) {
  size_t n = 0;
  while (n < text.size() && IsDigitChar(text[n])) ++n;
  return n;
}

// a * b + c within 2^63; false where it is more.
bool MultiplyAdd(uint64_t a, uint64_t b, uint64_t c, uint64_t* out) {
  return !__builtin_mul_overflow(a, b, out) && !__builtin_add_overflow(*out, c, out) &&
         *out <= uint64_t{1} << 63;
}

}  // namespace

Result<int64_t> ParseGoDuration(std::string_view text) {
  auto bad = [&] { return DataError("time: invalid duration " + Quoted(text)); };
  std::string_view rest = text;
  bool negative = !rest.empty() && rest[0] == '-';
  if (negative || (!rest.empty() && rest[0] == '+')) rest.remove_prefix(1);
  if (rest == "0") return 0;
  if (rest.empty()) return bad();
  uint64_t total = 0;
  while (!rest.empty()) {
    if (rest[0] != '.' && !IsDigitChar(rest[0])) return bad();
    size_t digits = DigitsOf(rest);
    auto whole = digits == 0 ? std::optional<uint64_t>(0) : ParseUint64(rest.substr(0, digits));
    if (!whole) return bad();
    rest.remove_prefix(digits);
    // Digits of a fraction count as long as they fit; the rest is cut.
    uint64_t fraction = 0;
    double scale = 1;
    bool has_fraction = false;
    if (!rest.empty() && rest[0] == '.') {
      rest.remove_prefix(1);
      size_t more = DigitsOf(rest);
      has_fraction = more > 0;
      for (char c : rest.substr(0, more)) {
        uint64_t next;
        if (!MultiplyAdd(fraction, 10, static_cast<uint64_t>(c - '0'), &next)) break;
        fraction = next;
        scale *= 10;
      }
      rest.remove_prefix(more);
    }
    if (digits == 0 && !has_fraction) return bad();
    size_t end = 0;
    while (end < rest.size() && rest[end] != '.' && !IsDigitChar(rest[end])) ++end;
    std::string_view name = rest.substr(0, end);
    if (name.empty()) return DataError("time: missing unit in duration " + Quoted(text));
    rest.remove_prefix(end);
    const Unit* unit = nullptr;
    for (const Unit& candidate : kGoUnits) {
      if (candidate.name == name) unit = &candidate;
    }
    if (unit == nullptr) {
      return DataError("time: unknown unit " + Quoted(name) + " in duration " + Quoted(text));
    }
    uint64_t value;
    if (!MultiplyAdd(*whole, static_cast<uint64_t>(unit->ns), 0, &value)) return bad();
    if (fraction > 0) {
      value += static_cast<uint64_t>(static_cast<double>(fraction) *
                                     (static_cast<double>(unit->ns) / scale));
      if (value > uint64_t{1} << 63) return bad();
    }
    if (!MultiplyAdd(total, 1, value, &total)) return bad();
  }
  if (negative) return static_cast<int64_t>(0 - total);
  if (total >= uint64_t{1} << 63) return bad();
  return static_cast<int64_t>(total);
}

Result<int64_t> ParsePrometheusDuration(std::string_view text) {
  auto bad = [&] { return DataError("not a valid duration string: " + Quoted(text)); };
  if (text == "0") return 0;
  if (text.empty()) return DataError("empty duration string");
  std::string_view rest = text;
  uint64_t total = 0;
  size_t last = 0;
  while (!rest.empty()) {
    size_t digits = DigitsOf(rest), end = digits;
    if (digits == 0) return bad();
    while (end < rest.size() && !IsDigitChar(rest[end])) ++end;
    std::string_view name = rest.substr(digits, end - digits);
    if (name.empty()) return bad();
    size_t at = 0;
    while (at < std::size(kPrometheusUnits) && kPrometheusUnits[at].name != name) ++at;
    if (at == std::size(kPrometheusUnits)) {
      return DataError("unknown unit " + Quoted(name) + " in duration " + Quoted(text));
    }
    if (at < last) return bad();
    last = at + 1;
    auto count = ParseUint64(rest.substr(0, digits));
    if (!count ||
        !MultiplyAdd(*count, static_cast<uint64_t>(kPrometheusUnits[at].ns), total, &total) ||
        total >= uint64_t{1} << 63) {
      return DataError("duration out of range");
    }
    rest.remove_prefix(end);
  }
  return static_cast<int64_t>(total);
}

std::string FormatPrometheusDuration(int64_t duration_ns) {
  int64_t ms = duration_ns / 1'000'000;
  if (ms == 0) return "0s";
  std::string out = ms < 0 ? "-" : "";
  uint64_t rest = ms < 0 ? 0 - static_cast<uint64_t>(ms) : static_cast<uint64_t>(ms);
  for (const Unit& unit : kPrometheusUnits) {
    uint64_t unit_ms = static_cast<uint64_t>(unit.ns / 1'000'000);
    // Years, weeks and days only where nothing smaller is left beside them.
    bool exact = unit.name == "y" || unit.name == "w";
    uint64_t count = rest / unit_ms;
    if (count == 0 || (exact && rest % unit_ms != 0)) continue;
    out += std::to_string(count) + std::string(unit.name);
    rest -= count * unit_ms;
  }
  return out;
}

Result<uint64_t> ParseHumanizedBytes(std::string_view text) {
  size_t end = 0;
  while (end < text.size() && (IsDigitChar(text[end]) || text[end] == '.' || text[end] == ',')) {
    ++end;
  }
  std::string number;
  for (char c : text.substr(0, end)) {
    if (c != ',') number += c;
  }
  auto value = ParseGoFloat(number);
  if (!value) {
    return DataError("strconv.ParseFloat: parsing " + Quoted(number) + ": invalid syntax");
  }
  std::string unit;
  std::string_view name = TrimSpace(text.substr(end));
  for (char c : name.substr(0, 32)) unit += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  double factor = 1;
  if (!unit.empty() && unit != "b") {
    constexpr std::string_view kLetters = "kmgtpe";
    size_t power = kLetters.find(unit[0]);
    std::string_view tail = std::string_view(unit).substr(1);
    bool binary = tail == "i" || tail == "ib";
    if (power == std::string_view::npos || (!binary && tail != "" && tail != "b")) {
      return DataError("unhandled size name: " + unit);
    }
    for (size_t i = 0; i <= power; ++i) factor *= binary ? 1024 : 1000;
  }
  double bytes = *value * factor;
  if (!(bytes < 18446744073709551616.0)) {
    return DataError("too large: " + std::string(text.substr(0, 200)));
  }
  return static_cast<uint64_t>(bytes);
}

std::string FormatHumanizedBytes(uint64_t bytes) {
  if (bytes < 10) return std::to_string(bytes) + " B";
  constexpr const char* kNames[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  double value = static_cast<double>(bytes), scale = 1;
  size_t unit = 0;
  while (unit < 6 && value / (scale * 1000) >= 1) {
    scale *= 1000;
    ++unit;
  }
  double shown = std::floor(value / scale * 10 + 0.5) / 10;
  char text[32];
  std::snprintf(text, sizeof text, shown < 10 ? "%.1f %s" : "%.0f %s", shown, kNames[unit]);
  return text;
}

}  // namespace glp::codec
