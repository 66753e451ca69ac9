#include "wire/tail_hub.h"

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <map>

#include "logql/parser.h"

namespace glp::wire {
namespace {

// Keeps what it is given; a test waits for it.
class Keeper : public TailHub::Listener {
 public:
  Keeper(std::string tenant, std::string_view selector)
      : Listener(std::move(tenant), logql::ParseLogQuery(selector)->matchers) {}

  void Take(const std::shared_ptr<const TailHub::Batch>& batch) override {
    {
      std::lock_guard lock(mutex_);
      for (const logql::Entry& entry : batch->entries) {
        if (Matches(*entry.stream)) lines_.emplace_back(entry.line);
      }
      lost_ += batch->lost;
    }
    changed_.notify_all();
    if (on_take) on_take();
  }
  void Tick(int64_t) override {
    {
      std::lock_guard lock(mutex_);
      ++ticks_;
    }
    changed_.notify_all();
  }

  std::vector<std::string> WaitForLines(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return lines_.size() >= count; });
    return lines_;
  }
  uint64_t WaitForLost(uint64_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return lost_ >= count; });
    return lost_;
  }
  void WaitForTick() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ticks_ > 0; });
  }
  size_t lines() {
    std::lock_guard lock(mutex_);
    return lines_.size();
  }

  std::function<void()> on_take;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  uint64_t lost_ = 0;
  int ticks_ = 0;
};

class TailHubTest : public testing::Test {
 protected:
  std::shared_ptr<Keeper> Listen(const std::string& tenant, std::string_view selector) {
    auto keeper = std::make_shared<Keeper>(tenant, selector);
    hub_.Add(keeper);
    return keeper;
  }
  store::NewEntry Make(const std::string& app, std::string_view line) {
    store::NewEntry entry;
    entry.stream = labels_.FromLabels({{"app", app}});
    entry.line = line;
    return entry;
  }
  void Publish(const std::string& tenant, const std::string& app, std::string_view line) {
    const store::NewEntry entry = Make(app, line);
    hub_.Publish(tenant, {&entry, 1});
  }
  // A listener whose Take does not return before `go`.
  std::shared_ptr<Keeper> Hold(const std::string& tenant, const std::shared_future<void>& go,
                               std::promise<void>* is_held) {
    auto keeper = std::make_shared<Keeper>(tenant, R"({app=~".+"})");
    keeper->on_take = [go, is_held, first = true]() mutable {
      if (std::exchange(first, false)) is_held->set_value();
      go.wait();
    };
    hub_.Add(keeper);
    return keeper;
  }

  LabelTable labels_;
  TailHub hub_;
};

using Lines = std::vector<std::string>;

TEST_F(TailHubTest, GivesToTheTenantsAndStreamsThatMatchInOrder) {
  const auto web = Listen("t1", R"({app="web"})");
  const auto all = Listen("t1", R"({app=~".+"})");
  const auto other = Listen("t2", R"({app="web"})");
  Publish("t1", "web", "1");
  Publish("t1", "db", "2");
  Publish("t2", "web", "3");
  const std::vector<store::NewEntry> mixed{Make("db", "4"), Make("web", "5"), Make("none", "6")};
  hub_.Publish("t1", mixed);
  EXPECT_EQ(all->WaitForLines(5), (Lines{"1", "2", "4", "5", "6"}));
  EXPECT_EQ(web->WaitForLines(2), (Lines{"1", "5"}));
  EXPECT_EQ(other->WaitForLines(1), (Lines{"3"}));
}

TEST_F(TailHubTest, WhoComesLaterIsAskedToo) {
  const auto db = Listen("t", R"({app="db"})");
  Publish("t", "web", "nobody listens");
  const auto web = Listen("t", R"({app="web"})");
  Publish("t", "web", "somebody does");
  EXPECT_EQ(web->WaitForLines(1), (Lines{"somebody does"}));
  EXPECT_EQ(db->lines(), 0u);
}

TEST_F(TailHubTest, TicksWhereNothingIsPushed) { Listen("t", R"({app="a"})")->WaitForTick(); }

