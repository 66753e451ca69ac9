#include "logql/volume.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "logql/memory_source.h"
#include "logql/parser.h"

namespace glp::logql {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

// Knows its parts, or leaves them to be read.
class PartsSource : public MemorySource {
 public:
  bool knows = false;
  Result<std::optional<StreamParts>> Parts(const std::vector<Matcher>& matchers,
                                           TimeRange range) override {
    if (!knows) return std::optional<StreamParts>();
    StreamParts out;
    for (const Stored& entry : entries()) {
      if (!range.Contains(entry.ts_ns) || !MatchesAll(matchers, *entry.stream)) continue;
      out.parts.push_back({entry.stream, entry.ts_ns, entry.ts_ns, 1, entry.line.size()});
    }
    out.warnings = {"lost"};
    return std::optional<StreamParts>(std::move(out));
  }
};

void Fill(PartsSource* source) {
  source->Add(1 * kSecond, {{"app", "a"}, {"env", "x"}}, "12345");
  source->Add(2 * kSecond, {{"app", "a"}, {"env", "y"}}, "1234567");
  source->Add(11 * kSecond, {{"app", "b"}, {"env", "x"}}, "123");
  source->Add(12 * kSecond, {{"job", "j"}}, std::string(100, 'j'));
}

std::string Text(const std::vector<Series>& series) {
  std::string out;
  for (const Series& one : series) {
    out += LabelsToSelector(one.labels);
    for (const Sample& sample : one.samples) {
      out += " " + std::to_string(sample.ts_ns / kSecond) + "=" +
             std::to_string(static_cast<int64_t>(sample.value));
    }
    out += "\n";
  }
  return out;
}

struct VolumeCase {
  std::string selector;
  std::vector<std::string> target_labels;
  VolumeQuery::By by;
  int64_t step_s;
  size_t limit;
  std::string want;
};
constexpr auto kSeries = VolumeQuery::By::kSeries;
constexpr auto kLabels = VolumeQuery::By::kLabels;

TEST(VolumeTest, CountsBytesAsLokiDoes) {
  const VolumeCase cases[] = {
      {"{app=~\".+\"}", {}, kSeries, 0, 0, "{app=\"a\"} 20=12\n{app=\"b\"} 20=3\n"},
      {"{app=~\".+\", env=~\".+\"}",
       {},
       kSeries,
       0,
       0,
       "{app=\"a\", env=\"y\"} 20=7\n{app=\"a\", env=\"x\"} 20=5\n{app=\"b\", env=\"x\"} 20=3\n"},
      {"{app=~\".+\"}", {"env"}, kSeries, 0, 0, "{env=\"x\"} 20=8\n{env=\"y\"} 20=7\n"},
      {"{}", {}, kSeries, 0, 1, "{job=\"j\"} 20=100\n"},
      // Streams without a target label do not count.
      {"{}", {"env"}, kSeries, 0, 0, "{env=\"x\"} 20=8\n{env=\"y\"} 20=7\n"},
      {"{}", {}, kLabels, 0, 0, "{job=\"\"} 20=100\n{app=\"\"} 20=15\n{env=\"\"} 20=15\n"},
      {"{}", {"env"}, kLabels, 0, 0, "{env=\"\"} 20=15\n"},
      {"{app=~\".+\"}", {}, kSeries, 5, 0, "{app=\"a\"} 5=12\n{app=\"b\"} 15=3\n"},
      // The last step ends with the range.
      {"{job=\"j\"}", {}, kSeries, 15, 0, "{job=\"j\"} 15=100\n"},
      {"{job=\"j\"}", {}, kSeries, 300, 0, "{job=\"j\"} 20=100\n"},
      {"{app=\"none\"}", {}, kSeries, 0, 0, ""},
  };
  for (const bool knows : {true, false}) {
    PartsSource source;
    source.knows = knows;
    Fill(&source);
    for (const VolumeCase& one : cases) {
      VolumeQuery query;
      query.matchers = *ParseSelector(one.selector);
      query.range = {0, 20 * kSecond};
      query.target_labels = one.target_labels;
      query.aggregate_by = one.by;
      query.step_ns = one.step_s * kSecond;
      query.limit = one.limit;
      ScanStats stats;
      const auto series = RunVolumeQuery(query, &source, &stats);
      ASSERT_TRUE(series.ok()) << series.status().message();
      EXPECT_EQ(Text(*series), one.want) << one.selector << " " << knows;
      EXPECT_EQ(stats.warnings.size(), knows ? 1 : 0);
    }
  }
}

TEST(VolumeTest, RefusesMoreSeriesThanItMayGive) {
  PartsSource source;
  Fill(&source);
  VolumeQuery query;
  query.range = {0, 20 * kSecond};
  query.limit = 1;
  query.max_series = 2;
  ScanStats stats;
  const auto series = RunVolumeQuery(query, &source, &stats);
  EXPECT_EQ(series.status().code(), Code::kLimit);
  EXPECT_EQ(series.status().message(),
            "the query hit the max number of series limit (limit: 2 series)");
}

TEST(VolumeTest, EndsWhenItIsCancelled) {
  PartsSource source;
  source.knows = true;
  for (int i = 0; i < 2000; ++i) source.Add(i, {{"app", "a"}}, "x");
  VolumeQuery query;
  query.range = {0, 20 * kSecond};
  query.cancelled = [] { return true; };
  ScanStats stats;
  EXPECT_EQ(RunVolumeQuery(query, &source, &stats).status().code(), Code::kCancelled);
}

TEST(IndexStatsTest, CountsWhatIsInTheRange) {
  for (const bool knows : {true, false}) {
    PartsSource source;
    source.knows = knows;
    Fill(&source);
    ScanStats stats;
    const auto found = RunIndexStats(*ParseSelector("{app=\"a\"}"), {2 * kSecond, 20 * kSecond},
                                     &source, nullptr, &stats);
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found->streams, 1);
    EXPECT_EQ(found->entries, 1);
    EXPECT_EQ(found->bytes, 7);
    EXPECT_EQ(found->chunks, knows ? 1 : 0);
  }
}

