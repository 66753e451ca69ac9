#include "base/memory_budget.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/sanitized.h"

namespace glp {
namespace {

constexpr size_t kMib = 1 << 20;

MemoryBudget::Options Of(size_t total_mib, int wait_ms = 60'000) {
  return {"a push", total_mib * kMib, total_mib * kMib, wait_ms, "send less"};
}

TEST(MemoryBudgetTest, CountsWhatClaimsHold) {
  MemoryBudget budget(Of(8));
  {
    MemoryClaim one(&budget), other(&budget);
    EXPECT_EQ(budget.used_bytes(), 0u);
    EXPECT_TRUE(one.Take(10).ok());
    EXPECT_EQ(budget.used_bytes(), kMib) << "taken in steps";
    EXPECT_TRUE(one.Take(3 * kMib).ok());
    EXPECT_TRUE(other.Take(2 * kMib).ok());
    EXPECT_GE(budget.used_bytes(), 5 * kMib + 10);
    EXPECT_LE(budget.used_bytes(), 8 * kMib);
  }
  EXPECT_EQ(budget.used_bytes(), 0u);
}

TEST(MemoryBudgetTest, AClaimMayHaveSoMuch) {
  MemoryBudget budget(Of(8));
  MemoryClaim claim(&budget);
  EXPECT_TRUE(claim.Take(8 * kMib).ok());
  const Status status = claim.Take(1);
  EXPECT_EQ(status.code(), Code::kLimit);
  EXPECT_EQ(status.message(), "a push needs more than 8 MiB of memory; send less");
  EXPECT_FALSE(claim.is_refused()) << "it will not work another time";
  claim.GiveBack(2);
  EXPECT_TRUE(claim.Take(1).ok());
  EXPECT_EQ(TakeMemory(nullptr, SIZE_MAX).code(), Code::kOk);
}

TEST(MemoryBudgetTest, RefusesWhereOthersHoldTooMuchForTooLong) {
  MemoryBudget budget(Of(8, /*wait_ms=*/1));
  MemoryClaim first(&budget), second(&budget);
  ASSERT_TRUE(first.Take(7 * kMib).ok());
  const Status status = second.Take(2 * kMib);
  EXPECT_EQ(status.code(), Code::kLimit);
  EXPECT_NE(status.message().find("8 MiB"), std::string::npos) << status.message();
  EXPECT_TRUE(second.is_refused());
}

TEST(MemoryBudgetTest, WaitsEndWhereNobodyWaits) {
  MemoryBudget budget(Of(8));
  std::atomic<bool> cancelled{false};
  MemoryClaim first(&budget), second(&budget, [&] { return cancelled.exchange(true); });
  ASSERT_TRUE(first.Take(7 * kMib).ok());
  EXPECT_EQ(second.Take(2 * kMib).code(), Code::kCancelled);
  EXPECT_FALSE(second.is_refused());
}

// Both hold something and want more than is left: the younger one gives way, the older one gets it.
TEST(MemoryBudgetTest, TheOldestIsNotStarved) {
  MemoryBudget budget(Of(8));
  MemoryClaim large(&budget);
  ASSERT_TRUE(large.Take(3 * kMib).ok());
  std::optional<MemoryClaim> small(std::in_place, &budget);
  ASSERT_TRUE(small->Take(3 * kMib).ok());
  std::thread waiting([&] { EXPECT_TRUE(large.Take(4 * kMib).ok()); });
  // It waits for more than there is until the large one waits, too.
  while (small->Take(kMib).ok()) {
  }
  EXPECT_TRUE(small->is_refused());
  small.reset();
  waiting.join();
  EXPECT_GE(budget.used_bytes(), 7 * kMib);
}

TEST(MemoryBudgetTest, ManyThreadsNeverHoldMoreThanAll) {
  MemoryBudget budget(Of(8));
  std::atomic<size_t> held{0};
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 50; ++round) {
        MemoryClaim claim(&budget);
        size_t mine = 0;
        for (int step = 0; step <= i && claim.Take(kMib).ok(); ++step) {
          mine += kMib;
          EXPECT_LE(held += kMib, 8 * kMib);
        }
        held -= mine;
        done += mine == (static_cast<size_t>(i) + 1) * kMib || claim.is_refused() ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 400);
  EXPECT_EQ(budget.used_bytes(), 0u);
}

#ifndef GLP_SANITIZED
size_t ResidentBytes() {
  size_t all = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

TEST(MemoryBudgetTest, ManySmallPiecesGoBackToTheSystem) {
  MemoryBudget budget(Of(128));
  size_t held = 0;
  std::string last;  // above the others: malloc alone gives nothing back below it
  std::thread([&] {
    MemoryClaim claim(&budget);
    ASSERT_TRUE(claim.Take(96 * kMib).ok());
    std::vector<std::string> pieces(96 * 1024);
    for (std::string& piece : pieces) piece.assign(1000, 'x');
    last.assign(1000, 'y');
    held = ResidentBytes();
    pieces.clear();
  }).join();
  EXPECT_LT(ResidentBytes() + 64 * kMib, held);
}
#endif

}  // namespace
}  // namespace glp
