#include "logql/patterns.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "logql/memory_source.h"
#include "logql/parser.h"

namespace glp::logql {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

std::string Text(const std::vector<PatternSeries>& patterns) {
  std::string out;
  for (const PatternSeries& one : patterns) {
    out += one.level + " " + one.pattern + ":";
    for (const auto& [ts_ns, count] : one.samples) {
      out += " " + std::to_string(ts_ns / kSecond) + "=" + std::to_string(count);
    }
    out += "\n";
  }
  return out;
}

TEST(PatternQueryTest, CountsBySteps) {
  MemorySource source;
  for (int i = 0; i < 30; ++i) {
    source.Add(i * kSecond, {{"app", "a"}}, "request 10" + std::to_string(i) + " served",
               i < 25 ? R"({"detected_level":"INFO"})" : "");
  }
  source.Add(31 * kSecond, {{"app", "a"}, {"level", "error"}}, "disk is full");
  const LogExpr query = *ParseLogQuery("{app=\"a\"}");
  QueryParams params;
  params.range = {0, 60 * kSecond};
  params.step_ns = 10 * kSecond;
  ScanStats stats;
  const auto found = RunPatternQuery(query, &source, params, 0, &stats);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(Text(*found),
            "unknown request <_> served: 20=5\n"
            "info request <_> served: 0=10 10=10 20=5\n"
            "error disk is full: 30=1\n");
  EXPECT_EQ(RunPatternQuery(query, &source, params, 1, &stats)->size(), 1);
  params.cancelled = [] { return true; };
  EXPECT_EQ(RunPatternQuery(query, &source, params, 0, &stats).status().code(), Code::kCancelled);
}

TEST(PatternQueryTest, TakesAnyTime) {
  MemorySource source;
  source.Add(std::numeric_limits<int64_t>::min(), {{"app", "a"}}, "first");
  source.Add(-kSecond - 1, {{"app", "a"}}, "middle");
  source.Add(std::numeric_limits<int64_t>::max() - 1, {{"app", "a"}}, "last");
  const LogExpr query = *ParseLogQuery("{app=\"a\"}");
  QueryParams params;
  ScanStats stats;
  const auto found = RunPatternQuery(query, &source, params, 0, &stats);
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->size(), 3);
  for (const PatternSeries& one : *found) {
    ASSERT_EQ(one.samples.size(), 1);
    if (one.pattern == "middle") {
      EXPECT_EQ(one.samples[0].first, -2 * kSecond);
    }
  }
}

TEST(MineLinesTest, TellsWhatWentIn) {
  MemorySource source;
  source.Add(7, {{"app", "a"}}, "x 1");
  source.Add(9, {{"app", "a"}}, "x 2");
  codec::PatternMiner miner({});
  ScanStats stats;
  const auto mined = MineLines(
      *ParseLogQuery("{app=\"a\"}"), &source, {}, [](const Entry&) { return 5; }, &miner, &stats);
  ASSERT_TRUE(mined.ok());
  EXPECT_EQ(mined->lines, 2);
  EXPECT_EQ(mined->first_ns, 7);
  EXPECT_EQ(mined->last_ns, 9);
  const auto patterns = miner.Patterns();
  ASSERT_EQ(patterns.size(), 1);
  EXPECT_EQ(patterns[0].note, R"({"app":"a"})");
  EXPECT_EQ(patterns[0].slots[0].slot, 5);
}

}  // namespace
}  // namespace glp::logql