TEST(CutPartTest, SharesOfAllStepsAddUp) {
  const StreamPart parts[] = {{nullptr, 3, 1002, 7, 1001},
                              {nullptr, 5, 5, 1, 10},
                              {nullptr, kMin, kMax, uint64_t{1} << 40, uint64_t{1} << 50}};
  for (const StreamPart& part : parts) {
    for (const int steps : {1, 2, 7, 13}) {
      uint64_t entries = 0, bytes = 0;
      const __int128 length = static_cast<__int128>(part.max_ts_ns) - part.min_ts_ns;
      for (int i = 0; i < steps; ++i) {
        const auto at = [&](int n) {
          return n == steps ? kMax : static_cast<int64_t>(part.min_ts_ns + length * n / steps);
        };
        const StreamPart cut = CutPart(part, {at(i), at(i + 1)});
        entries += cut.entries;
        bytes += cut.line_bytes;
      }
      EXPECT_EQ(entries, part.entries);
      EXPECT_EQ(bytes, part.line_bytes);
    }
  }
  EXPECT_EQ(CutPart({nullptr, 0, 9, 10, 100}, {5, 8}).line_bytes, 30);
  EXPECT_EQ(CutPart({nullptr, 0, 9, 10, 100}, {10, 12}).entries, 0);
  EXPECT_EQ(CutPart({nullptr, 0, 9, 10, 100}, {-5, 0}).entries, 0);
}

TEST(AggregateByTest, TakesLokisWords) {
  EXPECT_EQ(*ParseAggregateBy(""), VolumeQuery::By::kSeries);
  EXPECT_EQ(*ParseAggregateBy("series"), VolumeQuery::By::kSeries);
  EXPECT_EQ(*ParseAggregateBy("labels"), VolumeQuery::By::kLabels);
  EXPECT_EQ(ParseAggregateBy("Series").status().message(), "invalid aggregation option");
}

}  // namespace
}  // namespace glp::logql
