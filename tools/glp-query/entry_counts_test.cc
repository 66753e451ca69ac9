#include "entry_counts.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"

namespace glp::query {
namespace {

using Counts = std::optional<EntryCounts::Counts>;
using Steps = std::map<int64_t, double>;

class EntryCountsTest : public testing::Test {
 protected:
  const LabelSet* Stream(const std::string& app) { return table_.FromLabels({{"app", app}}); }
  Counts Count(const QueryTimes& times, bool by_stream,
               const std::vector<std::pair<int64_t, const LabelSet*>>& entries) {
    EntryCounts counts(times, by_stream);
    for (const auto& [ts_ns, stream] : entries) counts.Add({ts_ns, stream, "", ""});
    Result<Counts> result = counts.Finish();
    EXPECT_TRUE(result.ok()) << result.status().message();
    return result.ok() ? *std::move(result) : Counts();
  }
  static Steps StepsOf(const logql::Series& series) {
    Steps steps;
    for (const logql::Sample& sample : series.samples) steps[sample.ts_ns] = sample.value;
    return steps;
  }
  LabelTable table_;
};

TEST_F(EntryCountsTest, NothingIsNothing) { EXPECT_FALSE(Count({}, false, {})); }

TEST_F(EntryCountsTest, OneEntryIsOneStep) {
  const Counts counts = Count({}, false, {{-5, Stream("a")}});
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->grid.start_ns, -5);
  EXPECT_EQ(counts->grid.end_ns, -5);
  ASSERT_EQ(counts->series.size(), 1u);
  EXPECT_EQ(StepsOf(counts->series[0]), (Steps{{-5, 1}}));
}

TEST_F(EntryCountsTest, AStepThatIsGivenIsKeptAndEmptyOnesAreZero) {
  QueryTimes times;
  times.step_ns = 10;
  const Counts counts =
      Count(times, false, {{35, Stream("a")}, {-1, Stream("b")}, {30, Stream("b")}});
  ASSERT_TRUE(counts);
  EXPECT_EQ(StepsOf(counts->series[0]), (Steps{{-10, 1}, {0, 0}, {10, 0}, {20, 0}, {30, 2}}));
}

TEST_F(EntryCountsTest, StreamsHaveTheirOwnStepsAndNoZeros) {
  QueryTimes times;
  times.step_ns = 10;
  const Counts counts =
      Count(times, true, {{35, Stream("b")}, {5, Stream("a")}, {36, Stream("b")}});
  ASSERT_TRUE(counts);
  ASSERT_EQ(counts->series.size(), 2u);
  EXPECT_EQ(counts->series[0].labels, (Labels{{"app", "a"}}));
  EXPECT_EQ(StepsOf(counts->series[0]), (Steps{{0, 1}}));
  EXPECT_EQ(StepsOf(counts->series[1]), (Steps{{30, 2}}));
  EXPECT_EQ(counts->grid.start_ns, 0);
  EXPECT_EQ(counts->grid.end_ns, 30);
}

TEST_F(EntryCountsTest, ARangeThatIsGivenIsShownWhole) {
  QueryTimes times;
  times.start_ns = 0;
  times.end_ns = 100 * kNsPerSecond;
  const Counts counts = Count(times, false, {{51 * kNsPerSecond, Stream("a")}});
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->grid.step_ns, 5 * kNsPerSecond);
  EXPECT_EQ(counts->series[0].samples.size(), 20u);
  EXPECT_EQ(StepsOf(counts->series[0])[50 * kNsPerSecond], 1);
}

TEST_F(EntryCountsTest, AStepTooShortForTheRangeIsRefused) {
  QueryTimes times;
  times.step_ns = 1;
  EntryCounts counts(times, false);
  for (int64_t i = 0; i < 3; ++i) counts.Add({i * kNsPerSecond, Stream("a"), "", ""});
  const Result<Counts> result = counts.Finish();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), Code::kUsage);
}

// The same counts as made of all times at once, whatever the span and the order.
TEST_F(EntryCountsTest, AgreesWithCountingAtTheEnd) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 300; ++round) {
    const int64_t span = int64_t{1} << (random() % 62);
    const auto base = static_cast<int64_t>(random() % (uint64_t{1} << 61)) - (int64_t{1} << 60);
    std::vector<std::pair<int64_t, const LabelSet*>> entries;
    for (uint64_t i = 0; i < 1 + random() % 300; ++i) {
      entries.emplace_back(base + static_cast<int64_t>(random() % static_cast<uint64_t>(span)),
                           Stream(random() % 3 == 0 ? "a" : "b"));
    }
    if (round % 2 == 0) std::sort(entries.begin(), entries.end());
    for (const bool by_stream : {false, true}) {
      const Counts counts = Count({}, by_stream, entries);
      ASSERT_TRUE(counts);
      const int64_t step_ns = counts->grid.step_ns;
      std::map<std::string, Steps> wanted;
      for (const auto& [ts_ns, stream] : entries) {
        const int64_t start = ts_ns - ((ts_ns % step_ns) + step_ns) % step_ns;
        ++wanted[by_stream ? stream->json : "{}"][start];
      }
      ASSERT_EQ(counts->series.size(), wanted.size());
      const int64_t rows = (counts->grid.end_ns - counts->grid.start_ns) / step_ns + 1;
      EXPECT_LE(rows, 51);
      for (const logql::Series& series : counts->series) {
        Steps steps = StepsOf(series);
        if (!by_stream) {
          EXPECT_EQ(static_cast<int64_t>(steps.size()), rows);
          std::erase_if(steps, [](const auto& step) { return step.second == 0; });
        }
        EXPECT_EQ(steps, wanted[LabelsToJson(series.labels)]) << span << " " << step_ns;
      }
    }
  }
}

TEST_F(EntryCountsTest, TheEndsOfTimeAreCounted) {
  constexpr int64_t kFirst = std::numeric_limits<int64_t>::min();
  constexpr int64_t kLast = std::numeric_limits<int64_t>::max();
  const Counts counts =
      Count({}, false, {{kFirst, Stream("a")}, {0, Stream("a")}, {kLast, Stream("a")}});
  ASSERT_TRUE(counts);
  double all = 0;
  for (const logql::Sample& sample : counts->series[0].samples) all += sample.value;
  EXPECT_EQ(all, 3);
}

}  // namespace
}  // namespace glp::query
