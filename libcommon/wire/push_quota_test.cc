#include "wire/push_quota.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace glp::wire {
namespace {

using Verdict = PushQuota::Verdict;
constexpr int64_t kSecond = kNsPerSecond;
constexpr int64_t kStart = 1'000 * kSecond;
constexpr uint64_t kMiB = 1 << 20;

TEST(PushQuota, ATenantHasItsRateAndBurst) {
  Limits limits;
  limits.ingestion_rate_mb = 4;
  limits.ingestion_burst_size_mb = 6;
  PushQuota quota;
  EXPECT_FALSE(quota.TakeBytes(limits, 6 * kMiB + 1, kStart));
  EXPECT_TRUE(quota.TakeBytes(limits, 6 * kMiB, kStart));
  EXPECT_FALSE(quota.TakeBytes(limits, 1, kStart));
  EXPECT_FALSE(quota.TakeBytes(limits, 4 * kMiB + 1, kStart + kSecond));
  EXPECT_TRUE(quota.TakeBytes(limits, 4 * kMiB, kStart + kSecond));
  // No more than the burst, however long it takes.
  EXPECT_FALSE(quota.TakeBytes(limits, 7 * kMiB, kStart + 3600 * kSecond));
  EXPECT_TRUE(quota.TakeBytes(limits, 6 * kMiB, kStart + 3600 * kSecond));
  // A clock that goes back gives nothing.
  EXPECT_FALSE(quota.TakeBytes(limits, kMiB, kStart));
  EXPECT_TRUE(quota.TakeBytes(limits, kMiB, kStart + kSecond));
  limits.ingestion_rate_mb = 0;
  EXPECT_TRUE(quota.TakeBytes(limits, UINT64_MAX, kStart));
}

TEST(PushQuota, AStreamHasItsRate) {
  Limits limits;
  limits.per_stream_rate_limit = 100;
  limits.per_stream_rate_limit_burst = 500;
  PushQuota quota;
  EXPECT_EQ(quota.TakeStream(limits, 1, 500, kStart), Verdict::kTaken);
  EXPECT_EQ(quota.TakeStream(limits, 1, 1, kStart), Verdict::kTooFast);
  EXPECT_EQ(quota.TakeStream(limits, 2, 500, kStart), Verdict::kTaken);
  EXPECT_EQ(quota.TakeStream(limits, 1, 100, kStart + kSecond), Verdict::kTaken);
  EXPECT_EQ(quota.TakeStream(limits, 1, 501, kStart + 99 * kSecond), Verdict::kTooFast);
}

TEST(PushQuota, StreamsAreCountedWhileTheyAreActive) {
  Limits limits;
  limits.max_streams_per_user = 3;
  limits.chunk_idle_period_ns = 10 * kSecond;
  PushQuota quota;
  for (uint64_t stream : {1, 2, 3}) {
    EXPECT_EQ(quota.TakeStream(limits, stream, 1, kStart), Verdict::kTaken);
  }
  EXPECT_EQ(quota.TakeStream(limits, 4, 1, kStart), Verdict::kTooManyStreams);
  EXPECT_EQ(quota.TakeStream(limits, 2, 1, kStart + 5 * kSecond), Verdict::kTaken);
  EXPECT_EQ(quota.TakeStream(limits, 4, 1, kStart + 9 * kSecond), Verdict::kTooManyStreams);
  EXPECT_EQ(quota.active_streams(limits, kStart + 9 * kSecond), 3U);
  // 1 and 3 were not seen for so long.
  EXPECT_EQ(quota.TakeStream(limits, 4, 1, kStart + 10 * kSecond), Verdict::kTaken);
  EXPECT_EQ(quota.active_streams(limits, kStart + 10 * kSecond), 2U);
  EXPECT_EQ(quota.active_streams(limits, kStart + 20 * kSecond), 0U);
}

TEST(PushQuota, MemoryIsBoundedWithoutALimit) {
  Limits limits;
  limits.per_stream_rate_limit = 100;
  limits.per_stream_rate_limit_burst = 100;
  PushQuota quota;
  for (uint64_t stream = 0; stream < PushQuota::kMaxKept + 1000; ++stream) {
    ASSERT_EQ(quota.TakeStream(limits, stream, 1, kStart), Verdict::kTaken);
  }
  EXPECT_EQ(quota.active_streams(limits, kStart), PushQuota::kMaxKept);
}

TEST(PushQuota, RemembersTheNewestOfAStream) {
  Limits limits;
  limits.unordered_writes = false;
  limits.chunk_idle_period_ns = kSecond;
  PushQuota quota;
  EXPECT_EQ(quota.NewestOf(1), INT64_MIN);
  quota.TakeStream(limits, 1, 1, kStart);
  quota.SetNewest(1, 7);
  quota.SetNewest(1, 5);
  quota.SetNewest(2, 9);
  EXPECT_EQ(quota.NewestOf(1), 7);
  EXPECT_EQ(quota.NewestOf(2), INT64_MIN);
  EXPECT_EQ(quota.active_streams(limits, kStart + kSecond), 0U);
  EXPECT_EQ(quota.NewestOf(1), INT64_MIN);
}

TEST(PushQuota, ManyThreadsTakeNoMoreThanThereIs) {
  Limits limits = LokiLimits();
  limits.max_streams_per_user = 50;
  limits.ingestion_burst_size_mb = 1;
  PushQuotas quotas;
  std::atomic<int> taken{0}, streams{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (uint64_t i = 0; i < 100; ++i) {
        const std::shared_ptr<PushQuota> quota = quotas.Of("a");
        if (quota->TakeBytes(limits, kMiB / 64, kStart)) ++taken;
        if (quota->TakeStream(limits, i, 1, kStart) == Verdict::kTaken) ++streams;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, 64);
  EXPECT_EQ(streams, 200);
  EXPECT_EQ(quotas.Of("a")->active_streams(limits, kStart), 50U);
  EXPECT_EQ(quotas.Of("b")->active_streams(limits, kStart), 0U);
}

TEST(PushQuotas, TenantsThatPushedLongAgoAreForgotten) {
  PushQuotas quotas;
  const std::weak_ptr<PushQuota> kept = quotas.Of("kept");
  const std::weak_ptr<PushQuota> forgotten = quotas.Of("forgotten");
  for (size_t i = 0; i + 2 < PushQuotas::kMaxTenants; ++i) quotas.Of(std::to_string(i));
  EXPECT_EQ(quotas.Of("kept"), kept.lock());
  quotas.Of("one more");
  EXPECT_FALSE(kept.expired());
  EXPECT_TRUE(forgotten.expired());
}

}  // namespace
}  // namespace glp::wire
