// Many runs of entries, each of one stream and sorted by time, as one cursor in the order of time.
// A run is taken when the merge reaches its first time, so a caller that stops early leaves the
// rest unread (but see pack/read_ahead.h). The store's memory and blocks of files are runs alike.
// Threads: one at a time; runs are loaded on the request's pool.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "logql/block_search.h"
#include "logql/source.h"
#include "pack/line_cut.h"
#include "pack/read_ahead.h"
#include "pack/sorted_run.h"
#include "pack/text_search.h"

namespace glp::pack {

// What runs share while they are read.
struct ScanContext {
  explicit ScanContext(logql::ScanRequest scan);

  const logql::ScanRequest request;
  const logql::BlockSearch search;  // for the request's line filters
  const TextSearch text_search;     // the same, in templates and values
  std::optional<LineCut> cut;       // for the captures that it wants
  logql::ScanStats stats;
};

// The runs that may have an entry equal to one of another run, or two equal ones, of which not each
// is to be given (MergeCursor): as numbers of `runs`, rising.
std::vector<size_t> RunsToCollapse(const std::vector<std::unique_ptr<SortedRun>>& runs);

class MergeCursor : public logql::EntryCursor {
 public:
  // `collapse`: of entries equal in stream, time, line and meta those of exact runs are given
  // each; others once, and not at all where an exact one is there. So the number does not depend on
  // the direction.
  MergeCursor(std::unique_ptr<ScanContext> context, std::vector<std::unique_ptr<SortedRun>> runs,
              bool collapse);

  Status Next(std::vector<logql::Entry>* batch) override;
  const logql::ScanStats& stats() const override { return context_->stats; }

 private:
  // Keys rise in the direction of the scan: times and ties are inverted when it goes backward.
  struct Item {
    int64_t key;
    uint64_t tie;
    uint32_t group;
    uint32_t run;  // index into runs_
    size_t at;
  };
  static bool Before(const Item& a, const Item& b) {
    if (a.key != b.key) return a.key < b.key;
    if (a.group != b.group) return a.group < b.group;
    if (a.tie != b.tie) return a.tie < b.tie;
    return a.run < b.run;
  }
  struct TextHash {
    uint64_t line;
    uint64_t meta;
    bool operator==(const TextHash&) const = default;
  };
  struct TextHashHash {
    size_t operator()(const TextHash& hash) const { return hash.line ^ hash.meta; }
  };
  struct Place {
    SortedRun* run = nullptr;
    size_t at = 0;
  };
  // Entries of one stream at the time the merge stands at. They are hashed when there are two of
  // which one is not exact.
  struct Equals {
    std::vector<Place> unhashed;
    bool all_exact = true;
    bool hashed = false;
    // Whether what was given of the text was not exact: the next exact one is the same then.
    std::unordered_map<TextHash, bool, TextHashHash> seen;
  };

  // Sets key and tie to the entry at `item->at`.
  void TakeKey(Item* item) const;
  // To the next entry; false where there is none.
  bool Advance(Item* item) const;
  void SiftUp(size_t at);
  void SiftDown(size_t at);
  // The run goes as soon as nobody looks at its entries.
  void Finish(uint32_t run);
  void PopTop();
  // The next run of the order must be there before an entry with this key is given.
  bool NeedsRunBefore(int64_t key) const {
    return next_ < order_.size() && KeyOf(*runs_[order_[next_]]) <= key;
  }
  // Of the first entry that a run may have.
  int64_t KeyOf(const SortedRun& run) const { return backward_ ? ~run.max_ts_ns : run.min_ts_ns; }
  // The next run of the order, at its first entry; nothing where it has none.
  Result<std::optional<Item>> LoadNext();
  // Entries in the order of time, up to so many, and in that of buckets of time.
  Status NextInOrder(size_t limit, std::vector<logql::Entry>* batch);
  Status NextInBuckets(size_t limit, std::vector<logql::Entry>* batch);
  // Loads what the next bucket may need. False: there is none.
  Result<bool> OpenBucket();
  int64_t BucketEnd(int64_t ts_ns) const;
  void Give(const SortedRun& run, size_t at, std::vector<logql::Entry>* batch) const;
  bool IsRepeat(const Item& item);
  bool IsNew(Equals* equals, const Place& place);
  bool IsNewText(Equals* equals, const Place& place);
  std::optional<TextHash> HashOf(const Place& place);

  std::unique_ptr<ScanContext> context_;
  bool backward_;
  std::vector<std::unique_ptr<SortedRun>> runs_;
  std::vector<bool> collapses_;  // by number of the run; empty: none does
  uint64_t left_;                // entries that are wanted
  std::vector<uint32_t> order_;  // of runs_, by the first time they may have
  size_t next_ = 0;              // in order_: not loaded yet
  std::vector<Item> heap_;       // the loaded runs; in buckets in no order
  bool in_buckets_ = false;
  size_t in_bucket_ = 0;       // in heap_: the run that is read
  int64_t bucket_end_ns_ = 0;  // the last time of the bucket
  // Runs at their end: views of the batch given out last point into them, and repeats of the time
  // the merge stands at are told by them.
  std::vector<std::unique_ptr<SortedRun>> done_;
  size_t done_bytes_ = 0;
  bool at_time_ = false;  // the four below are set
  int64_t time_key_ = 0;
  const LabelSet* first_stream_ = nullptr;
  Place first_;
  std::unordered_map<const LabelSet*, Equals> equals_;  // filled from the second entry on
  std::optional<ReadAhead> loads_;                      // goes before the runs do
};

}  // namespace glp::pack
