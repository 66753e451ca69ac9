// Loads the runs of a merge in the order in which it reaches them. With a pool the next ones are
// loaded ahead of time: none at first, then 1, 2, 4, … as the merge comes to the end of runs, so
// that a query of few lines reads no more than it must. What a load looked at is told when the
// merge takes the run, so that stats do not depend on what was loaded ahead.
// Memory:  at most two loads for each thread, and kMaxAheadBytes, stand ready.
// Threads: one at a time; loads run on those of the pool.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "base/thread_pool.h"
#include "logql/source.h"
#include "pack/sorted_run.h"

namespace glp::pack {

class ReadAhead {
 public:
  // The request and the runs must outlive it.
  ReadAhead(const logql::ScanRequest* request, std::vector<SortedRun*> order);
  ~ReadAhead();  // waits for loads that have begun
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  bool done() const { return next_ == order_.size(); }
  // Loads the next run of the order. Errors: those of SortedRun::Load; Code::kCancelled.
  Status LoadNext(logql::ScanStats* stats);
  // A run came to its end: more may be loaded ahead.
  void Widen();
  Status LoadText(SortedRun* run) { return run->LoadText(&tools_); }

 private:
  static constexpr size_t kMaxAheadBytes = 64 << 20;
  struct Ahead {
    std::shared_ptr<ThreadPool::Task> task;
    size_t bytes;
    Status status;
    logql::ScanStats stats;
  };
  void Refill();
  // On a thread of the pool, or on the caller's.
  void Run(SortedRun* run, Ahead* ahead);
  Status Load(SortedRun* run, LoadTools* tools, logql::ScanStats* stats) const;

  const logql::ScanRequest* const request_;
  const std::vector<SortedRun*> order_;
  size_t next_ = 0;  // in order_
  const size_t max_width_;
  size_t width_ = 0;                          // how many may be loaded ahead
  std::deque<std::unique_ptr<Ahead>> ahead_;  // of order_[next_] and those behind it
  size_t ahead_bytes_ = 0;
  LoadTools tools_;  // of the caller's thread
  std::mutex mutex_;
  std::vector<std::unique_ptr<LoadTools>> free_tools_;  // under mutex_
};

}  // namespace glp::pack
