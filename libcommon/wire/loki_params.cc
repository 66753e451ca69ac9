#include "wire/loki_params.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "base/strings.h"
#include "base/time.h"
#include "base/units.h"
#include "logql/format.h"

namespace glp::wire {
namespace {

constexpr int64_t kDefaultSinceNs = 3600 * kNsPerSecond;
constexpr uint32_t kDefaultLimit = 100;
constexpr int64_t kMaxPoints = 11'000;
constexpr int64_t kMinNs = std::numeric_limits<int64_t>::min();
constexpr int64_t kMaxNs = std::numeric_limits<int64_t>::max();

int64_t Saturate(double ns) {
  if (ns >= static_cast<double>(kMaxNs)) return kMaxNs;
  if (ns <= static_cast<double>(kMinNs)) return kMinNs;
  return static_cast<int64_t>(ns);
}

int64_t Plus(int64_t a, int64_t b) {
  int64_t sum;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b < 0 ? kMinNs : kMaxNs;
}

int64_t Minus(int64_t a, int64_t b) {
  int64_t difference;
  if (!__builtin_sub_overflow(a, b, &difference)) return difference;
  return b > 0 ? kMinNs : kMaxNs;
}

std::string_view Text(const Request& request, std::string_view name) {
  return request.Param(name).value_or(std::string_view());
}

// Go's ParseInt and Atoi, and their words.
Result<int64_t> ParseGoInt(std::string_view function, std::string_view text) {
  const std::string_view digits = text.substr(0, 1) == "+" ? text.substr(1) : text;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool whole = !digits.empty() && end == digits.data() + digits.size();
  if (whole && error == std::errc()) return value;
  const bool too_large = whole && error == std::errc::result_out_of_range;
  return UsageError(std::string(function) + ": parsing " + logql::Quote(text) +
                    (too_large ? ": value out of range" : ": invalid syntax"));
}

Result<logql::Direction> ParseDirection(const Request& request) {
  const std::string_view text = Text(request, "direction");
  if (text.empty() || EqualIgnoringCase(text, "backward")) return logql::Direction::kBackward;
  if (EqualIgnoringCase(text, "forward")) return logql::Direction::kForward;
  return UsageError("invalid direction '" + std::string(text) + "'");
}

}  // namespace

Result<int64_t> ParseTimeParam(std::string_view name, std::string_view text) {
  if (text.find('.') != std::string_view::npos) {
    if (const std::optional<double> seconds = ParseDouble(text)) {
      double whole = 0;
      const double fraction = std::round(std::modf(*seconds, &whole) * 1000) / 1000;
      return Plus(Saturate(whole * kNsPerSecond), Saturate(fraction * kNsPerSecond));
    }
  }
  Result<int64_t> number = ParseGoInt("strconv.ParseInt", text);
  if (!number.ok()) {
    if (const std::optional<int64_t> ts_ns = ParseRfc3339(text)) return *ts_ns;
    return number.status().Annotate("could not parse '" + std::string(name) + "' parameter");
  }
  if (text.size() <= 10) return Saturate(static_cast<double>(*number) * kNsPerSecond);
  return *number;
}

Result<int64_t> ParseStepParam(std::string_view text) {
  if (const std::optional<double> seconds = ParseDouble(text)) {
    const double ns = *seconds * kNsPerSecond;
    if (!(std::abs(ns) < static_cast<double>(kMaxNs))) {
      return UsageError("cannot parse " + logql::Quote(text) +
                        " to a valid duration. It overflows int64");
    }
    return static_cast<int64_t>(ns);
  }
  const Result<int64_t> duration = ParseDurationNs(text);
  if (duration.ok()) return *duration;
  return UsageError("cannot parse " + logql::Quote(text) + " to a valid duration");
}

Result<logql::TimeRange> ParseBounds(const Request& request, int64_t now_ns) {
  int64_t since_ns = kDefaultSinceNs;
  if (const std::string_view text = Text(request, "since"); !text.empty()) {
    const Result<int64_t> since = ParseDurationNs(text);
    if (!since.ok()) {
      return UsageError("could not parse 'since' parameter: not a valid duration string: " +
                        logql::Quote(text));
    }
    since_ns = *since;
  }
  logql::TimeRange range;
  range.end_ns = now_ns;
  if (const std::string_view text = Text(request, "end"); !text.empty()) {
    GLP_ASSIGN_OR_RETURN(range.end_ns, ParseTimeParam("end", text));
  }
  range.start_ns = Minus(std::min(range.end_ns, now_ns), since_ns);
  if (const std::string_view text = Text(request, "start"); !text.empty()) {
    GLP_ASSIGN_OR_RETURN(range.start_ns, ParseTimeParam("start", text));
  }
  return range;
}

Result<uint32_t> ParseCount(const Request& request, std::string_view name, uint32_t fallback) {
  const std::string_view text = Text(request, name);
  if (text.empty()) return fallback;
  GLP_ASSIGN_OR_RETURN(const int64_t limit, ParseGoInt("strconv.Atoi", text));
  if (limit <= 0) return UsageError("limit must be a positive value");
  return static_cast<uint32_t>(std::min<int64_t>(limit, std::numeric_limits<uint32_t>::max()));
}

Result<RangeParams> ParseRangeParams(const Request& request, int64_t now_ns) {
  RangeParams params;
  GLP_ASSIGN_OR_RETURN(params.range, ParseBounds(request, now_ns));
  const int64_t length_ns = Minus(params.range.end_ns, params.range.start_ns);
  if (length_ns < 0) {
    return UsageError("end timestamp must not be before or equal to start time");
  }
  GLP_ASSIGN_OR_RETURN(params.limit, ParseCount(request, "limit", kDefaultLimit));
  GLP_ASSIGN_OR_RETURN(params.direction, ParseDirection(request));
  if (const std::string_view text = Text(request, "step"); !text.empty()) {
    GLP_ASSIGN_OR_RETURN(params.step_ns, ParseStepParam(text));
  } else {
    params.step_ns = std::max<int64_t>(length_ns / kNsPerSecond / 250, 1) * kNsPerSecond;
  }
  if (params.step_ns <= 0) {
    return UsageError(
        "zero or negative query resolution step widths are not accepted. Try a positive integer");
  }
  if (length_ns / params.step_ns > kMaxPoints) {
    return UsageError(
        "exceeded maximum resolution of 11,000 points per time series. Try increasing the value "
        "of the step parameter");
  }
  if (const std::string_view text = Text(request, "interval"); !text.empty()) {
    GLP_ASSIGN_OR_RETURN(params.interval_ns, ParseStepParam(text));
    if (params.interval_ns < 0) return UsageError("interval must be >= 0");
  }
  return params;
}

Result<InstantParams> ParseInstantParams(const Request& request, int64_t now_ns) {
  InstantParams params;
  params.at_ns = now_ns;
  GLP_ASSIGN_OR_RETURN(params.limit, ParseCount(request, "limit", kDefaultLimit));
  if (const std::string_view text = Text(request, "time"); !text.empty()) {
    GLP_ASSIGN_OR_RETURN(params.at_ns, ParseTimeParam("time", text));
  }
  GLP_ASSIGN_OR_RETURN(params.direction, ParseDirection(request));
  return params;
}

Result<TailParams> ParseTailParams(const Request& request, int64_t now_ns) {
  TailParams params;
  params.query = std::string(Text(request, "query"));
  if (const std::string_view text = Text(request, "delay_for"); !text.empty()) {
    GLP_ASSIGN_OR_RETURN(const int64_t seconds, ParseGoInt("strconv.ParseInt", text));
    if (seconds > 5) return UsageError("delay_for can't be greater than 5");
    if (seconds < 0) return UsageError("delay_for can't be below 0");
    params.delay_ns = seconds * kNsPerSecond;
  }
  GLP_ASSIGN_OR_RETURN(params.limit, ParseCount(request, "limit", kDefaultLimit));
  params.start_ns = now_ns - 3600 * kNsPerSecond;
  if (const std::string_view text = Text(request, "start"); !text.empty()) {
    GLP_ASSIGN_OR_RETURN(params.start_ns, ParseTimeParam("start", text));
  }
  return params;
}

bool WantsCategories(const Request& request) {
  const std::string_view flags = request.Header("X-Loki-Response-Encoding-Flags");
  for (const std::string_view flag : Split(flags, ',')) {
    if (TrimSpace(flag) == "categorize-labels") return true;
  }
  return false;
}

logql::TimeRange AlignToStep(logql::TimeRange range, int64_t step_ns) {
  auto down = [step_ns](int64_t ns) {
    const int64_t rest = ns % step_ns;
    return Minus(ns, rest < 0 ? rest + step_ns : rest);
  };
  const int64_t end = down(range.end_ns);
  return {down(range.start_ns), end == range.end_ns ? end : Plus(end, step_ns)};
}

}  // namespace glp::wire
