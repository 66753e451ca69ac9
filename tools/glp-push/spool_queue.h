// One server's queue on disk: batches are appended at one end, loaded at the other in the same
// order, and forgotten once they are acknowledged, in any order. Format: SPOOL.md.
//
//   GLP_ASSIGN_OR_RETURN(auto ref, queue->Append(batch));   // on its way to the disk
//   GLP_RETURN_IF_ERROR(queue->Sync());                     // held
//   while (auto loaded = queue->Next()) … Send(loaded->batch) … queue->Acked(loaded->ref);
//
// Threads: one at a time.
// Errors:  Code::kLimit where the spool has no room, Code::kIo (disk full): the queue is then as it
//          was before. Damage is told in `warnings`, it is NOT an error.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "batch.h"
#include "io/file.h"
#include "spool.h"

namespace glp::push {

class SpoolQueue {
 public:
  // Names a batch in the queue: its number, rising in the order of the queue.
  using Ref = uint64_t;
  struct Loaded {
    Ref ref;
    BatchPtr batch;
  };

  static Result<std::unique_ptr<SpoolQueue>> Open(std::string dir, SpoolBudget* budget,
                                                  std::vector<std::string>* warnings);
  ~SpoolQueue();

  // Puts a batch at the end, for Next to give.
  Status Append(const Batch& batch);
  // The same for a batch that its caller goes on holding, so that Next does not give it again.
  // REQUIRES: !has_more().
  Result<Ref> AppendHeld(const Batch& batch);
  // All that was appended is durable when OK. After a failure it fails until all is acknowledged.
  Status Sync();
  bool needs_sync() const { return unsynced_; }

  // The batch behind the one given before; nothing at the end.
  Result<std::optional<Loaded>> Next(std::vector<std::string>* warnings);
  // Also where there is nothing but damage, which Next tells.
  bool has_more() const;
  bool empty() const { return pending_.empty() && !has_more(); }
  // The server has it. Segments that are done go; the cursor is written now and then.
  void Acked(Ref ref);
  // Writes the cursor if it moved.
  Status SaveCursor();

  // What another process would find: the batches from the first on that is not acknowledged,
  // counted by their frames; and the bytes of the segments.
  uint64_t batches() const { return unread_ + pending_.size(); }
  uint64_t size_bytes() const;

 private:
  struct Place {
    uint64_t segment = 0;
    uint64_t offset = 0;
    bool operator==(const Place&) const = default;
  };
  struct Pending {
    Place end;
    bool acked = false;
  };

  SpoolQueue(std::string dir, SpoolBudget* budget);
  std::string PathOf(uint64_t segment) const;
  Status ReadCursor(std::vector<std::string>* warnings);
  Status Scan();
  Status ScanSegment(int fd, uint64_t number);
  Result<uint64_t> NextFrame(int fd, uint64_t number, uint64_t at);
  Status OpenSegment();
  Status Write(const Batch& batch);
  Result<bool> OpenForRead();
  Result<std::optional<BatchPtr>> ReadFrame(std::vector<std::string>* warnings);
  void Advance();
  // Segments in front of the cursor go.
  void RemoveDone();

  const std::string dir_;
  SpoolBudget* const budget_;
  const uint64_t segment_bytes_;
  std::map<uint64_t, uint64_t> segments_;  // bytes of each, by number
  uint64_t next_segment_ = 1;
  uint64_t unread_ = 0;  // batches that Next has not given

  io::Fd out_;  // the last segment, where this process has one
  bool unsynced_ = false;
  Status sync_failed_;
  std::string frame_;

  io::Fd in_;
  uint64_t in_segment_ = 0;
  Place read_;  // behind the last batch given

  Ref first_pending_ = 0;  // number of pending_.front()
  std::deque<Pending> pending_;
  Place cursor_;  // all in front is acknowledged
  Place saved_;
  std::chrono::steady_clock::time_point saved_at_;
};

}  // namespace glp::push
