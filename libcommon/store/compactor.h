// A thread of low priority that does pieces of work when it is told that there may be some, and now
// and then.
// Threads: Wake from any; Stop once.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/result.h"

namespace glp::store {

class Compactor {
 public:
  // Does a piece of work, and ends within a few milliseconds once `cancelled` says so. False: there
  // is none.
  using Work = std::function<Result<bool>(const std::function<bool()>& cancelled)>;
  explicit Compactor(Work work);
  ~Compactor() { Stop(); }
  void Wake();
  // Returns when the thread has ended.
  void Stop();

 private:
  void Run();
  bool IsStopping();

  const Work work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_woken_ = true;      // guarded by mutex_
  bool is_stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace glp::store
