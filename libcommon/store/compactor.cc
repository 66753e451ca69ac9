#include "store/compactor.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>

namespace glp::store {
namespace {

// Something may have become due by time alone, or what failed (a full disk) may work again.
constexpr auto kLookAgain = std::chrono::seconds(30);
constexpr int kNice = 10;

}  // namespace

Compactor::Compactor(Work work) : work_(std::move(work)), thread_([this] { Run(); }) {}

void Compactor::Wake() {
  {
    std::lock_guard lock(mutex_);
    is_woken_ = true;
  }
  changed_.notify_all();
}

void Compactor::Stop() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Compactor::IsStopping() {
  std::lock_guard lock(mutex_);
  return is_stopping_;
}

void Compactor::Run() {
  // Linux knows the priority of a thread as that of a process of its id.
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNice);
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, kLookAgain, [this] { return is_woken_ || is_stopping_; });
      if (is_stopping_) return;
      is_woken_ = false;
    }
    for (;;) {
      const Result<bool> done = work_([this] { return IsStopping(); });
      // What failed is tried again later; a full disk is told by Commit.
      if (!done.ok() || !*done) break;
    }
  }
}

}  // namespace glp::store
