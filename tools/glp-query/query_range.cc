#include "query_range.h"

#include <algorithm>
#include <limits>

#include "base/strings.h"
#include "base/time.h"
#include "codec/human_time.h"

namespace glp::query {
namespace {

constexpr int64_t kHourNs = 3600 * kNsPerSecond;

// Seconds as a number, or with a unit, as the `step` of Loki's API.
Result<int64_t> ParseStep(const std::string& text) {
  if (const std::optional<double> seconds = ParseDouble(text)) {
    if (!(*seconds * kNsPerSecond >= 1) || *seconds > 9e9) {
      return UsageError("\"" + text + "\" is not a number of seconds above zero");
    }
    return static_cast<int64_t>(*seconds * kNsPerSecond);
  }
  return codec::ParseHumanSpan(text);
}

}  // namespace

logql::TimeRange QueryTimes::Range() const {
  logql::TimeRange range;
  if (start_ns) range.start_ns = *start_ns;
  if (end_ns) range.end_ns = *end_ns;
  return range;
}

Result<QueryTimes> ParseTimes(const TimeWords& words, int64_t now_ns, const char* tz) {
  QueryTimes times;
  Result<codec::ClockZone> zone = codec::ClockZone::Find(words.zone, tz);
  if (!zone.ok()) return zone.status().Annotate("--timezone");
  times.zone = *zone;
  const codec::HumanClock clock{now_ns, times.zone};
  const auto point = [&clock](const std::string& text, const char* option,
                              std::optional<int64_t>* out) -> Status {
    if (text.empty()) return Status::Ok();
    Result<int64_t> parsed = codec::ParseHumanTime(text, clock);
    if (!parsed.ok()) return parsed.status().Annotate(option);
    *out = *parsed;
    return Status::Ok();
  };
  GLP_RETURN_IF_ERROR(point(words.from, "--from", &times.start_ns));
  GLP_RETURN_IF_ERROR(point(words.to, "--to", &times.end_ns));
  GLP_RETURN_IF_ERROR(point(words.at, "--at", &times.at_ns));
  if (!words.since.empty()) {
    if (times.start_ns) return UsageError("--since and --from both say where to start; give one");
    if (const Result<int64_t> span = codec::ParseHumanSpan(words.since); span.ok()) {
      times.start_ns = codec::TimeBefore(std::min(now_ns, times.end_ns.value_or(now_ns)), *span);
    } else {
      GLP_RETURN_IF_ERROR(point(words.since, "--since", &times.start_ns));
    }
  }
  if (!words.step.empty()) {
    const Result<int64_t> step = ParseStep(words.step);
    if (!step.ok()) return step.status().Annotate("--step");
    times.step_ns = *step;
  }
  if (times.at_ns && (times.start_ns || times.end_ns || times.step_ns)) {
    return UsageError("--at is one instant: it goes with none of --since, --from, --to, --step");
  }
  if (times.start_ns && times.end_ns && *times.start_ns > *times.end_ns) {
    std::string end, start;
    codec::ZonedTimestamps shown(times.zone);
    shown.Append(*times.end_ns, &end);
    shown.Append(*times.start_ns, &start);
    return UsageError("the range ends (" + end + ") before it starts (" + start + ")");
  }
  return times;
}

void CloseForServer(QueryTimes* times, int64_t now_ns) {
  if (!times->end_ns) times->end_ns = now_ns;
  if (!times->start_ns) {
    times->start_ns = codec::TimeBefore(std::min(now_ns, *times->end_ns), kHourNs);
  }
}

int64_t DefaultStep(int64_t start_ns, int64_t end_ns) {
  const uint64_t span_ns = static_cast<uint64_t>(end_ns) - static_cast<uint64_t>(start_ns);
  const auto seconds = static_cast<int64_t>(span_ns / kNsPerSecond / 250);
  return std::max<int64_t>(seconds, 1) * kNsPerSecond;
}

int64_t AlignDown(int64_t point_ns, int64_t step_ns) {
  const int64_t rest = point_ns % step_ns;
  return codec::TimeBefore(point_ns, rest < 0 ? rest + step_ns : rest);
}

int64_t AlignUp(int64_t point_ns, int64_t step_ns) {
  const int64_t down = AlignDown(point_ns, step_ns);
  if (down == point_ns) return point_ns;
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  return down > kMax - step_ns ? kMax : down + step_ns;
}

}  // namespace glp::query
