// A store of log entries in a directory: the one writer of it, and the view that queries of the
// same process read.
//
//   GLP_ASSIGN_OR_RETURN(auto store, store::Store::Open("/var/lib/glp"));
//   store::NewEntry entry{labels, ts_ns, line};
//   store->Append("fake", {&entry, 1}, &result);   // in memory
//   store->Commit();                               // durable: may be acknowledged
//   store->Close();
//
// Layout: DIR/lock (held while open; the holder's pid inside), DIR/<tenant>/NNNNNNNN.glp segments
// (pack files), NNNNNNNN-MMMMMMMM.glp merged ones, and DIR/<tenant>/NNNNNNNN.wal for what is
// acknowledged and in no segment yet. Segment N holds all of wal N, so wal N is gone or ignored
// once segment N stands. More in store/folder.h. DIR/<tenant>/cache/catalogue says for readers what
// segments hold (store/CATALOGUE.md).
// Lifetime: a snapshot may outlive the store.
// Threads:  safe from any. Commits of several threads at the same time share one fsync: those that
//           come while one is under way wait for it, and the next is of all of them.
// Errors:   Code::kIo (disk full, lock held): what was acknowledged stays, the store stays
//           readable, and the same call may be tried again.
// Memory:   about twice Options::segment_bytes; of segments their footers, so that snapshots and
//           merges need not read them: about 220 bytes a block, a quarter of a megabyte for each
//           gigabyte of text in streams that fill their blocks; and what is known of sources
//           (NewEntry): of parts of a file that were given whole 16 bytes a part and 3 MB a tenant;
//           else 2 to 3 bytes a line, as long as the store is open.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "logql/ast.h"
#include "logql/source.h"
#include "record/labels.h"
#include "store/merge_plan.h"
#include "store/retention.h"

namespace glp::store {

inline constexpr std::string_view kDefaultTenant = "fake";

// Code::kUsage where `tenant` cannot name one: 1 to 150 of letters, digits and !-_.*'(), not . or
// .., nor a file that stands beside the folders of tenants: lock, deletes.ndjson (wire's).
Status CheckTenant(std::string_view tenant);

struct Options {
  // Bytes of text gathered in memory, all tenants together, before a segment is cut.
  uint64_t segment_bytes = 64 << 20;
  // Zstandard level of segments.
  int level = 3;
  // What Commit waits for. kInterval and kOff leave what it logged to the system: a killed process
  // loses nothing, a machine that crashes what was committed within sync_interval_ns, or since the
  // system last wrote of its own accord (30 s for Linux). Segments are durable in any case.
  enum class Sync { kAlways, kInterval, kOff };
  Sync sync = Sync::kAlways;
  int64_t sync_interval_ns = 1'000'000'000;
  // Memory is cut into a segment when the oldest entry in it came so long ago, or the newest; 0:
  // never. Per tenant.
  int64_t max_age_ns = 0;
  int64_t max_idle_ns = 0;
  // Whether a thread does the above; else Tick does.
  bool background = true;
  // Whether a thread merges segments when they become many (MergeGoal::kDue), and when none was cut
  // for merge_idle_ns all that are not in their final form (kIdle); 0: never.
  bool merge = false;
  int64_t merge_idle_ns = int64_t{3600} * 1'000'000'000;
  // The same thread applies what this gives, every so often; called by any thread. Empty: nobody
  // does.
  std::function<std::shared_ptr<const RetentionPolicy>()> retention;
  int64_t retention_interval_ns = int64_t{600} * 1'000'000'000;
  // So many tenants may be there, then Append makes no more; 0: no end. Each takes a folder, and a
  // descriptor while entries of it are in memory.
  size_t max_tenants = 0;
};

// An entry to be stored. Views are copied by Append.
struct NewEntry {
  const LabelSet* stream = nullptr;  // of any table
  int64_t ts_ns = 0;
  std::string_view line;
  std::string_view meta;    // raw JSON object of strings, "" or "{}" where there is none
  std::string_view src_id;  // "" where the entry has no src
  uint64_t src_next = 0;
  // The store was or is given every line of the file from this offset on up to this one (of those
  // that belong to this stream); kNotWhole where some may have been left out, or may come later.
  // What is given whole needs no memory of its single lines. A false claim may lose lines: given in
  // parts that may overtake each other, each may claim only what is in it.
  static constexpr uint64_t kNotWhole = UINT64_MAX;
  uint64_t src_whole_from = kNotWhole;
};

// Counts are added to, so that one result may serve many calls.
struct AppendResult {
  uint64_t added = 0;
  // Entries with a src that the store holds already. Within the stream and the source ID each NEXT
  // is taken once, in any order. In a part of a file that a process which has ended was given whole
  // nothing is taken any more; in one of the same process what comes late all the same is, if it is
  // not much later.
  uint64_t duplicates = 0;
  // Where it is not nullptr, those of the entries that were duplicates are appended, by index.
  std::vector<size_t>* duplicate_indexes = nullptr;
};

struct MergeRequest {
  std::string tenant;  // "": all
  MergeGoal goal = MergeGoal::kDue;
  size_t max_merges = SIZE_MAX;
  std::function<bool()> cancelled;  // asked every few milliseconds; may be empty
};
struct MergeReport {
  uint64_t merges = 0;
  uint64_t entries = 0;     // of what was written, each time
  uint64_t repeats = 0;     // equal entries that are one now
  uint64_t bytes_read = 0;  // of files
  uint64_t bytes_written = 0;
  std::vector<std::string> damage;  // segments with damage stay as they are
};

struct DeleteRequest {
  std::string tenant{kDefaultTenant};
  std::vector<logql::Matcher> matchers;    // none: all streams
  std::vector<logql::LineFilter> filters;  // none: all lines
  logql::TimeRange range;
  std::function<bool()> cancelled;  // asked every few milliseconds; may be empty
};
// Of what was deleted or beyond its retention. Counts are added to.
struct DropReport {
  uint64_t entries = 0;                        // that went
  uint64_t segments = 0;                       // that were rewritten
  uint64_t bytes_before = 0, bytes_after = 0;  // of these
  std::vector<std::string> damage;             // segments with damage stay as they are
};

// How a store is, for who watches it.
struct Figures {
  uint64_t tenants = 0;
  uint64_t segments = 0;      // files, of all tenants
  uint64_t memory_bytes = 0;  // of what is in no segment yet, about
  uint64_t merges = 0;        // by the background, since Open
  uint64_t background_errors = 0;
  std::string last_background_error;  // "" where there was none; what failed is tried again
};

class Store {
 public:
  // Makes the folder where it is missing, takes the lock, and turns what a killed process left in
  // write-ahead logs into segments. Errors: Code::kIo; the message names the holder of the lock.
  static Result<std::unique_ptr<Store>> Open(const std::string& dir, Options options = {});
  // Without Close, entries that were not committed are lost.
  virtual ~Store() = default;

