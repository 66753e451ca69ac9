// The writing side of one tenant's folder: memory, write-ahead log, segments.
//
// Entries go into the active table. Commit logs the rows that are not logged yet, or cuts a
// segment when they are many. A cut freezes the active table, writes it as the segment of its
// number, and removes the log of that number. A frozen table that could not be written stays, is
// read by queries, and is tried again before anything else.
// Merges of segments run beside all that; files of old segments go when nobody reads them any more.
// Threads: safe from any. `mutex_` guards what is in memory and is held shortly; `io_mutex_` is
// held by the one thread that writes; who waits for it finds its entries durable by then.
// `rewrite_mutex_` is held by the one that rewrites segments, and is taken before the others.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/drop_rules.h"
#include "store/folder.h"
#include "store/held_points.h"
#include "store/source.h"
#include "store/store.h"
#include "store/wal.h"

namespace glp::store {

class Tenant {
 public:
  // Makes the folder, and turns logs that a killed process left into segments. `all_segments` is
  // the number of those of all tenants, which share the descriptors, and must outlive this.
  static Result<std::unique_ptr<Tenant>> Open(std::string folder, const Options& options,
                                              std::atomic<size_t>* all_segments,
                                              std::vector<std::string>* warnings);

  void Append(std::span<const NewEntry> entries, AppendResult* result);
  void DropClaims();
  Status Commit();
  // Writes all that is in memory into segments.
  Status Cut();
  SourceParts Snapshot();
  // The same unless another thread has made the memory smaller than `bytes` meanwhile.
  Status CutIfAtLeast(uint64_t bytes);
  // The same where the memory is as old or idle as Options say; times are those of the calls.
  Status CutIfDue(int64_t now_ns);
  // Fsyncs what Commit logged without it. Where that fails it writes a segment in place of the log;
  // where that fails, too, the next Commit does, or fails.
  Status SyncLog();
  // Makes one merge on the way to the goal. False: none is needed. Adds to the report.
  Result<bool> MergeNext(MergeGoal goal, const std::function<bool()>& cancelled,
                         MergeReport* report);
  // Rewrites the segments that have something that goes, if that pays. Adds to the report. The
  // first error, but every segment is tried; Code::kCancelled.
  Status Drop(const DropMaker& rules, const std::function<bool()>& cancelled, DropReport* report);
  // The same of one segment, if it is still there.
  Status DropFrom(SegmentName name, const DropMaker& rules, const std::function<bool()>& cancelled,
                  DropReport* report);
  // What segments hold, for who has to choose the oldest.
  struct SegmentUse {
    struct Block {
      int64_t min_ts_ns, max_ts_ns;
      uint64_t bytes;
    };
    SegmentName name;
    uint64_t bytes = 0;
    bool is_empty = false;  // it only says of sources what is held
    int64_t max_ts_ns = 0;
  };
  std::vector<SegmentUse> Uses();
  // None where the segment is not there any more.
  std::vector<SegmentUse::Block> BlocksOf(SegmentName name);
  // Of files that are no segments: logs and the catalogue.
  uint64_t OtherBytes();
  // No segment was cut for so long, and some are not in their final form.
  bool IsIdle(int64_t idle_ns);
  // Called, by any thread, when a segment was cut. Set before the first Append.
  void OnCut(std::function<void()> callback) { on_cut_ = std::move(callback); }
  // Brings the catalogue in line with the folder. What goes wrong costs readers time, no more.
  void UpdateCatalogue();
  // Memory of what is in no segment yet, about.
  uint64_t memory_bytes() const { return memory_bytes_; }

 private:
  // A stream as long as the store is open.
  struct Stream {
    const LabelSet* labels;
    StringMap<HeldPoints> sources;  // by ID
    MemStream* active[2] = {};      // in active_; [1] of entries with a src
    // The source seen last: in `sources` and in `active->sources`.
    std::string source_id;
    HeldPoints* source = nullptr;
    MemSource* source_active = nullptr;
  };
  struct Table {
    Table(uint64_t table_number, std::string wal_path)
        : number(table_number), wal(std::move(wal_path)) {}
    uint64_t number;
    std::shared_ptr<MemTable> rows = std::make_shared<MemTable>();
    WalWriter wal;
    uint64_t appended = 0;  // value of appended_ with the last entry in it
  };

