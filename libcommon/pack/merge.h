// Many runs of entries, each of one stream and sorted by time, as one cursor in the order of time.
// A run is loaded when the merge reaches its first time, so a caller that stops early leaves the
// rest unread. The store's memory and blocks of files are runs alike.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "logql/ast.h"
#include "logql/source.h"
#include "pack/block_reader.h"

namespace glp::pack {

// What runs share while they are read.
struct ScanContext {
  logql::ScanRequest request;
  logql::ScanStats stats;
  BlockLoader loader;
  std::unique_ptr<Block> spare;  // its memory is used for the next block
};

class SortedRun {
 public:
  virtual ~SortedRun() = default;

  // Before Load: bounds of the times in it, inclusive.
  int64_t min_ts_ns = 0;
  int64_t max_ts_ns = 0;
  const LabelSet* stream = nullptr;
  // Order of arrival for equal times: by group (file), then by seqs() or, without, by `order`.
  uint32_t group = 0;
  uint64_t order = 0;
  // Each entry came with a src, so that equal ones are different entries.
  bool exact = false;

  // Finds the entries in the request's range; those that its line filters surely refuse may be
  // left out. Adds what was looked at to the stats. Errors: Code::kData for damage, I/O.
  virtual Status Load(ScanContext* context) = 0;
  // Makes Text work after a Load without want_lines.
  virtual Status LoadText(ScanContext* context) = 0;
  // Sets line and meta of entry `i`; views are good as long as the run.
  virtual void Text(size_t i, logql::Entry* entry) const = 0;

  size_t size() const { return size_; }
  // Memory that a loaded run holds, about.
  virtual size_t bytes() const = 0;
  int64_t time(size_t i) const { return times_[i]; }
  uint64_t tie(size_t i) const { return seqs_ != nullptr ? seqs_[i] : order; }

 protected:
  const int64_t* times_ = nullptr;
  const uint64_t* seqs_ = nullptr;
  size_t size_ = 0;
};

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
    bool loaded;
    size_t at;
  };
  static bool Before(const Item& a, const Item& b) {
    if (a.key != b.key) return a.key < b.key;
    // Where in the order of arrival a run begins is known only when it is loaded.
    if (a.loaded != b.loaded) return !a.loaded;
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
  void SiftDown(size_t at);
  void PopTop();
  Status LoadTop();
  bool IsRepeat(const Item& item);
  bool IsNew(Equals* equals, const Place& place);
  bool IsNewText(Equals* equals, const Place& place);
  std::optional<TextHash> HashOf(const Place& place);

  std::unique_ptr<ScanContext> context_;
  bool backward_;
  bool collapse_;
  std::vector<std::unique_ptr<SortedRun>> runs_;
  std::vector<Item> heap_;
  // Runs at their end: views of the batch given out last point into them, and repeats of the time
  // the merge stands at are told by them.
  std::vector<std::unique_ptr<SortedRun>> done_;
  size_t done_bytes_ = 0;
  bool at_time_ = false;  // the four below are set
  int64_t time_key_ = 0;
  const LabelSet* first_stream_ = nullptr;
  Place first_;
  std::unordered_map<const LabelSet*, Equals> equals_;  // filled from the second entry on
};

}  // namespace glp::pack
