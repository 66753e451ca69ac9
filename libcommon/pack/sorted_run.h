// Entries of one stream, sorted by time: a block of a file, or what a store holds of the stream in
// memory. Runs are merged by pack/merge.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "logql/source.h"
#include "pack/block_reader.h"
#include "pack/buffer.h"
#include "pack/text_search.h"

namespace glp::pack {

// What a load works with. Threads: one at a time; each has its own.
struct LoadTools {
  BlockLoader loader;
  std::unique_ptr<Block> spare;  // its memory is used for the next block
  std::vector<uint32_t> passing;
  TextSearch::Selection selection;
  Buffer text;  // lines that were rebuilt
  std::vector<uint32_t> starts;
};

// Threads: one at a time; runs may be loaded by several threads, each by one.
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
  bool distinct = false;                 // no two are known to be equal
  bool compares = false;                 // its lines will be compared with others: they stay whole
  std::span<const uint32_t> per_minute;  // BlockInfo's

  // Finds the entries in the request's range; those that its line filters surely refuse may be
  // left out. Adds what was looked at to the stats. Errors: Code::kData for damage, I/O.
  virtual Status Load(const logql::ScanRequest& request, LoadTools* tools,
                      logql::ScanStats* stats) = 0;
  // Makes Text work after a Load without want_lines.
  virtual Status LoadText(LoadTools* tools) = 0;
  // Sets line and meta of entry `i`; views are good as long as the run.
  virtual void Text(size_t i, logql::Entry* entry) const = 0;

  size_t size() const { return size_; }
  // Memory that Load will take, about; before it.
  virtual size_t load_bytes() const = 0;
  // Memory that a loaded run holds, about.
  virtual size_t bytes() const = 0;
  int64_t time(size_t i) const { return times_[i]; }
  uint64_t tie(size_t i) const { return seqs_ != nullptr ? seqs_[i] : order; }

 protected:
  const int64_t* times_ = nullptr;
  const uint64_t* seqs_ = nullptr;
  size_t size_ = 0;
};

}  // namespace glp::pack
