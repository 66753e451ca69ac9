#include "base/units.h"

#include <cmath>
#include <cstdio>

#include "base/strings.h"
#include "base/time.h"

namespace glp {
namespace {

struct Unit {
  std::string_view name;
  int64_t ns;
};
// Longer names first where one begins with another.
constexpr Unit kDurationUnits[] = {
    {"ms", kNsPerMs},
    {"us", 1'000},
    {"µs", 1'000},
    {"μs", 1'000},
    {"ns", 1},
    {"y", 365 * 86'400 * kNsPerSecond},
    {"w", 7 * 86'400 * kNsPerSecond},
    {"d", 86'400 * kNsPerSecond},
    {"h", 3'600 * kNsPerSecond},
    {"m", 60 * kNsPerSecond},
    {"s", kNsPerSecond},
};

Status BadDuration(std::string_view text) {
  return UsageError("'" + std::string(text) + "' is not a duration; try 30s, 5m, 1h30m or 2d");
}

}  // namespace

Result<int64_t> ParseDurationNs(std::string_view text) {
  std::string_view rest = text;
  bool negative = false;
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) {
    negative = rest[0] == '-';
    rest.remove_prefix(1);
  }
  if (rest == "0") return 0;
  if (rest.empty()) return BadDuration(text);
  int64_t total = 0;
  while (!rest.empty()) {
    size_t digits = rest.find_first_not_of("0123456789.");
    if (digits == 0 || digits == std::string_view::npos) return BadDuration(text);
    std::string_view number = rest.substr(0, digits);
    rest.remove_prefix(digits);
    const Unit* unit = nullptr;
    for (const Unit& candidate : kDurationUnits) {
      if (rest.substr(0, candidate.name.size()) == candidate.name) {
        unit = &candidate;
        break;
      }
    }
    if (unit == nullptr) return BadDuration(text);
    rest.remove_prefix(unit->name.size());
    // Whole part and fraction apart: a double would lose nanoseconds of long durations.
    size_t dot = number.find('.');
    std::string_view whole_text = number.substr(0, dot);
    std::string_view fraction = dot == std::string_view::npos ? "" : number.substr(dot + 1);
    if (whole_text.empty() && fraction.empty()) return BadDuration(text);
    auto whole = whole_text.empty() ? std::optional<int64_t>(0) : ParseInt64(whole_text);
    int64_t part;
    if (!whole || __builtin_mul_overflow(*whole, unit->ns, &part)) return BadDuration(text);
    if (!fraction.empty()) {
      auto value = ParseDouble("0." + std::string(fraction));
      if (!value) return BadDuration(text);
      part += static_cast<int64_t>(std::llround(*value * static_cast<double>(unit->ns)));
    }
    if (__builtin_add_overflow(total, part, &total)) return BadDuration(text);
  }
  return negative ? -total : total;
}

std::string FormatDuration(int64_t duration_ns) {
  if (duration_ns == 0) return "0s";
  uint64_t ns = static_cast<uint64_t>(duration_ns);
  std::string sign;
  if (duration_ns < 0) {
    ns = 0 - ns;
    sign = "-";
  }
  auto decimal = [](uint64_t value, uint64_t unit, std::string_view name) {
    std::string out = std::to_string(value / unit);
    std::string fraction = std::to_string(unit + value % unit).substr(1);
    while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
    if (unit > 1 && !fraction.empty()) out += "." + fraction;
    return out + std::string(name);
  };
  if (ns < 1'000) return sign + decimal(ns, 1, "ns");
  if (ns < 1'000'000) return sign + decimal(ns, 1'000, "µs");
  if (ns < 1'000'000'000) return sign + decimal(ns, 1'000'000, "ms");
  constexpr uint64_t kMinute = 60ull * kNsPerSecond;
  constexpr uint64_t kHour = 60 * kMinute;
  std::string out = sign;
  if (ns >= kHour) out += std::to_string(ns / kHour) + "h";
  if (ns >= kMinute) out += std::to_string(ns % kHour / kMinute) + "m";
  return out + decimal(ns % kMinute, kNsPerSecond, "s");
}

Result<uint64_t> ParseSizeBytes(std::string_view text) {
  auto bad = [&] {
    return UsageError("'" + std::string(text) + "' is not a size; try 1048576, 64K, 1MB or 1MiB");
  };
  size_t digits = text.find_first_not_of("0123456789.");
  auto number = ParseDouble(text.substr(0, digits));
  if (!number || *number < 0) return bad();
  std::string_view unit = digits == std::string_view::npos ? "" : text.substr(digits);
  unit = TrimSpace(unit);
  uint64_t factor = 1;
  if (!unit.empty() && unit != "B" && unit != "b") {
    constexpr std::string_view kLetters = "kmgtp";
    size_t power = kLetters.find(static_cast<char>(unit[0] | 0x20));
    if (power == std::string_view::npos) return bad();
    std::string_view tail = unit.substr(1);
    bool decimal = tail == "B" || tail == "b";
    if (!decimal && tail != "" && tail != "iB" && tail != "i" && tail != "ib") return bad();
    for (size_t i = 0; i <= power; ++i) factor *= decimal ? 1000 : 1024;
  }
  double value = *number * static_cast<double>(factor);
  if (value >= 1.8e19) return bad();
  if (auto whole = ParseUint64(text.substr(0, digits))) return *whole * factor;
  return static_cast<uint64_t>(value);
}

std::string FormatSize(uint64_t size_bytes) {
  if (size_bytes < 1000) return std::to_string(size_bytes) + " B";
  constexpr const char* kNames[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
  double value = static_cast<double>(size_bytes);
  int unit = -1;
  do {
    value /= 1000;
    ++unit;
  } while (value >= 999.95 && unit < 5);
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %s", value, kNames[unit]);
  return text;
}

}  // namespace glp
