// The folder of --spool: its lock, its size, and a queue on disk for each server. Format: SPOOL.md.
// Threads: Open once; Budget from any; a SpoolQueue (spool_queue.h) one at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file.h"

namespace glp::push {

class SpoolQueue;

// Bytes of all segments in the folder.
struct SpoolBudget {
  uint64_t max_bytes = 0;
  std::atomic<uint64_t> used_bytes{0};
};

class Spool {
 public:
  // Makes the folder where it is missing and takes its lock.
  // Errors: Code::kIo; Code::kRefused where another process has the lock (the message names it).
  static Result<std::unique_ptr<Spool>> Open(const std::string& dir, uint64_t max_bytes);
  ~Spool();

  // The queue of a server and of the tenant that records without one go to there, with what is
  // left in it. `url` without secrets. `warnings` is told what is odd.
  Result<std::unique_ptr<SpoolQueue>> OpenQueue(const std::string& url, const std::string& tenant,
                                                std::vector<std::string>* warnings);
  // Queues with batches in them that OpenQueue was not called for: their URLs.
  Result<std::vector<std::string>> OtherQueues() const;
  const SpoolBudget& budget() const { return budget_; }

 private:
  explicit Spool(std::string dir) : dir_(std::move(dir)) {}
  Status Measure();

  const std::string dir_;
  io::Fd lock_;
  SpoolBudget budget_;
  std::vector<std::string> opened_;
};

}  // namespace glp::push
