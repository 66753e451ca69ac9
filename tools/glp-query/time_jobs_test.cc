#include "time_jobs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace glp::query {
namespace {

using Jobs = std::vector<std::pair<int64_t, int64_t>>;

Jobs Split(int64_t start, int64_t end, int64_t length, bool forward = true) {
  const auto jobs = SplitRange({start, end}, length,
                               forward ? logql::Direction::kForward : logql::Direction::kBackward);
  Jobs pairs;
  if (!jobs.ok()) return {{-1, -1}};
  for (const logql::TimeRange& job : *jobs) pairs.emplace_back(job.start_ns, job.end_ns);
  return pairs;
}

TEST(SplitRange, JobsBeginAtMultiplesAndCoverTheRangeOnce) {
  EXPECT_EQ(Split(5, 25, 10), (Jobs{{5, 10}, {10, 20}, {20, 25}}));
  EXPECT_EQ(Split(5, 25, 10, false), (Jobs{{20, 25}, {10, 20}, {5, 10}}));
  EXPECT_EQ(Split(10, 20, 10), (Jobs{{10, 20}}));
  EXPECT_EQ(Split(-15, 5, 10), (Jobs{{-15, -10}, {-10, 0}, {0, 5}}));
  EXPECT_EQ(Split(7, 8, 10), (Jobs{{7, 8}}));
  EXPECT_EQ(Split(7, 7, 10), Jobs());
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const Jobs last = Split(kMax - 15, kMax, 10);
  EXPECT_EQ(last.front().first, kMax - 15);
  EXPECT_EQ(last.back().second, kMax);
  EXPECT_EQ(Split(0, 1'000'000'000, 1), (Jobs{{-1, -1}}));
}

TEST(PartPath, NamesJobsDownToTheNanosecond) {
  EXPECT_EQ(PartPath("dir/p", {1'767'571'200'000'000'000, 1'767'571'200'000'000'001}),
            "dir/p_20260105T000000.000000000_20260105T000000.000000001.part");
}

}  // namespace
}  // namespace glp::query
