// Limits of an evaluation, in Loki's words.

#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "logql/eval.h"
#include "logql/memory_source.h"
#include "logql/parser.h"

namespace glp::logql {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

struct Outcome {
  Status range, instant;
};

Outcome Ask(const std::string& query, uint64_t max_series) {
  MemorySource source;
  for (int i = 0; i < 10; ++i) {
    source.Add(i * kSecond, {{"app", "a" + std::to_string(i)}}, "n=" + std::to_string(i));
  }
  const auto expr = Parse(query, {.allow_empty_selector = true});
  EXPECT_TRUE(expr.ok()) << query;
  const auto& metric = std::get<MetricExpr>(*expr);
  QueryParams params;
  params.range = {0, 20 * kSecond};
  params.step_ns = kSecond;
  params.max_series = max_series;
  return {RunRangeQuery(metric, &source, params, nullptr).status(),
          RunInstantQuery(metric, &source, 10 * kSecond, params, nullptr).status()};
}

TEST(Limits, Series) {
  const struct {
    const char* query;
    uint64_t series;  // of its answer
  } kCases[] = {
      {"count_over_time({}[20s])", 10},           {"sum by (app) (count_over_time({}[20s]))", 10},
      {"sum(count_over_time({}[20s]))", 1},       {"topk(3, count_over_time({}[20s]))", 3},
      {"count_over_time({} | logfmt [20s])", 10}, {"vector(1)", 1},
  };
  for (const auto& c : kCases) {
    const Outcome fits = Ask(c.query, c.series);
    EXPECT_TRUE(fits.instant.ok()) << c.query << fits.instant.message();
    EXPECT_TRUE(Ask(c.query, 0).range.ok()) << c.query;
    if (c.series == 1) continue;
    const Outcome many = Ask(c.query, c.series - 1);
    const std::string words = "maximum number of series (" + std::to_string(c.series - 1) +
                              ") reached for a single query";
    for (const Status& status : {many.range, many.instant}) {
      EXPECT_EQ(status.code(), Code::kLimit) << c.query;
      EXPECT_EQ(status.message().substr(0, words.size()), words) << c.query;
    }
  }
}

// What is between the leaves and the answer is not counted.
TEST(Limits, SeriesOfTheAnswerCount) {
  EXPECT_TRUE(Ask("sum(count_over_time({}[20s]))", 1).range.ok());
  EXPECT_TRUE(Ask("count(count_over_time({} | logfmt [20s]))", 1).instant.ok());
}

// Many large expressions in one query end it before they take seconds and gigabytes.
TEST(Limits, RegularExpressions) {
  const struct {
    std::string front, part, back;
  } kCases[] = {{"{a=\"b\"}", " |~ \"a{1000}\"", ""},
                {"{a=\"b\"} |~ \"x\"", " or \"a{1000}\"", ""},
                {"{a=\"b\"", ",c=~\"a{1000}\"", "}"},
                {"{a=\"b\"}", " | c=~\"a{1000}\"", ""},
                {"{a=\"b\"}", " | regexp \"(?P<x>a{1000})\"", ""}};
  for (const auto& c : kCases) {
    std::string few = c.front, many = c.front;
    for (int i = 0; i < 10; ++i) few += c.part;
    for (int i = 0; i < 900; ++i) many += c.part;
    EXPECT_TRUE(Parse(few + c.back).ok()) << few + c.back << Parse(few + c.back).status().message();
    const auto refused = Parse(many + c.back);
    ASSERT_FALSE(refused.ok()) << c.part;
    EXPECT_NE(refused.status().message().find("too large together"), std::string::npos)
        << FirstLine(refused.status().message());
  }
}

// Thirty thousand series or values take some megabytes: a claim of 2 is not enough for them,
// one of 256 is, and a claim is not used up by steps.
TEST(Limits, Memory) {
  MemorySource source;
  constexpr int kEntries = 30'000;
  for (int i = 0; i < kEntries; ++i) {
    source.Add(i * (kSecond / 1000), {{"app", "a"}},
               "id=" + std::to_string(i) + " n=" + std::to_string(i % 10));
  }
  const struct {
    const char* query;
    bool is_large;
  } kCases[] = {
      {"sum by (id) (count_over_time({} | logfmt [200s]))", true},
      {"count_over_time({} | logfmt [200s])", true},
      {"topk(3, sum by (id) (count_over_time({} | logfmt [200s])))", true},
      {"max(count_over_time({} | logfmt [200s]))", true},
      {"count_over_time({} | logfmt [200s]) / count_over_time({} | logfmt [200s])", true},
      {"quantile_over_time(0.5, {} | logfmt | unwrap n [200s]) by (app)", true},
      {"sum by (n) (count_over_time({} | logfmt [200s]))", false},
      {"sum(count_over_time({} | logfmt [200s]))", false},
      {"quantile_over_time(0.5, {} | logfmt | unwrap n [1s]) by (n)", false},
      {"max_over_time({} | logfmt | unwrap n [1s]) by (n)", false},
  };
  for (const auto& c : kCases) {
    const auto expr = Parse(c.query, {.allow_empty_selector = true});
    ASSERT_TRUE(expr.ok()) << c.query;
    const auto& metric = std::get<MetricExpr>(*expr);
    for (const size_t mib : {2, 256}) {
      MemoryBudget budget({"the query", mib << 20, mib << 20, 0, "ask for less"});
      MemoryClaim claim(&budget);
      QueryParams params;
      params.range = {0, 100 * kSecond};
      params.memory = &claim;
      const bool fits = mib == 256 || !c.is_large;
      if (!c.is_large) {
        params.step_ns = kSecond / 10;
        EXPECT_TRUE(RunRangeQuery(metric, &source, params, nullptr).ok()) << c.query;
        continue;
      }
      const auto answer = RunInstantQuery(metric, &source, 100 * kSecond, params, nullptr);
      EXPECT_EQ(answer.ok(), fits) << c.query << answer.status().message();
      if (fits) continue;
      EXPECT_EQ(answer.status().code(), Code::kLimit) << c.query;
      EXPECT_EQ(answer.status().message(),
                "the query needs more than 2 MiB of memory; ask for less")
          << c.query;
    }
  }
}

}  // namespace
}  // namespace glp::logql
