#include "wire/gate_queue.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace glp::wire {
namespace {

constexpr int kNice = 10;
constexpr int kRest = 4;  // times what a wrong guess took

}  // namespace

GateQueue::GateQueue() : thread_([this] { Run(); }) {}

GateQueue::~GateQueue() { Stop(); }

void GateQueue::Stop() {
  {
    std::lock_guard lock(mutex_);
    is_stopped_ = true;
    hosts_.clear();
    waiting_ = 0;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool GateQueue::Add(std::string_view host, Judge judge) {
  {
    std::lock_guard lock(mutex_);
    if (is_stopped_ || waiting_ >= kMaxWaiting) return false;
    auto found = std::find_if(hosts_.begin(), hosts_.end(),
                              [host](const Host& one) { return one.name == host; });
    if (found == hosts_.end()) {
      found = hosts_.insert(hosts_.end(), Host{std::string(host), Clock::now(), {}});
    }
    if (found->waiting.size() >= kMaxOfHost) return false;
    found->waiting.push_back(std::move(judge));
    ++waiting_;
  }
  changed_.notify_one();
  return true;
}

void GateQueue::Run() {
  // Of this thread alone, on Linux.
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNice);
  std::unique_lock lock(mutex_);
  while (!is_stopped_) {
    // Those who wait for nobody and were not wrong lately need not be remembered.
    const auto now = Clock::now();
    hosts_.remove_if(
        [now](const Host& host) { return host.waiting.empty() && host.not_before <= now; });
    auto next = hosts_.end();
    for (auto host = hosts_.begin(); host != hosts_.end(); ++host) {
      if (host->waiting.empty()) continue;
      if (next == hosts_.end() || host->not_before < next->not_before) next = host;
      if (next->not_before <= now) break;
    }
    if (next == hosts_.end()) {
      changed_.wait(lock);
      continue;
    }
    if (next->not_before > now) {
      const auto until = next->not_before;  // Stop clears the list while this waits
      changed_.wait_until(lock, until);
      continue;
    }
    Judge judge = std::move(next->waiting.front());
    next->waiting.pop_front();
    --waiting_;
    hosts_.splice(hosts_.end(), hosts_, next);
    lock.unlock();
    const bool is_right = judge();
    judge = nullptr;
    const auto end = Clock::now();
    lock.lock();
    // Stop may have cleared the list.
    if (!is_right && !is_stopped_) next->not_before = end + (end - now) * kRest;
  }
}

}  // namespace glp::wire
