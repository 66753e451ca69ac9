#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <new>

namespace glp {
namespace {

// A thread of the pool has begun this task, and is at it until End.
struct Busy {
  explicit Busy(ThreadPool* pool)
      : task(pool->Submit([this] {
          begun = true;
          begun.notify_all();
          go.wait(false);
        })) {
    begun.wait(false);
  }
  void End() {
    go = true;
    go.notify_all();
    task->Wait();
  }

  std::atomic<bool> go = false, begun = false;
  std::shared_ptr<ThreadPool::Task> task;
};

TEST(ThreadPool, EveryTaskRunsOnce) {
  for (const unsigned threads : {0U, 1U, 4U}) {
    std::vector<int> runs(1000);
    std::vector<std::shared_ptr<ThreadPool::Task>> tasks;
    ThreadPool pool(threads);
    for (int& count : runs) tasks.push_back(pool.Submit([&count] { ++count; }));
    for (const auto& task : tasks) task->Wait();
    for (const auto& task : tasks) task->Wait();  // is done: nothing happens
    EXPECT_EQ(runs, std::vector<int>(1000, 1)) << threads;
  }
}

TEST(ThreadPool, WhatIsNotBegunCanBeCancelled) {
  ThreadPool pool(1);
  std::atomic<bool> ran = false;
  Busy busy(&pool);
  const auto second = pool.Submit([&] { ran = true; });
  second->Cancel();
  busy.End();
  second->Wait();
  EXPECT_FALSE(ran);
}

TEST(ThreadPool, WaitingRunsWhatNobodyHasBegun) {
  ThreadPool pool(1);
  Busy busy(&pool);
  std::thread::id ran_in;
  pool.Submit([&] { ran_in = std::this_thread::get_id(); })->Wait();
  EXPECT_EQ(ran_in, std::this_thread::get_id());
  busy.End();
}

TEST(ThreadPool, TryingDoesNotWaitForWhoHasBegun) {
  ThreadPool pool(1);
  std::atomic<bool> ran = false;
  Busy busy(&pool);
  const auto second = pool.Submit([&] { ran = true; });
  busy.task->TryRun();
  EXPECT_FALSE(busy.task->IsDone());
  second->TryRun();
  EXPECT_TRUE(second->IsDone());
  EXPECT_TRUE(ran);
  busy.End();
  EXPECT_TRUE(busy.task->IsDone());
}

TEST(ThreadPool, ItsEndDropsWhatWaits) {
  std::atomic<int> runs = 0;
  std::vector<std::shared_ptr<ThreadPool::Task>> tasks;
  {
    ThreadPool pool(2);
    for (int i = 0; i < 100; ++i) tasks.push_back(pool.Submit([&] { ++runs; }));
  }
  const int before = runs;
  for (const auto& task : tasks) task->Wait();
  EXPECT_EQ(runs, before);
}

TEST(ThreadPool, WhatATaskThrowsIsThrownWhereItIsWaitedFor) {
  for (const unsigned threads : {0U, 1U, 4U}) {
    ThreadPool pool(threads);
    const auto fails = [] { throw std::bad_alloc(); };
    const auto first = pool.Submit(fails), second = pool.Submit(fails);
    second->TryRun();
    EXPECT_THROW(second->Wait(), std::bad_alloc) << threads;
    EXPECT_THROW(first->Wait(), std::bad_alloc) << threads;
    EXPECT_TRUE(first->IsDone());
    first->Cancel();
    pool.Submit(fails)->Cancel();
    bool ran = false;
    pool.Submit([&ran] { ran = true; })->Wait();
    EXPECT_TRUE(ran);
  }
}

}  // namespace
}  // namespace glp
