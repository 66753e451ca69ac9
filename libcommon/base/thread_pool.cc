#include "base/thread_pool.h"

#include <system_error>
#include <utility>

namespace glp {

bool ThreadPool::Task::Begin() {
  const std::lock_guard lock(mutex_);
  if (state_ != State::kWaiting) return false;
  state_ = State::kRunning;
  return true;
}

void ThreadPool::Task::Run() {
  // Thrown on a thread of the pool, it would end the process; kept back, who waits would wait on.
  try {
    work_();
  } catch (...) {
    failure_ = std::current_exception();
  }
  work_ = nullptr;
  const std::lock_guard lock(mutex_);
  state_ = State::kDone;
  done_.notify_all();
}

void ThreadPool::Task::Wait() {
  if (Begin()) {
    Run();
  } else {
    WaitForEnd();
  }
  if (failure_) std::rethrow_exception(failure_);
}

void ThreadPool::Task::WaitForEnd() {
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return state_ == State::kDone; });
}

void ThreadPool::Task::TryRun() {
  if (Begin()) Run();
}

bool ThreadPool::Task::IsDone() {
  const std::lock_guard lock(mutex_);
  return state_ == State::kDone;
}

void ThreadPool::Task::Cancel() {
  if (Begin()) {
    work_ = nullptr;
    const std::lock_guard lock(mutex_);
    state_ = State::kDone;
    done_.notify_all();
    return;
  }
  WaitForEnd();
}

ThreadPool::~ThreadPool() {
  std::deque<std::shared_ptr<Task>> left;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    left.swap(queue_);
  }
  wake_.notify_all();
  for (const auto& task : left) task->Cancel();
  for (std::thread& thread : threads_) thread.join();
}

std::shared_ptr<ThreadPool::Task> ThreadPool::Submit(std::function<void()> work) {
  auto task = std::make_shared<Task>(std::move(work));
  if (threads_wanted_ == 0) return task;
  {
    const std::lock_guard lock(mutex_);
    if (threads_.size() < threads_wanted_) Grow();
    if (threads_.empty()) return task;
    queue_.push_back(task);
  }
  wake_.notify_one();
  return task;
}

void ThreadPool::Grow() {
  try {
    threads_.emplace_back([this] { Work(); });
  } catch (const std::system_error&) {
    // The next task asks again.
  }
}

void ThreadPool::Work() {
  for (;;) {
    std::shared_ptr<Task> task;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    if (task->Begin()) task->Run();
  }
}

}  // namespace glp
