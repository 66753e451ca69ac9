#include "time_jobs.h"

#include <algorithm>

#include "base/time.h"
#include "base/units.h"
#include "query_range.h"

namespace glp::query {

Result<std::vector<logql::TimeRange>> SplitRange(logql::TimeRange range, int64_t length_ns,
                                                 logql::Direction direction) {
  constexpr uint64_t kMost = 100'000;
  const uint64_t span_ns =
      static_cast<uint64_t>(range.end_ns) - static_cast<uint64_t>(range.start_ns);
  if (span_ns / static_cast<uint64_t>(length_ns) > kMost) {
    return UsageError("--parallel-duration " + FormatDuration(length_ns) +
                      " makes more than 100000 jobs of this range; make it longer");
  }
  std::vector<logql::TimeRange> jobs;
  for (int64_t at_ns = range.start_ns; at_ns < range.end_ns;) {
    const int64_t next_ns = AlignUp(at_ns, length_ns);
    const int64_t edge_ns = next_ns > at_ns ? next_ns : AlignUp(at_ns + 1, length_ns);
    const int64_t end_ns = std::min(edge_ns, range.end_ns);
    jobs.push_back({at_ns, end_ns});
    at_ns = end_ns;
  }
  if (direction == logql::Direction::kBackward) std::reverse(jobs.begin(), jobs.end());
  return jobs;
}

std::string PartPath(const std::string& prefix, logql::TimeRange job) {
  const auto name = [](int64_t ts_ns) {
    std::string text = FormatTimestamp(ts_ns);  // 2026-01-05T10:00:00.000000000Z
    std::erase_if(text, [](char c) { return c == '-' || c == ':' || c == 'Z'; });
    return text;
  };
  return prefix + "_" + name(job.start_ns) + "_" + name(job.end_ns) + ".part";
}

}  // namespace glp::query