  struct Segment {
    SegmentName name;
    std::optional<OpenedSegment> opened;  // without: it cannot be read
    bool is_fixed = false;                // has damage: stays as it is
  };
  // The file of an obsolete segment.
  struct Retired {
    std::string path;
    std::shared_ptr<const pack::PackStreams> pack;
  };

  Tenant(std::string folder, const Options& options, std::atomic<size_t>* all_segments)
      : folder_(std::move(folder)), options_(options), all_segments_(*all_segments) {}
  Status Recover(std::vector<std::string>* warnings);
  Status RecoverWal(uint64_t number, std::vector<std::string>* warnings);
  Status AddSegment(SegmentName name, std::vector<std::string>* warnings);
  Stream* FindStream(const LabelSet& labels);
  // Notes what the entry's src says. False: it is held already.
  bool Admit(Stream* stream, const NewEntry& entry);
  // Keeps the points of sources that are given whole from growing without end.
  void SettleOlder();
  // Writes anew what is held of a source of which claims are void. REQUIRES: mutex_ held
  static void TellAgain(HeldPoints& held, MemSource* active);
  Status CutLocked();    // REQUIRES: io_mutex_ held
  Status WriteFrozen();  // REQUIRES: io_mutex_ held
  Status LogLocked();    // REQUIRES: io_mutex_ held
  // Waits for another rewrite to end. Errors: Code::kCancelled.
  Result<std::unique_lock<std::mutex>> LockRewrites(const std::function<bool()>& cancelled);
  // Interns its label sets. REQUIRES: mutex_ held
  OpenedSegment Resolve(SegmentName name, std::unique_ptr<pack::PackFile> file);
  // What is to be merged next.
  std::vector<SegmentName> PlanMerge(MergeGoal goal);
  // Takes the new segment in place of the old ones. REQUIRES: rewrite_mutex_ held
  Status Replace(const std::vector<SegmentName>& old, SegmentName with);
  // The folder has another segment, or fewer: now and then the catalogue follows.
  void OnChange();
  // Removes files that nobody reads any more.
  void RemoveRetired();
  std::unique_ptr<Table> NewTable();
  void CountMemory();  // REQUIRES: mutex_ held

  const std::string folder_;
  const Options options_;
  std::atomic<size_t>& all_segments_;
  std::mutex rewrite_mutex_;
  std::mutex io_mutex_;
  std::mutex catalogue_mutex_;  // taken last
  std::mutex mutex_;

  std::shared_ptr<LabelTable> labels_ = std::make_shared<LabelTable>();
  std::deque<Stream> streams_;
  StringMap<Stream*> by_json_;
  Stream* last_ = nullptr;
  size_t claimed_points_ = 0;      // points that SettleOlder may make less, at most
  std::vector<Segment> segments_;  // in the order of arrival
  StreamLists stream_lists_;       // of segments_
  // Those of segments_ for snapshots; nullptr: made anew by the next one.
  std::shared_ptr<const OpenedSegments> opened_;
  std::vector<std::string> unreadable_;  // what is wrong with those that have no pack
  std::vector<Retired> retired_;
  int64_t last_cut_ns_ = 0;  // when a segment was cut or the store was opened
  std::function<void()> on_cut_;
  std::atomic<int> changes_{0};  // since the catalogue was written
  std::unique_ptr<Table> active_, frozen_;
  uint64_t next_number_ = 1;
  uint64_t appended_ = 0;      // calls of Append
  uint64_t durable_ = 0;       // of these, from the first on
  uint64_t logged_bytes_ = 0;  // of active_'s memory, what its log covers
  bool log_lost_ = false;      // an fsync failed; guarded by io_mutex_
  // What the last CutIfDue saw, and when active_ first had something and last had something new.
  uint64_t seen_number_ = 0, seen_appended_ = 0;
  int64_t oldest_ns_ = 0, newest_ns_ = 0;
  std::atomic<uint64_t> memory_bytes_{0};
};

}  // namespace glp::store
