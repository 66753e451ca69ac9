// Memory that several users share: each counts what it holds before it takes it, and all together
// hold no more than the budget.
//
//   MemoryBudget budget({.what = "a push", .total_bytes = 768 << 20, .claim_bytes = 768 << 20});
//   MemoryClaim claim(&budget, cancelled);
//   GLP_RETURN_IF_ERROR(claim.Take(bytes));  // and then allocate
//
// Where there is too little, a claim waits, the oldest first: none that is younger gets anything
// meanwhile, so that a large one is never starved. One that holds something and would have to wait
// for an older one that waits, too, is refused instead: else both would wait for ever.
// Lifetime: a budget outlives its claims; a claim holds what it took until its end.
// Threads:  safe from any.
// Errors:   Code::kLimit, for more than a claim may have and where the others held too much for too
//           long (is_refused); Code::kCancelled.
// Cost:     an atomic addition, and a lock for each MiB.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"

namespace glp {

class MemoryClaim;

class MemoryBudget {
 public:
  struct Options {
    std::string what;  // of whom errors speak: "a push"
    size_t total_bytes = 0;
    size_t claim_bytes = 0;  // of one claim at most; not more than all
    int wait_ms = 10'000;    // for others
    std::string advice;      // what to do where it is too much, "" for none
  };
  explicit MemoryBudget(Options options) : options_(std::move(options)) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  size_t used_bytes() const;

 private:
  friend class MemoryClaim;
  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  size_t used_bytes_ = 0;
  std::vector<MemoryClaim*> claims_;  // that hold or want something, the oldest first
};

class MemoryClaim {
 public:
  // `cancelled` is asked while it waits; may be empty.
  explicit MemoryClaim(MemoryBudget* budget, std::function<bool()> cancelled = {})
      : budget_(*budget), cancelled_(std::move(cancelled)) {}
  ~MemoryClaim();
  MemoryClaim(const MemoryClaim&) = delete;
  MemoryClaim& operator=(const MemoryClaim&) = delete;

  Status Take(size_t bytes) {
    const size_t used = used_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    return used <= granted_.load(std::memory_order_relaxed) ? Status::Ok() : Grow();
  }
  // Of what was taken, for what is taken next: others get it at the end.
  void GiveBack(size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  // It was too much because of what others hold: another time it may work.
  bool is_refused() const { return is_refused_.load(); }

 private:
  Status Grow();
  bool HasOlderWaiting() const;

  MemoryBudget& budget_;
  const std::function<bool()> cancelled_;
  std::atomic<size_t> used_{0};
  std::atomic<size_t> granted_{0};
  std::atomic<bool> is_refused_{false};
  int waiting_ = 0;         // threads; guarded by the budget's mutex
  bool is_listed_ = false;  // likewise
};

// Where nobody counts, `claim` is nullptr.
inline Status TakeMemory(MemoryClaim* claim, size_t bytes) {
  return claim == nullptr ? Status::Ok() : claim->Take(bytes);
}

}  // namespace glp