TEST_F(TailHubTest, CountsTheListenersOfATenantAndTakesNoMoreThanItsLimit) {
  const auto make = [](const std::string& tenant) {
    return std::make_shared<Keeper>(tenant, R"({app="a"})");
  };
  const auto first = make("t");
  EXPECT_EQ(hub_.Add(first, 2), 1u);
  EXPECT_EQ(hub_.Add(make("t"), 2), 2u);
  EXPECT_EQ(hub_.Add(make("t"), 2), 3u);
  EXPECT_EQ(hub_.listeners(), 2u);
  EXPECT_EQ(hub_.Add(make("other"), 2), 1u);
  hub_.Remove(first.get());
  EXPECT_EQ(hub_.Add(make("t"), 2), 2u);
  EXPECT_EQ(hub_.Add(make("t")), 3u);  // without a limit
}

TEST_F(TailHubTest, WhatIsBeyondItsMemoryIsToldToItsTenantAlone) {
  std::promise<void> go, is_held;
  const auto held = Hold("t1", go.get_future().share(), &is_held);
  const auto other = Listen("t2", R"({app="web"})");
  Publish("t1", "web", "first");
  is_held.get_future().wait();
  const std::string large(TailHub::kMaxWaitingBytes / 4, 'x');
  for (int i = 0; i < 6; ++i) Publish("t1", "web", large);  // three find room
  Publish("t2", "web", "small");
  go.set_value();
  EXPECT_EQ(held->WaitForLost(3), 3u);
  EXPECT_EQ(held->WaitForLines(4).size(), 4u);
  EXPECT_EQ(other->WaitForLines(1), (Lines{"small"}));
  EXPECT_EQ(other->WaitForLost(0), 0u);
}

TEST_F(TailHubTest, SmallPushesAreBoundedToo) {
  std::promise<void> go, is_held;
  const auto held = Hold("t", go.get_future().share(), &is_held);
  Publish("t", "web", "first");
  is_held.get_future().wait();
  constexpr size_t kPushes = TailHub::kMaxWaitingBytes / 1024;
  for (size_t i = 0; i < kPushes; ++i) Publish("t", "web", "x");
  go.set_value();
  const uint64_t lost = held->WaitForLost(1);
  EXPECT_GT(lost, kPushes / 4);
  EXPECT_EQ(held->WaitForLines(1 + kPushes - lost).size(), 1 + kPushes - lost);
}

TEST_F(TailHubTest, AListenerRemovesItselfWhileItIsCalled) {
  const auto gone = std::make_shared<Keeper>("t", R"({app="a"})");
  gone->on_take = [this, raw = gone.get()] { hub_.Remove(raw); };
  hub_.Add(gone);
  const auto stays = Listen("t", R"({app="a"})");
  Publish("t", "a", "1");
  Publish("t", "a", "2");
  EXPECT_EQ(stays->WaitForLines(2), (Lines{"1", "2"}));
  EXPECT_EQ(gone->lines(), 1u);
  EXPECT_EQ(hub_.listeners(), 1u);
}

TEST_F(TailHubTest, RemoveWaitsForACallThatRuns) {
  std::promise<void> go, is_held;
  const auto held = Hold("t", go.get_future().share(), &is_held);
  Publish("t", "a", "1");
  is_held.get_future().wait();
  std::future<void> removed = std::async(std::launch::async, [&] { hub_.Remove(held.get()); });
  while (hub_.listeners() > 0) std::this_thread::yield();
  EXPECT_EQ(removed.wait_for(std::chrono::milliseconds(1)), std::future_status::timeout);
  go.set_value();
  removed.get();
  Publish("t", "a", "2");  // to nobody
  EXPECT_EQ(held->lines(), 1u);
}

TEST(TailHubEndTest, EndsWithListenersThatOutliveIt) {
  const auto keeper = std::make_shared<Keeper>("t", R"({app="a"})");
  {
    TailHub hub;
    hub.Add(keeper);
    keeper->WaitForTick();
  }
  EXPECT_EQ(keeper.use_count(), 1);
}

}  // namespace
}  // namespace glp::wire
