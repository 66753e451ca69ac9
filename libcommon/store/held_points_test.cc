#include "store/held_points.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>

namespace glp::store {
namespace {

TEST(RangeSetTest, IsTheUnionOfWhatWasAdded) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    RangeSet set;
    std::set<uint64_t> expected;
    for (int i = 0; i < 12; ++i) {
      uint64_t from = random() % 60;
      uint64_t to = from + 1 + random() % 8;
      set.Add({from, to});
      for (uint64_t p = from + 1; p <= to; ++p) expected.insert(p);
    }
    for (uint64_t p = 0; p < 80; ++p) {
      ASSERT_EQ(set.Has(p), expected.count(p) == 1) << p;
      uint64_t end = p;
      while (expected.count(end + 1) == 1) ++end;
      ASSERT_EQ(set.EndBehind(p), end) << p;
    }
    for (size_t i = 1; i < set.ranges().size(); ++i) {
      ASSERT_GT(set.ranges()[i].from, set.ranges()[i - 1].to);
    }
  }
}

TEST(PointSetTest, HoldsExactlyWhatWasAddedInAnyOrder) {
  for (uint32_t seed = 0; seed < 4; ++seed) {
    std::vector<uint64_t> order(20000);
    std::iota(order.begin(), order.end(), 1);
    if (seed == 0) std::reverse(order.begin(), order.end());
    if (seed > 1) std::shuffle(order.begin(), order.end(), std::mt19937(seed));
    PointSet points;
    for (uint64_t n : order) {
      EXPECT_FALSE(points.Has(n * 10));
      points.Add(n * 10);
      EXPECT_TRUE(points.Has(n * 10));
      EXPECT_FALSE(points.Has(n * 10 - 5));
      EXPECT_FALSE(points.Has(n * 10 + 5));
    }
    for (uint64_t n : order) ASSERT_TRUE(points.Has(n * 10));
    EXPECT_EQ(points.size(), order.size());
    EXPECT_LT(points.bytes(), order.size() * 2);
    uint64_t last = 0;
    points.ForEach([&](uint64_t p) {
      EXPECT_EQ(p, last + 10);
      last = p;
    });
    EXPECT_EQ(last, order.size() * 10);
  }
}

TEST(PointSetTest, IsASetWhateverIsTakenOut) {
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    PointSet points;
    std::set<uint64_t> expected;
    for (int step = 0; step < 8000; ++step) {
      uint64_t p = random() % 4 == 0 ? random() % 40000 : static_cast<uint64_t>(step) * 5;
      ASSERT_EQ(points.Has(p), expected.count(p) == 1);
      if (expected.insert(p).second) points.Add(p);
      if (random() % 2000 == 0) {
        Range range{random() % 40000, 0};
        range.to = range.from + random() % 20000;
        auto begin = expected.upper_bound(range.from);
        auto end = expected.upper_bound(range.to);
        ASSERT_EQ(points.CountIn(range), static_cast<size_t>(std::distance(begin, end)));
        expected.erase(begin, end);
        points.Erase(range);
        ASSERT_EQ(points.size(), expected.size());
      }
    }
    std::vector<uint64_t> all;
    points.ForEach([&](uint64_t p) { all.push_back(p); });
    ASSERT_EQ(all, std::vector<uint64_t>(expected.begin(), expected.end()));
  }
}

TEST(HeldPointsTest, AClaimTellsOnlyWhatIsNew) {
  HeldPoints held;
  held.Settle({0, 100});
  ASSERT_TRUE(held.Add(110));
  EXPECT_EQ(held.Claim({0, 110}), (Range{100, 110}));
  ASSERT_TRUE(held.Add(120));
  EXPECT_EQ(held.Claim({50, 120}), (Range{110, 120}));
  EXPECT_EQ(held.Claim({0, 120}), std::nullopt);
  ASSERT_TRUE(held.Add(200));
  EXPECT_EQ(held.Claim({150, 200}), (Range{150, 200}));
  EXPECT_TRUE(held.Add(130)) << "nobody claimed it";
  EXPECT_EQ(held.Claim({0, 130}), (Range{120, 130}));
}

TEST(HeldPointsTest, ALateLineMakesClaimsVoidButNotWhatIsSettled) {
  HeldPoints held;
  held.Settle({0, 100});
  ASSERT_TRUE(held.Add(200));
  ASSERT_TRUE(held.Claim({0, 200}));
  EXPECT_FALSE(held.Has(150));
  EXPECT_FALSE(held.Add(150));
  EXPECT_TRUE(held.Has(50));
  EXPECT_TRUE(held.Add(160));
  EXPECT_EQ(held.Claim({0, 200}), (Range{100, 200})) << "it may be said again";
}

TEST(HeldPointsTest, OlderHalfOfWhatIsClaimedIsSettled) {
  HeldPoints held;
  for (uint64_t n = 1; n <= 10000; ++n) {
    ASSERT_TRUE(held.Add(n * 10));
    if (n > 4000) {
      ASSERT_TRUE(held.Claim({40000, n * 10}));
    }
  }
  size_t left = held.SettleOlderHalf();
  EXPECT_GT(left, 2000u);
  EXPECT_LT(left, 4000u);
  EXPECT_FALSE(held.Has(35)) << "points that nobody claimed stay";
  EXPECT_TRUE(held.Has(40015));
  EXPECT_FALSE(held.Has(99995));
  EXPECT_EQ(held.points().size(), 4000 + left);
  while (left > 0) left = held.SettleOlderHalf();
  EXPECT_TRUE(held.Has(99995));
  EXPECT_EQ(held.points().size(), 4000u);
}

}  // namespace
}  // namespace glp::store
