#include <gtest/gtest.h>

#include <string>

#include "logql/eval.h"
#include "logql/memory_source.h"
#include "logql/parser.h"
#include "logql/pipeline.h"

namespace glp::logql {
namespace {

// The lines that a query gives, or why it is refused.
std::string Lines(const std::string& query, MemorySource* source,
                  Direction direction = Direction::kForward, uint64_t limit = 0) {
  auto log = ParseLogQuery(query, {.allow_empty_selector = true});
  if (!log.ok()) return log.status().message();
  QueryParams params;
  params.direction = direction;
  params.limit = limit;
  std::string out;
  const Status status = RunLogQuery(
      *log, source, params,
      [&](const Entry& entry) {
        out.append(out.empty() ? "" : "|").append(entry.line);
        return true;
      },
      nullptr);
  return status.ok() ? out : status.message();
}

void Fill(MemorySource* source) {
  int64_t ts_ns = 0;
  for (const char* line : {"a=1 b=1", "a=1 b=2", "a=2 b=1", "a=1 b=1 again", "words", "words",
                           "b=1", "a=2", "b=1 again"}) {
    source->Add(++ts_ns, {{"app", "web"}}, line);
  }
}

TEST(Distinct, KeepsTheFirstOfEachCombination) {
  MemorySource source;
  Fill(&source);
  const struct {
    const char *query, *lines;
  } kCases[] = {
      {"{} | logfmt | distinct a", "a=1 b=1|a=2 b=1|words|words|b=1|b=1 again"},
      {"{} | logfmt | distinct b", "a=1 b=1|a=1 b=2|words|words|a=2"},
      {"{} | logfmt | distinct a, b", "a=1 b=1|a=1 b=2|a=2 b=1|words|words|b=1|a=2"},
      {"{} | logfmt | distinct b,a", "a=1 b=1|a=1 b=2|a=2 b=1|words|words|b=1|a=2"},
      {"{} | logfmt | distinct a | distinct b", "a=1 b=1|words|words"},
      {"{} | distinct app", "a=1 b=1"},
      {"{} | distinct app, nosuch", "a=1 b=1"},
      {"{} | distinct nosuch",
       "a=1 b=1|a=1 b=2|a=2 b=1|a=1 b=1 again|words|words|b=1|a=2|b=1 again"},
      // What stands behind it does not decide what is the first.
      {"{} | logfmt | distinct a |= \"again\"", "b=1 again"},
      {"{} |= \"again\" | logfmt | distinct a", "a=1 b=1 again|b=1 again"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Lines(c.query, &source), c.lines) << c.query;
  }
}

TEST(Distinct, FollowsTheDirectionAndTheLimit) {
  MemorySource source;
  Fill(&source);
  EXPECT_EQ(Lines("{} | logfmt | a!=\"\" | distinct a", &source, Direction::kBackward),
            "a=2|a=1 b=1 again");
  EXPECT_EQ(Lines("{} | logfmt | a!=\"\" | distinct a", &source, Direction::kForward, 1),
            "a=1 b=1");
}

TEST(Distinct, SeesErrors) {
  MemorySource source;
  source.Add(1, {}, "no");
  source.Add(2, {}, "{\"a\":1}");
  source.Add(3, {}, "neither");
  EXPECT_EQ(Lines("{} | json | distinct __error__", &source), "no|{\"a\":1}");
}

TEST(Distinct, IsNoReservedWord) {
  const struct {
    const char *query, *printed;
  } kCases[] = {
      {"{a=\"b\"} | distinct a,b , c", "{a=\"b\"} | distinct a,b,c"},
      {"{a=\"b\"} | distinct distinct", "{a=\"b\"} | distinct distinct"},
      {"{a=\"b\"} | distinct = \"x\"", "{a=\"b\"} | distinct=\"x\""},
      {"{a=\"b\"} | distinct > 5 | json distinct | drop distinct, a",
       "{a=\"b\"} | distinct>5 | json distinct=\"distinct\" | drop distinct,a"},
      {"{distinct=\"b\"} | keep distinct | distinct a | label_format distinct=a",
       "{distinct=\"b\"} | keep distinct | distinct a | label_format distinct=a"},
  };
  for (const auto& c : kCases) {
    const auto expr = Parse(c.query);
    ASSERT_TRUE(expr.ok()) << c.query << expr.status().message();
    EXPECT_EQ(ToString(*expr), c.printed);
    EXPECT_EQ(Prettify(*expr), c.printed);
  }
  EXPECT_EQ(Parse("{a=\"b\"} | distinct a,").status().message(),
            "parse error at line 1, col 22: syntax error: unexpected $end, expecting IDENTIFIER\n"
            "{a=\"b\"} | distinct a,\n"
            "                     ^");
}

TEST(Distinct, IsRefusedInMetrics) {
  const std::string message =
      Parse("count_over_time({a=\"b\"} | json | distinct c [1m])").status().message();
  EXPECT_EQ(FirstLine(message),
            "parse error : '| distinct c' cannot stand in a metric, whose windows overlap; "
            "count(sum by (a) (count_over_time({…} | json [5m]))) counts the values of a");
}

TEST(Distinct, EndsWhereItWouldRememberTooMuch) {
  const auto log = ParseLogQuery("{} | distinct n", {.allow_empty_selector = true});
  ASSERT_TRUE(log.ok());
  Wants wants;
  wants.max_distinct = 1000;
  auto pipeline = Pipeline::Make(*log, wants);
  ASSERT_TRUE(pipeline.ok());
  EXPECT_TRUE(pipeline->HasState());
  LabelTable table;
  const auto passes = [&](int n) {
    const std::string meta = "{\"n\":\"" + std::to_string(n) + "\"}";
    Entry entry = {1, table.FromLabels({}), "x", meta};
    return pipeline->Process(&entry);
  };
  for (int n = 0; n < 1000; ++n) EXPECT_TRUE(passes(n));
  for (int n = 0; n < 1000; ++n) EXPECT_FALSE(passes(n));
  EXPECT_TRUE(pipeline->status().ok());
  EXPECT_FALSE(passes(1000));
  EXPECT_EQ(pipeline->status().code(), Code::kLimit);
  EXPECT_EQ(pipeline->status().message(),
            "distinct: more than 1000 different values; take a shorter time or fewer labels");
}

}  // namespace
}  // namespace glp::logql
