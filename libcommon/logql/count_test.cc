// A source that counts, applies filters or gives the entries of a bucket in any order gets the same
// answer, to the bit, as one that does no more than give entries in order.
#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <vector>

#include "logql/eval.h"
#include "logql/memory_source.h"
#include "logql/parser.h"
#include "logql/random_queries.h"
#include "logql/range_counts.h"

namespace glp::logql {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

struct Manners {
  bool applies_filters, mixes_buckets, counts;
};
constexpr Manners kManners[] = {
    {true, false, false}, {false, true, false}, {true, false, true}, {true, true, true}};

void Take(const Manners& manners, MemorySource* source) {
  source->applies_filters = manners.applies_filters;
  source->mixes_buckets = manners.mixes_buckets;
  source->counts = manners.counts;
}

// Which entry with an error ends a query is nobody's affair.
std::string Refusal(const Status& status) {
  const std::string& words = status.message();
  return words.starts_with("pipeline error") ? "pipeline error" : words;
}

std::string Answer(const MetricExpr& metric, const QueryParams& params, MemorySource* source) {
  const auto series = RunRangeQuery(metric, source, params, nullptr);
  if (!series.ok()) return Refusal(series.status());
  std::string out;
  for (const Series& one : *series) {
    out += LabelsToJson(one.labels) + "\n";
    for (const Sample& sample : one.samples) {
      out += std::to_string(sample.ts_ns) + " " + std::to_string(sample.value) + " " +
             std::to_string(std::bit_cast<uint64_t>(sample.value)) + "\n";
    }
  }
  return out;
}

std::string Answer(const LogExpr& log, const QueryParams& params, MemorySource* source) {
  std::string out;
  const Status status = RunLogQuery(
      log, source, params,
      [&](const Entry& entry) {
        out += std::to_string(entry.ts_ns) + entry.stream->json + std::string(entry.line) +
               std::string(entry.meta) + std::string(entry.fields) + "\n";
        return true;
      },
      nullptr);
  return status.ok() ? out : Refusal(status);
}

// Some seeds without metadata and fields, so that streams tell all.
void Fill(RandomQueries* random, MemorySource* source) {
  const bool has_meta = random->OneIn(2), has_fields = random->OneIn(4);
  std::vector<Labels> streams(1 + random->Number(5));
  for (Labels& stream : streams) stream = random->Stream();
  for (unsigned i = random->Number(60); i > 0; --i) {
    const int64_t ts_ns = random->OneIn(4) ? random->Number(40) * kSecond
                                           : random->Number(40'000) * (kSecond / 1000) - 1;
    const Labels meta = has_meta ? random->Metadata() : Labels();
    const Labels fields = has_fields ? random->Fields() : Labels();
    source->Add(ts_ns, streams[random->Number(static_cast<unsigned>(streams.size()))],
                random->Line(), meta.empty() ? "" : LabelsToJson(meta),
                fields.empty() ? "" : LabelsToJson(fields));
  }
  source->Sort();
}

TEST(Count, MetricsDoNotDependOnWhatASourceDoes) {
  uint64_t counted = 0, answered = 0;
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    RandomQueries random(seed);
    MemorySource source;
    Fill(&random, &source);
    const std::string query = random.Metric();
    const auto expr = Parse(query, {.allow_empty_selector = true});
    if (!expr.ok()) continue;  // as `drop b != "x" or "y"`
    const auto& metric = std::get<MetricExpr>(*expr);
    QueryParams params;
    params.range.start_ns = (static_cast<int64_t>(random.Number(60)) - 10) * kSecond / 2;
    params.range.end_ns = params.range.start_ns + static_cast<int64_t>(random.Number(60)) * kSecond;
    constexpr int64_t kSteps[] = {kSecond,      2 * kSecond, 5 * kSecond,
                                  60 * kSecond, kSecond / 2, 7 * kSecond / 3};
    params.step_ns = kSteps[random.Number(6)];
    const std::string plain = Answer(metric, params, &source);
    answered += !plain.empty() && plain.front() == '{';
    for (const Manners& manners : kManners) {
      Take(manners, &source);
      ASSERT_EQ(Answer(metric, params, &source), plain) << "seed " << seed << " " << query;
    }
    counted += source.counted() > 0;
  }
  EXPECT_GT(answered, 1000u);
  EXPECT_GT(counted, 400u);
}

TEST(Count, LogQueriesDoNotDependOnWhatASourceDoes) {
  for (uint64_t seed = 1; seed <= 1500; ++seed) {
    RandomQueries random(seed);
    MemorySource source;
    Fill(&random, &source);
    const std::string query = random.Query();
    const auto log = ParseLogQuery(query, {.allow_empty_selector = true});
    if (!log.ok()) continue;
    QueryParams params;
    params.direction = random.OneIn(2) ? Direction::kForward : Direction::kBackward;
    params.limit = random.Number(8);
    const std::string plain = Answer(*log, params, &source);
    for (const Manners& manners : kManners) {
      Take(manners, &source);
      ASSERT_EQ(Answer(*log, params, &source), plain) << "seed " << seed << " " << query;
    }
  }
}

TEST(Count, EntriesAreReadOnlyWhereTheyAreWanted) {
  MemorySource source;
  source.applies_filters = source.counts = true;
  source.Add(kSecond, {{"app", "a"}}, "error 1");
  source.Add(2 * kSecond, {{"app", "a"}}, "fine 2");
  source.Add(2 * kSecond, {{"app", "b"}}, "error 3");
  QueryParams params;
  params.range = {kSecond, 4 * kSecond};
  params.step_ns = kSecond;
  const auto run = [&](const std::string& query) {
    const auto expr = Parse(query, {.allow_empty_selector = true});
    EXPECT_TRUE(expr.ok()) << query;
    const uint64_t scans = source.scans();
    Answer(std::get<MetricExpr>(*expr), params, &source);
    return source.scans() > scans;
  };
  const struct {
    const char* query;
    bool reads;
  } kCases[] = {
      {"sum by (app) (count_over_time({}[1m]))", false},
      {"count_over_time({}[1m])", false},
      {"sum by (nosuch) (rate({} |= `error` [2s]))", false},
      {"rate({} |= `error` != `1` | app=`a` [2s])", false},
      {"absent_over_time({app=`a`} |= `error` [1s])", false},
      {"sum(count_over_time({} | drop app [1s]))", false},
      {"sum(bytes_over_time({}[1s]))", true},
      {"count_over_time({} | logfmt [1s])", true},
      {"count_over_time({} | line_format `x` |= `x` [1s])", true},
      {"count_over_time({} | app > 3 [1s])", true},
      {"max_over_time({} | unwrap app | __error__=`` [1s])", true},
  };
  for (const auto& c : kCases) EXPECT_EQ(run(c.query), c.reads) << c.query;
  source.Add(3 * kSecond, {{"app", "a"}}, "error 4", R"({"level":"x"})");
  EXPECT_FALSE(run("sum by (app) (count_over_time({}[1m]))"));
  EXPECT_TRUE(run("sum by (level) (count_over_time({}[1m]))"));
  EXPECT_TRUE(run("count_over_time({} | level=`x` [1m])"));
  EXPECT_FALSE(run("count_over_time({app=`b`} [1m])"));
  source.Add(3 * kSecond, {{"app", "a"}}, "error 4", "", R"({"app":"x"})");
  EXPECT_TRUE(run("sum by (app) (count_over_time({}[1m]))"));
  EXPECT_FALSE(run("sum(count_over_time({app=`b`}[1s]))"));
  params.step_ns = kSecond + 1;  // a bucket would be a nanosecond
  EXPECT_TRUE(run("sum(count_over_time({app=`b`}[1s]))"));
}

TEST(Count, BucketsEndWhereWindowsDo) {
  RangeAggregation range;
  range.range_ns = 60;
  range.offset_ns = 7;
  const struct {
    Steps steps;
    int64_t first_ns, width_ns;
    uint64_t count;
  } kCases[] = {
      {{100, 1, 1}, 33, 60, 1},  {{100, 60, 3}, 33, 60, 3}, {{100, 90, 3}, 33, 30, 8},
      {{100, 15, 5}, 33, 15, 8}, {{100, 7, 2}, 33, 1, 67},  {{-100, 60, 2}, -167, 60, 2},
      {{67, 120, 2}, 0, 60, 3},
  };
  for (const auto& c : kCases) {
    const auto buckets = BucketsOf(range, c.steps);
    ASSERT_TRUE(buckets);
    EXPECT_EQ(buckets->first_ns, c.first_ns);
    EXPECT_EQ(buckets->width_ns, c.width_ns);
    EXPECT_EQ(buckets->count, c.count);
    EXPECT_EQ(buckets->EndOf(buckets->count - 1), c.steps.At(c.steps.count - 1) - 7);
  }
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  EXPECT_FALSE(BucketsOf(range, {kMin + 66, 60, 3}));
  EXPECT_TRUE(BucketsOf(range, {kMin + 67, 60, 3}));
  range.offset_ns = -7;
  EXPECT_FALSE(BucketsOf(range, {kMax - 60, 60, 2}));
}

}  // namespace
}  // namespace glp::logql
