#include "wire/gate_queue.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>

namespace glp::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class GateQueueTest : public ::testing::Test {
 protected:
  // Keeps the thread until Release.
  void Hold() {
    std::promise<void> runs;
    queue_.Add("first", [this, &runs] {
      runs.set_value();
      go_.get_future().wait();
      return true;
    });
    runs.get_future().wait();
  }
  void Release() { go_.set_value(); }
  bool Add(const std::string& host, char name, bool is_right = true) {
    return queue_.Add(host, [this, name, is_right] {
      std::lock_guard lock(mutex_);
      order_ += name;
      return is_right;
    });
  }
  // When all of before were judged, if they are of this host.
  void WaitFor(const std::string& host) {
    std::promise<void> done;
    ASSERT_TRUE(queue_.Add(host, [&done] {
      done.set_value();
      return true;
    }));
    done.get_future().wait();
  }
  std::string order() {
    std::lock_guard lock(mutex_);
    return order_;
  }

  std::promise<void> go_;
  std::mutex mutex_;
  std::string order_;
  GateQueue queue_;  // Ends before what it uses.
};

TEST_F(GateQueueTest, HostsTakeTurns) {
  Hold();
  for (const char name : {'a', 'b', 'c'}) Add("one", name);
  Add("two", 'x');
  Add("three", 'y');
  Release();
  WaitFor("one");
  EXPECT_EQ(order(), "axybc");
}

TEST_F(GateQueueTest, WhoWasWrongWaits) {
  constexpr milliseconds kTaken(20);
  const auto wrong = [this, kTaken] {
    const auto until = steady_clock::now() + kTaken;
    while (steady_clock::now() < until) {
    }
    std::lock_guard lock(mutex_);
    order_ += 'w';
    return false;
  };
  Hold();
  for (int i = 0; i < 3; ++i) queue_.Add("wrong", wrong);
  for (const char name : {'a', 'b'}) Add("right", name);
  const auto begin = steady_clock::now();
  Release();
  WaitFor("right");
  const std::string before = order();
  WaitFor("wrong");
  EXPECT_EQ(before.find('w'), 0u);
  EXPECT_EQ(order().size(), 5u);
  // Three times of its own, and after each four of the others.
  EXPECT_GE(steady_clock::now() - begin, kTaken * 15);
}

TEST_F(GateQueueTest, TakesSoManyOfAHostAndOfAll) {
  Hold();
  for (size_t i = 0; i < GateQueue::kMaxOfHost; ++i) EXPECT_TRUE(Add("one", 'a'));
  EXPECT_FALSE(Add("one", 'b'));
  size_t taken = GateQueue::kMaxOfHost;
  for (int host = 0; Add(std::to_string(host), 'c'); ++host) ++taken;
  EXPECT_EQ(taken, GateQueue::kMaxWaiting);
  Release();
}

TEST_F(GateQueueTest, StopDropsWhoWaits) {
  Hold();
  auto held = std::make_shared<int>();
  const std::weak_ptr<int> there = held;
  queue_.Add("one", [held = std::move(held)] { return true; });
  std::thread stop([this] { queue_.Stop(); });
  while (!there.expired()) std::this_thread::yield();
  Release();
  stop.join();
  EXPECT_FALSE(Add("two", 'a'));
  EXPECT_EQ(order(), "");
}

}  // namespace
}  // namespace glp::wire
