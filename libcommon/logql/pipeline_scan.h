// The entries of a cursor that a pipeline lets pass, in order, the pipeline run by several threads.
// The caller's thread pulls batches, copies what is wanted of them into chunks (a batch is good
// until the next only) and gives these to the pool; results are taken in the order of the chunks,
// so that threads change nothing but the time. While it waits, the caller's thread takes part.
//
//   PipelineScan scan(options, cursor, &table);
//   for (;;) {
//     GLP_ASSIGN_OR_RETURN(const std::span<PipelineScan::Found> some, scan.Next());
//     if (some.empty()) break;
//     …
//   }
//
// Memory:   two chunks for each thread, with what the pipeline made of them; fewer where lines are
//           huge. The first ones are small and few, so that a query of few lines reads little
//           ahead.
// Lifetime: its end waits for entries that are being worked on. `cursor`, the table and what the
//           options refer to must outlive it.
// Threads:  one at a time; workers are called from any, each by one at a time.
// Errors:   those of the cursor and of the workers, behind all entries in front of them;
//           Code::kCancelled.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/arena.h"
#include "base/thread_pool.h"
#include "logql/ast.h"
#include "logql/eval.h"
#include "logql/source.h"

namespace glp::logql {

class Pipeline;

class PipelineScan {
 public:
  // An entry behind the pipeline.
  struct Found {
    Entry entry;
    // Labels that the worker made, in its own table: Translate before use. nullptr: none.
    const LabelSet* made = nullptr;
    uint64_t line_bytes = 0;
    double sample = 0;
  };

  class Worker {
   public:
    virtual ~Worker() = default;
    // From now on labels are made in `table`; sets of the table before are gone.
    virtual void UseTable(LabelTable* table) = 0;
    // False: the entry goes no further. The texts it leaves in it are good until the next call.
    virtual Result<bool> Run(Found* found) = 0;
  };

  struct Options {
    ThreadPool* pool = nullptr;  // REQUIRES: has threads
    std::function<bool()> cancelled;
    size_t chunk_bytes = size_t{256} << 10;
    // Entries for which this is false are left out, unseen by any worker. May be empty.
    std::function<bool(const Entry&)> wants;
    // Lines that do not pass these need not be copied. Prepared.
    std::vector<LineFilter> line_filters;
    // Called from any thread.
    std::function<Result<std::unique_ptr<Worker>>()> make_worker;
  };

  PipelineScan(Options options, EntryCursor* cursor, LabelTable* table);
  ~PipelineScan();
  PipelineScan(const PipelineScan&) = delete;
  PipelineScan& operator=(const PipelineScan&) = delete;

  // The next entries; none is the end. Good until the next call.
  Result<std::span<Found>> Next();
  // The set of `table` with the labels that the worker of the last entries made.
  const LabelSet* Translate(const LabelSet* made);
  // `table` was cleared.
  void ForgetSets() { ++generation_; }
  // What was looked at for the entries given so far.
  const ScanStats& stats() const { return stats_; }

  // Whether that is worth the copying, and gives the same answer.
  static bool Pays(const LogExpr& log, const Pipeline& pipeline, const QueryParams& params);

 private:
  // The label sets that a worker made, and what they are in the caller's table.
  struct Sets {
    LabelTable table;
    std::vector<const LabelSet*> known;  // by LabelSet::id; the caller's
    uint64_t generation = 0;             // of `known`
  };
  struct Slot {
    std::unique_ptr<Worker> worker;
    std::shared_ptr<Sets> sets;
  };
  struct Chunk {
    std::unique_ptr<char[]> text;
    size_t capacity = 0, used = 0;
    size_t size_bytes = 0;     // with what it costs to hold an entry
    std::vector<Found> found;  // all entries, then those that passed
    Arena made;                // texts that the pipeline made
    std::shared_ptr<Sets> sets;
    Status status;    // behind the entries
    ScanStats stats;  // of the cursor, where the chunk ended
    std::shared_ptr<ThreadPool::Task> task;
  };

  bool Wants(const Entry& entry) const;
  // Until the chunk is full, or enough was looked at, or the source is slow.
  Status Fill(Chunk* chunk);
  // False: no room. A chunk that is empty has room for any entry.
  bool Add(const Entry& entry, Chunk* chunk) const;
  std::unique_ptr<Chunk> NewChunk();
  // REQUIRES: nobody works on it.
  void Recycle(std::unique_ptr<Chunk> chunk);
  bool MayAdvance() const;
  // Fills a chunk and hands it out.
  void Advance();
  // Until the first chunk is done, working on others in the meantime.
  void WaitForFirst();
  void Stop();

  Result<Slot> TakeSlot();
  void Run(Chunk* chunk);
  Status RunIn(Slot* slot, Chunk* chunk);

  const Options options_;
  const size_t max_in_flight_;
  EntryCursor* const cursor_;
  LabelTable* const table_;
  std::vector<LineFilter> cheap_filters_;  // for the caller's thread
  uint64_t generation_ = 1;

  std::vector<Entry> batch_;
  size_t at_ = 0;        // in batch_
  bool ended_ = false;   // nothing is read any more
  Status end_;           // told behind all chunks
  size_t target_bytes_;  // of the next chunk
  size_t in_flight_wanted_ = 2;
  std::deque<std::unique_ptr<Chunk>> in_flight_;
  size_t in_flight_bytes_ = 0;  // of their texts
  std::vector<std::unique_ptr<Chunk>> free_chunks_;
  std::unique_ptr<Chunk> given_;  // what Next gave last
  ScanStats stats_;

  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::vector<Slot> free_slots_;  // under mutex_
};

}  // namespace glp::logql
