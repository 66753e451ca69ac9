#include "store/retention.h"

#include <gtest/gtest.h>

#include "record/labels.h"

namespace glp::store {
namespace {

constexpr int64_t kHourNs = int64_t{3600} * 1'000'000'000;

Retention Make(int64_t hours, const std::vector<std::string>& rules) {
  Retention retention;
  retention.period_ns = hours * kHourNs;
  for (const std::string& text : rules) {
    auto rule = ParseRetentionRule(text);
    EXPECT_TRUE(rule.ok()) << text << ": " << rule.status().message();
    if (rule.ok()) retention.rules.push_back(*std::move(rule));
  }
  return retention;
}

TEST(RetentionTest, TheRuleOfHighestPriorityHoldsOfEqualOnesTheShortest) {
  struct Case {
    int64_t hours;
    std::vector<std::string> rules;
    std::string labels;
    int64_t expected_hours;
  };
  const Case cases[] = {
      {0, {}, R"({"app":"a"})", 0},
      {24, {}, R"({"app":"a"})", 24},
      {24, {R"(48h {app="a"})"}, R"({"app":"a"})", 48},
      {24, {R"(48h {app="b"})"}, R"({"app":"a"})", 24},
      {24, {R"(48h {app="a"})", R"(12h {app=~"a|b"})"}, R"({"app":"a"})", 12},
      {24, {R"(12h {app="a"})", R"(48h {app=~"a|b"})"}, R"({"app":"a"})", 12},
      {24, {R"(48h,2 {app="a"})", R"(12h,1 {app=~"a|b"})"}, R"({"app":"a"})", 48},
      {24, {R"(12h,1 {app=~"a|b"})", R"(48h,2 {app="a"})"}, R"({"app":"a"})", 48},
      {24, {R"(12h,1 {app=~"a|b"})", R"(48h,2 {app="a"})"}, R"({"app":"b"})", 12},
      // 0 is for ever, and longer than any other.
      {24, {R"(0 {app="a"})"}, R"({"app":"a"})", 0},
      {24, {R"(0 {app="a"})", R"(12h {app="a"})"}, R"({"app":"a"})", 12},
      {24, {R"(0,1 {app="a"})", R"(12h {app="a"})"}, R"({"app":"a"})", 0},
      // A label that is not there is "".
      {24, {R"(12h {env=""})"}, R"({"app":"a"})", 12},
      {24, {R"(12h {app="a", env!="prod"})"}, R"({"app":"a","env":"prod"})", 24},
  };
  LabelTable table;
  for (const Case& c : cases) {
    const Retention retention = Make(c.hours, c.rules);
    auto labels = table.FromJson(c.labels);
    ASSERT_TRUE(labels.ok());
    EXPECT_EQ(retention.PeriodNs(**labels), c.expected_hours * kHourNs)
        << c.labels << (c.rules.empty() ? "" : c.rules[0]);
  }
}

TEST(RetentionTest, NothingIsKeptLongerThanTheLongest) {
  EXPECT_EQ(Make(0, {}).LongestNs(), 0);
  EXPECT_EQ(Make(24, {}).LongestNs(), 24 * kHourNs);
  EXPECT_EQ(Make(24, {R"(12h {a="b"})"}).LongestNs(), 24 * kHourNs);
  EXPECT_EQ(Make(24, {R"(48h {a="b"})"}).LongestNs(), 48 * kHourNs);
  EXPECT_EQ(Make(24, {R"(0 {a="b"})"}).LongestNs(), 0);
  EXPECT_EQ(Make(0, {R"(12h {a="b"})"}).LongestNs(), 0);
}

TEST(RetentionTest, RulesThatAreNone) {
  for (const char* text : {"", "24h", "{a=\"b\"}", "24 {a=\"b\"}", "24h,x {a=\"b\"}", "24h {a=b}",
                           "-1h {a=\"b\"}", "24h {a=\"b\"} |= \"x\""}) {
    EXPECT_EQ(ParseRetentionRule(text).status().code(), Code::kUsage) << text;
  }
}

TEST(RetentionTest, WhatIsKeptFromWhen) {
  EXPECT_EQ(KeptFromNs(0, 100), std::nullopt);
  EXPECT_EQ(KeptFromNs(30, 100), 70);
  EXPECT_EQ(KeptFromNs(130, 100), -30);
  EXPECT_EQ(KeptFromNs(INT64_MAX, INT64_MIN), std::nullopt);
}

TEST(RetentionTest, TenantsHaveTheirOwn) {
  RetentionPolicy policy;
  EXPECT_TRUE(policy.empty());
  policy.all = Make(24, {});
  policy.tenants["long"] = Make(0, {});
  EXPECT_FALSE(policy.empty());
  EXPECT_EQ(policy.Of("any").period_ns, 24 * kHourNs);
  EXPECT_EQ(policy.Of("long").period_ns, 0);
}

}  // namespace
}  // namespace glp::store
