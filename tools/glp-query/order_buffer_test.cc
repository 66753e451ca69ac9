#include "order_buffer.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace glp::query {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kWall = 1'000'000 * kSecond;  // when the program starts

// A buffer with the clock that a test sets: seconds since the start.
class OrderBufferTest : public ::testing::Test {
 protected:
  void Make(double delay, size_t max_bytes = size_t{256} << 20) {
    buffer_.emplace(OrderBuffer::Options{static_cast<int64_t>(delay * kSecond), kWall, max_bytes});
  }
  static int64_t Wall(double seconds) { return kWall + static_cast<int64_t>(seconds * kSecond); }
  // Entries of these times (seconds since the start) arrive at `now`.
  void Arrive(double now, const std::vector<double>& times) {
    std::vector<logql::Entry> entries;
    std::deque<std::string> lines;
    int64_t oldest = Wall(times[0]), newest = oldest;
    for (const double time : times) {
      const int64_t ts_ns = Wall(time);
      lines.push_back("line " + std::to_string(count_++));
      entries.push_back({ts_ns, stream_, lines.back(), "", R"({"f":"1"})"});
      oldest = std::min(oldest, ts_ns);
      newest = std::max(newest, ts_ns);
    }
    buffer_->Add(entries, oldest, newest, Wall(now) - kWall, Wall(now),
                 [this](int64_t ts_ns) { late_.push_back(Seconds(ts_ns)); });
  }
  static double Seconds(int64_t ts_ns) { return static_cast<double>(ts_ns - kWall) / kSecond; }
  // The times of what is given at `now`.
  std::vector<double> Take(double now) {
    std::vector<OrderBuffer::Kept> taken;
    buffer_->Take(Wall(now) - kWall, Wall(now), &taken);
    return Times(taken);
  }
  std::vector<double> TakeAll() {
    std::vector<OrderBuffer::Kept> taken;
    buffer_->TakeAll(&taken);
    return Times(taken);
  }
  std::vector<double> Times(const std::vector<OrderBuffer::Kept>& taken) {
    std::vector<double> times;
    lines_.clear();
    for (const OrderBuffer::Kept& kept : taken) {
      times.push_back(Seconds(kept.ts_ns));
      lines_ += std::string(kept.entry().line) + ";";
      EXPECT_EQ(kept.entry().fields, R"({"f":"1"})");
    }
    buffer_->Release(taken);
    return times;
  }
  double Time() const { return Seconds(buffer_->time_ns()); }
  double Wait(double now) const {
    const auto wait = buffer_->Wait(Wall(now) - kWall, Wall(now));
    return wait ? static_cast<double>(*wait) / kSecond : -1;
  }

  using Times_ = std::vector<double>;
  LabelTable table_;
  const LabelSet* stream_ = table_.FromLabels({{"a", "x"}});
  std::optional<OrderBuffer> buffer_;
  int count_ = 0;
  std::string lines_;
  std::vector<double> late_;
};

TEST_F(OrderBufferTest, WhatWasThereAtTheStartIsSortedAsOne) {
  Make(1);
  Arrive(0, {-100, -50});
  EXPECT_EQ(Take(0.5), Times_());
  Arrive(0.9, {-120, -40, -50});  // the next file; no pause of a second so far
  EXPECT_EQ(Take(1.5), Times_());
  EXPECT_DOUBLE_EQ(Wait(1.5), 0.4);
  EXPECT_EQ(Take(1.9), (Times_{-120, -100, -50, -50, -40}));
  EXPECT_EQ(lines_, "line 2;line 0;line 1;line 4;line 3;");
  EXPECT_TRUE(late_.empty());
}

TEST_F(OrderBufferTest, AStreamThatIsLiveFromTheStartWaitsForTheDelayOnly) {
  Make(1);
  for (double now = 0; now < 1; now += 0.125) Arrive(now, {now});
  EXPECT_EQ(Take(1), Times_{0});
  EXPECT_EQ(Take(1.5), (Times_{0.125, 0.25, 0.375, 0.5}));
}

TEST_F(OrderBufferTest, AnEndlessBacklogEndsAfterTenSeconds) {
  Make(1);
  for (double now = 0; now < 10; now += 0.5) {
    Arrive(now, {now - 1000});
    EXPECT_EQ(Take(now), Times_());
  }
  EXPECT_FALSE(Take(10).empty());
}

TEST_F(OrderBufferTest, ABacklogThatIsTooLargeGivesItsOldest) {
  Make(1, 2000);
  std::vector<double> times;
  for (int i = 100; i > 0; --i) times.push_back(-i);
  Arrive(0, times);
  const std::vector<double> taken = Take(0);
  EXPECT_FALSE(taken.empty());
  EXPECT_TRUE(std::is_sorted(taken.begin(), taken.end()));
  EXPECT_LE(buffer_->held_bytes(), 2000u);
  Arrive(0.1, {-1000});
  EXPECT_EQ(late_, Times_{-1000});
}

