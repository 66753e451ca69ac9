#include "value_watch.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace glp::label {
namespace {

TEST(SpaceSaving, FindsTheFrequentAmongVeryMany) {
  SpaceSaving counters(64);
  std::mt19937 random(3);
  for (int i = 0; i < 50'000; ++i) {
    counters.Add(i % 5 == 0 ? "often" : i % 7 == 0 ? "sometimes" : std::to_string(random()), 1);
  }
  const auto top = counters.Top(2);
  ASSERT_EQ(top.size(), 2u);
  EXPECT_EQ(top[0].first, "often");
  EXPECT_GE(top[0].second, 10'000u);
  EXPECT_EQ(top[1].first, "sometimes");
}

const LabelSet* Set(LabelTable* table, const std::string& pod) {
  return table->FromLabels({{"app", "web"}, {"pod", pod}});
}

TEST(ValueWatch, WarnsOnceOfTheLabelThatHasTooMany) {
  LabelTable table;
  ValueWatch watch(3);
  for (const char* pod : {"a", "b", "b", "c", "c", "c"}) watch.Count(*Set(&table, pod));
  EXPECT_FALSE(watch.has_warnings());
  watch.Count(*Set(&table, "d"));
  const auto warnings = watch.TakeWarnings();
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(
      warnings[0],
      "label 'pod' has more than 3 values; most frequent: 'c' (3), 'b' (2), 'a' (1), 'd' (1); "
      "each value is a stream of its own, and servers limit these; --meta pod makes it "
      "metadata");
  watch.Count(*Set(&table, "e"));
  EXPECT_FALSE(watch.has_warnings());
}

TEST(ValueWatch, CountsOfManyValuesAreExactWhileTheirSetsAreThere) {
  LabelTable table;
  ValueWatch watch(1000);
  for (int i = 0; i < 1000; ++i) watch.Count(*Set(&table, std::to_string(i)));
  for (int i = 0; i < 7; ++i) watch.Count(*Set(&table, "500"));
  watch.Count(*Set(&table, "one more"));
  const auto warnings = watch.TakeWarnings();
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("frequent: '500' (8), '0' (1), '1' (1), '10' (1), '100' (1);"),
            std::string::npos)
      << warnings[0];
}

TEST(ValueWatch, RemembersValuesOfSetsThatAreGone) {
  ValueWatch watch(2);
  for (const char* pod : {"a", "b", "a", "c"}) {
    LabelTable table;
    watch.Count(*Set(&table, pod));
    watch.Fold();
  }
  const auto warnings = watch.TakeWarnings();
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("'a' (2), 'b' (1), 'c' (1);"), std::string::npos) << warnings[0];
}

}  // namespace
}  // namespace glp::label
