// What waits for one server: a few batches in memory (the window), of which one of each lane is
// under way at a time, and behind them the server's queue in the spool, if there is a spool.
//
// A batch goes into the window where there is room and the server takes what it is sent. As soon as
// it fails, or leaves the window full for a second, all that waits is written to the spool, and
// what comes goes there until the server has caught up; so what waits outlives the process, and the
// records' positions move on. Without a spool, or when that is full, Offer refuses: back-pressure.
// Failures hold back one tenant (a rate limit is a tenant's): its batches are tried one at a time.
// Lifetime: an Item is good until Delivered or Failed was called for it.
// Threads:  safe from any. One thread (the reader's) calls Offer, Sync and what ends it all; as
//           many workers as one likes call Take, Delivered and Failed.
// Errors:   told to `context`; status() is what ends the run (Code::kGaveUp).
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/strings.h"
#include "batch.h"
#include "cli/main.h"
#include "spool_queue.h"
#include "wire/retry.h"

namespace glp::push {

struct OutboxOptions {
  std::string name;  // stands in words: the URL where there are several, else ""
  size_t window_batches = 0;
  uint64_t window_bytes = 0;  // one batch is always taken
  uint64_t max_retries = 0;   // 0: without end
  int64_t min_backoff_ns = 0;
  int64_t max_backoff_ns = 0;
};

class Outbox {
 public:
  using Clock = std::chrono::steady_clock;

  struct Item {
    BatchPtr batch;
    // What is still to be sent of it where it had to be taken apart.
    std::optional<std::deque<std::string>> parts;
    uint64_t refused = 0;  // entries that the server did not take, so far

   private:
    friend class Outbox;
    std::shared_ptr<Receipt> receipt;
    std::optional<SpoolQueue::Ref> ref;  // where it is in the spool
    uint64_t tries = 0;
    bool under_way = false;
    bool is_probe = false;
  };
  struct Failure {
    std::string words;
    std::optional<int64_t> wait_ns;  // what the server asked for
    bool throttled = false;          // the server is well but wants less: 429
    Status status;                   // why there is no answer; Code::kUsage ends the run
  };
  struct Left {
    uint64_t lost_batches = 0;  // in memory only
    uint64_t lost_entries = 0;
    uint64_t spooled_batches = 0;
    std::string words;  // the last failure
  };

  // `queue` may be null. `on_change` is called, from any thread, when there may be room again or
  // the run has to end.
  Outbox(cli::Context& context, OutboxOptions options, std::unique_ptr<SpoolQueue> queue,
         std::function<void()> on_change);

  // False where there is no room now. REQUIRES: neither FinishInput nor Close was called.
  bool Offer(const BatchPtr& batch, const std::shared_ptr<Receipt>& receipt);
  // Makes durable what was written to the spool, and says so to those who wait for it.
  void Sync();
  // Nothing comes any more: Take ends once all is sent, or, with a spool, once the server fails.
  void FinishInput();
  // What is not sent within moments stays.
  void Stop();
  // Puts what is left in the spool, where there is one. REQUIRES: no worker is left.
  Left Close();
  Status status() const;

  // The next batch to send; waits for one. Null: the worker is to end.
  Item* Take();
  void Delivered(Item* item);
  void Failed(Item* item, const Failure& failure);
  // Whether requests under way are to be broken off.
  bool Over() const;

  // OK where the last push of every tenant worked; else why not.
  Status health() const;
  uint64_t spool_bytes() const;
  uint64_t spool_batches() const;

 private:
  struct Hold {
    wire::Backoff backoff;
    Clock::time_point until;
    bool probing = false;
    std::string said;  // the gist of it
    Clock::time_point said_at;
  };

  bool HasRoom(const Batch& batch) const;
  bool MaySpill(bool well);
  bool ToSpool(const BatchPtr& batch, const std::shared_ptr<Receipt>& receipt);
  Status Spill();
  void SyncLocked();
  void Refill();
  Item* FirstReady(Clock::time_point* wake);
  void Push(BatchPtr batch, std::shared_ptr<Receipt> receipt, std::optional<SpoolQueue::Ref> ref);
  void Release(Item* item);
  void SayFailure(const Failure& failure, int64_t wait_ns, Hold* hold);
  void SaySpool(const Status& status, std::string_view what_next);
  void SayDamage(const std::vector<std::string>& warnings);
  std::string Named(std::string_view words) const;

  cli::Context& context_;
  const OutboxOptions options_;
  const std::unique_ptr<SpoolQueue> queue_;
  const std::function<void()> on_change_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Item> window_;
  uint64_t window_bytes_ = 0;
  StringMap<Hold> holds_;  // by tenant
  bool spilled_ = false;   // what comes goes to the spool
  std::vector<std::shared_ptr<Receipt>> unsynced_;
  std::optional<Clock::time_point> full_since_;
  Clock::time_point read_again_at_;
  bool finishing_ = false;
  uint64_t failures_at_end_ = 0;
  bool ended_ = false;  // Take gives no more
  Status status_;
  std::string last_words_;
  std::string spool_said_;
  Clock::time_point spool_said_at_;
  std::optional<Clock::time_point> stopped_at_;
};

}  // namespace glp::push
