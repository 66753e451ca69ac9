#include "store/merge_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace glp::store {
namespace {

constexpr uint64_t kMb = 1 << 20;

struct Simulation {
  std::vector<MergeInput> segments;
  uint64_t cut_bytes = 0;
  uint64_t merged_bytes = 0;
  size_t most = 0;

  void Cut(uint64_t bytes) {
    segments.push_back({bytes});
    cut_bytes += bytes;
  }
  void Merge(MergeGoal goal) {
    while (std::optional<MergePlan> plan = NextMerge(segments, goal)) {
      ASSERT_GT(plan->count, 0u);
      ASSERT_LE(plan->first + plan->count, segments.size());
      MergeInput merged;
      merged.is_final = true;
      for (size_t i = 0; i < plan->count; ++i) {
        ASSERT_FALSE(segments[plan->first + i].is_fixed);
        merged.bytes += segments[plan->first + i].bytes;
      }
      merged_bytes += merged.bytes;
      const auto begin = segments.begin() + static_cast<ptrdiff_t>(plan->first);
      *begin = merged;
      segments.erase(begin + 1, begin + static_cast<ptrdiff_t>(plan->count));
    }
    most = std::max(most, segments.size());
  }
};

TEST(MergePlanTest, AGrowingStoreRewritesAByteOnce) {
  Simulation store;
  for (int i = 0; i < 1000; ++i) {  // 52 GB
    store.Cut(52 * kMb);
    store.Merge(MergeGoal::kDue);
  }
  EXPECT_LE(store.merged_bytes, store.cut_bytes);
  EXPECT_LE(store.segments.size(), 1000u / 8 + 8);
}

TEST(MergePlanTest, FewSegmentsStayWhereManySmallOnesAreCut) {
  std::mt19937 random(1);
  for (const uint64_t largest : {uint64_t{4} << 10, uint64_t{1} << 20, uint64_t{80} << 20}) {
    Simulation store;
    for (int i = 0; i < 5000; ++i) {
      store.Cut(1 + random() % largest);
      store.Merge(MergeGoal::kDue);
    }
    const uint64_t full = store.cut_bytes / (kMaxMergedBytes / 4);
    EXPECT_LE(store.segments.size(), 64 + 2 * full) << largest;
    EXPECT_LE(store.merged_bytes, 8 * store.cut_bytes) << largest;
    for (const MergeInput& segment : store.segments) EXPECT_LE(segment.bytes, kMaxMergedBytes);
  }
}

TEST(MergePlanTest, ALargeSegmentIsNotRewrittenForAFewSmallOnes) {
  std::vector<MergeInput> segments = {{200 * kMb, true}};
  for (int i = 0; i < 7; ++i) segments.push_back({kMb});
  EXPECT_FALSE(NextMerge(segments, MergeGoal::kDue));
  segments.push_back({kMb});
  const std::optional<MergePlan> plan = NextMerge(segments, MergeGoal::kDue);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->first, 1u);
  EXPECT_EQ(plan->count, 8u);
}

TEST(MergePlanTest, AllIsDoneOnce) {
  Simulation store;
  for (int i = 0; i < 100; ++i) store.Cut(i % 10 == 0 ? 100 * kMb : kMb);
  store.Merge(MergeGoal::kAll);
  EXPECT_LE(store.segments.size(), 4u);
  for (const MergeInput& segment : store.segments) EXPECT_TRUE(segment.is_final);
  const uint64_t merged_bytes = store.merged_bytes;
  store.Merge(MergeGoal::kAll);
  EXPECT_EQ(store.merged_bytes, merged_bytes);
}

TEST(MergePlanTest, OneSegmentAloneIsBroughtIntoItsFinalForm) {
  EXPECT_FALSE(NextMerge({}, MergeGoal::kAll));
  EXPECT_FALSE(NextMerge({{kMb}}, MergeGoal::kDue));
  EXPECT_TRUE(NextMerge({{kMb}}, MergeGoal::kIdle));
  EXPECT_TRUE(NextMerge({{kMb}}, MergeGoal::kAll));
  EXPECT_FALSE(NextMerge({{kMb, true}}, MergeGoal::kAll));
  // One that is larger than any should become is a merge by itself.
  EXPECT_TRUE(NextMerge({{2 * kMaxMergedBytes}}, MergeGoal::kAll));
}

TEST(MergePlanTest, WhatIsIdleLeavesFinalOnesAlone) {
  const std::optional<MergePlan> plan =
      NextMerge({{kMb, true}, {kMb}, {kMb}, {kMb, true}}, MergeGoal::kIdle);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->first, 1u);
  EXPECT_EQ(plan->count, 2u);
}

TEST(MergePlanTest, NothingIsMergedAcrossOneWithDamage) {
  std::vector<MergeInput> segments(9, {kMb});
  segments[4].is_fixed = true;
  EXPECT_FALSE(NextMerge(segments, MergeGoal::kDue));
  Simulation store;
  store.segments = segments;
  store.Merge(MergeGoal::kAll);
  EXPECT_EQ(store.segments.size(), 3u);
  EXPECT_TRUE(store.segments[1].is_fixed);
}

}  // namespace
}  // namespace glp::store
