#include "store/held_points.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>

namespace glp::store {
namespace {

TEST(HeldPointsTest, HoldsExactlyWhatWasAddedInAnyOrder) {
  for (uint32_t seed = 0; seed < 3; ++seed) {
    std::vector<uint64_t> order(5000);
    std::iota(order.begin(), order.end(), 1);
    if (seed == 0) std::reverse(order.begin(), order.end());
    if (seed > 0) std::shuffle(order.begin(), order.end(), std::mt19937(seed));
    HeldPoints held;
    std::set<uint64_t> expected;
    for (uint64_t n : order) {
      EXPECT_FALSE(held.Has(n * 10));
      held.Add(n * 10);
      expected.insert(n * 10);
      EXPECT_TRUE(held.Has(n * 10));
      EXPECT_FALSE(held.Has(n * 10 - 5));
      EXPECT_FALSE(held.Has(n * 10 + 5));
    }
    for (uint64_t point : expected) ASSERT_TRUE(held.Has(point));
    EXPECT_FALSE(held.rising());
    EXPECT_EQ(held.points(), expected.size());
    EXPECT_LE(held.runs().size(), 14u);
  }
}

TEST(HeldPointsTest, RisingOnesAreForgottenFromTheOldestOn) {
  HeldPoints held;
  for (uint64_t n = 1; n <= 10; ++n) held.Add(n * 10);
  EXPECT_TRUE(held.rising());
  EXPECT_FALSE(held.Has(15));
  held.ForgetOlderHalf();
  EXPECT_EQ(held.floor(), 50u);
  EXPECT_TRUE(held.Has(15));
  EXPECT_FALSE(held.Has(55));
  EXPECT_TRUE(held.Has(100));
  held.Settle(100);
  EXPECT_EQ(held.points(), 0u);
  EXPECT_TRUE(held.Has(55));
  EXPECT_FALSE(held.Has(101));
}

}  // namespace
}  // namespace glp::store