  // Takes the entries into memory, all or (with an error) none; not durable yet. Any order of time.
  // Errors: Code::kUsage for a bad tenant; Code::kLimit for one more than Options::max_tenants;
  // Code::kIo where a segment had to be cut first to make
  // room and could not be written.
  virtual Status Append(std::string_view tenant, std::span<const NewEntry> entries,
                        AppendResult* result) = 0;
  // What entries claimed by src_whole_from since the store was opened turned out not to be so:
  // their single points count instead, as far as they are still known (about the last million).
  virtual void DropClaims(std::string_view tenant) = 0;
  // When OK, every entry appended before the call survives a crash (of what: Options::sync).
  virtual Status Commit() = 0;
  // Does what time has made due. Called often, with any clock that does not go back.
  virtual Status Tick(int64_t now_ns) = 0;
  // Writes all that is in memory into segments.
  virtual Status Flush() = 0;
  // Merges segments until the goal is reached; counts are added to the report. Errors: I/O;
  // Code::kCancelled. The store is as good as before then.
  virtual Status Merge(const MergeRequest& request, MergeReport* report) = 0;
  // Removes what matches of all that was appended before the call: from the answers of snapshots to
  // come and from the disk. It does not come back with the same src. Entries that are equal, and of
  // which queries give one, count each. Errors: I/O; Code::kCancelled, then some of it may be gone.
  virtual Status Delete(const DeleteRequest& request, DropReport* report) = 0;
  // Removes what is beyond the policy at this time. `exact`: to the entry; else as far as it pays
  // (store/drop_rules.h). What goes because of max_bytes goes by whole segments or blocks, to 95 %
  // of it; logs of what is in no segment yet, and catalogues, count, but do not go. Positions of
  // sources stay.
  virtual Status Retain(const RetentionPolicy& policy, int64_t now_ns, bool exact,
                        const std::function<bool()>& cancelled, DropReport* report) = 0;
  // All entries appended so far (committed or not), as they are now, whatever is appended, cut or
  // removed later. A tenant that is not there is an empty one.
  virtual Result<std::shared_ptr<logql::EntrySource>> Snapshot(std::string_view tenant) = 0;
  // Flush, then gives the lock back. No other call afterwards.
  virtual Status Close() = 0;

  virtual Figures figures() = 0;
  // What Open found damaged and left aside.
  virtual const std::vector<std::string>& warnings() const = 0;
};

}  // namespace glp::store