TEST_F(OrderBufferTest, TheTimeGoesOnWithTheClock) {
  Make(2);
  Arrive(0, {0});
  EXPECT_EQ(Take(2), Times_{0});
  EXPECT_DOUBLE_EQ(Time(), 0);
  EXPECT_EQ(Take(7), Times_());
  EXPECT_DOUBLE_EQ(Time(), 5);
  // It stands in front of what came since, and never goes back.
  Arrive(7, {5.5});
  EXPECT_EQ(Take(7.25), Times_());
  EXPECT_DOUBLE_EQ(Time(), 5.25);
  // A stream that comes later than before slows its time down.
  EXPECT_EQ(Take(9), Times_{5.5});
  EXPECT_DOUBLE_EQ(Time(), 5.5);
  EXPECT_TRUE(late_.empty());
}

TEST_F(OrderBufferTest, AnEntryOfTheFutureWaitsForTheClock) {
  Make(0);
  Arrive(0, {0});
  Take(1);
  Arrive(1, {1'000'000});
  EXPECT_EQ(Take(1), Times_());
  EXPECT_DOUBLE_EQ(Time(), 1);
  Arrive(2, {2});
  EXPECT_EQ(Take(2), Times_{2});
  EXPECT_TRUE(late_.empty());
  EXPECT_EQ(TakeAll(), Times_{1'000'000});
}

TEST_F(OrderBufferTest, LateEntriesCountWhereNoWindowWasClosedSince) {
  Make(0);
  Arrive(0, {0});
  Take(0.25);
  buffer_->SetEdges(WindowEdges(kWall, 10 * kSecond, {{20 * kSecond, 3 * kSecond}}));
  Take(12);
  EXPECT_DOUBLE_EQ(Time(), 12);
  // Windows end at -3, 7, 17: at 7 belongs to one that is closed.
  Arrive(12, {7, 7.5, 11});
  EXPECT_EQ(late_, Times_{7});
  EXPECT_EQ(Take(12), (Times_{12, 12}));
  EXPECT_EQ(lines_, "line 2;line 3;");
}

TEST_F(OrderBufferTest, ItWaitsUntilTheNextWindowEnds) {
  Make(1);
  EXPECT_DOUBLE_EQ(Wait(0), -1);
  Arrive(0, {0});
  Take(1);
  EXPECT_DOUBLE_EQ(Wait(1), -1);  // no windows are known
  buffer_->SetEdges(WindowEdges(kWall, 10 * kSecond, {{10 * kSecond, 0}, {kSecond, 4 * kSecond}}));
  Take(2);
  EXPECT_DOUBLE_EQ(Time(), 1);
  // Ends at 6 and at 10, behind which the time must be.
  EXPECT_NEAR(Wait(2), 5, 1e-6);
  Take(8);
  EXPECT_NEAR(Wait(8), 3, 1e-6);
  // What came is waited for.
  Arrive(8, {9});
  EXPECT_DOUBLE_EQ(Wait(8), 1);
}

TEST_F(OrderBufferTest, EntriesOfAnyOrderComeOutSorted) {
  std::mt19937 random(1);
  for (int round = 0; round < 20; ++round) {
    Make(1);
    late_.clear();
    std::vector<double> all, taken;
    for (int tick = 0; tick < 300; ++tick) {
      const double now = tick / 64.0;
      std::vector<double> times;
      for (unsigned i = random() % 8 + 1; i > 0; --i) {
        times.push_back(now - static_cast<double>(random() % 60) / 64);  // up to the delay late
      }
      Arrive(now, times);
      all.insert(all.end(), times.begin(), times.end());
      if (random() % 2 == 0) {
        for (const double time : Take(now)) taken.push_back(time);
      }
    }
    for (const double time : TakeAll()) taken.push_back(time);
    std::sort(all.begin(), all.end());
    EXPECT_EQ(taken, all);
    EXPECT_TRUE(late_.empty());
    EXPECT_EQ(buffer_->held_bytes(), 0u);
  }
}

TEST(WindowEdges, AnEntryAtAnEdgeBelongsToTheWindowThatEndsThere) {
  const WindowEdges edges(100, 10, {{15, 0}});  // ends …, 90, 100, 110; starts …, 85, 95
  const struct {
    int64_t a, b;
    bool between;
  } kCases[] = {{100, 100, false}, {101, 105, false}, {100, 101, true},  {95, 96, true},
                {96, 100, false},  {-9, -6, false},   {-10, -9, true},   {86, 90, false},
                {85, 86, true},    {-5, -4, true},    {101, 1001, true}, {-4, 0, false}};
  for (const auto& one : kCases) {
    EXPECT_EQ(edges.LieBetween(one.a, one.b), one.between) << one.a << " " << one.b;
  }
  EXPECT_EQ(edges.NextEnd(100), 100);
  EXPECT_EQ(edges.NextEnd(101), 110);
  EXPECT_EQ(edges.NextEnd(-11), -10);
  EXPECT_EQ(edges.NextEnd(std::numeric_limits<int64_t>::max()),
            std::numeric_limits<int64_t>::max());
  EXPECT_FALSE(WindowEdges().NextEnd(0));
  EXPECT_TRUE(WindowEdges().LieBetween(0, 1));
}

}  // namespace
}  // namespace glp::query
