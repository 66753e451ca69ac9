// A few threads that run tasks in the order in which they were given. Who needs a task's result
// waits for it, and runs it himself where nobody has begun it: so a pool without threads works,
// too, only not ahead of time.
//
//   ThreadPool pool(4);
//   std::shared_ptr<ThreadPool::Task> task = pool.Submit([&] { block.Load(); });
//   …
//   task->Wait();
//
// Threads:  safe from any. They are started by the first tasks; where the system gives none, those
//           who wait run the tasks.
// Lifetime: what a task refers to must live until it is done or cancelled; the pool's end cancels
//           those that nobody has begun and waits for the others.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace glp {

class ThreadPool {
 public:
  class Task {
   public:
    explicit Task(std::function<void()> work) : work_(std::move(work)) {}
    // Until it is done; runs it here where nobody has begun it. A cancelled one is done. Throws
    // what it threw, as when memory ran out.
    void Wait();
    // Runs it here where nobody has begun it; does not wait for who has.
    void TryRun();
    bool IsDone();
    // It never runs where nobody has begun it; else waits for its end.
    void Cancel();

   private:
    friend class ThreadPool;
    enum class State { kWaiting, kRunning, kDone };
    bool Begin();
    void Run();
    void WaitForEnd();

    std::function<void()> work_;
    std::exception_ptr failure_;  // set before it is done
    std::mutex mutex_;
    std::condition_variable done_;
    State state_ = State::kWaiting;
  };

  explicit ThreadPool(unsigned threads) : threads_wanted_(threads) {}
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // How many tasks may run at the same time.
  unsigned threads() const { return threads_wanted_; }
  std::shared_ptr<Task> Submit(std::function<void()> work);

 private:
  // One more thread, if the system has one. REQUIRES: mutex_ is held.
  void Grow();
  void Work();

  const unsigned threads_wanted_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Task>> queue_;
  std::vector<std::thread> threads_;
  bool stopping_ = false;
};

}  // namespace glp
