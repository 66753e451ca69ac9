// Entries in memory that are in no segment yet, by stream, in the order of arrival.
// Lifetime: text and rows stay where they are until the table is gone, so a view taken while more
//           is added stays good; whoever takes a view holds a shared_ptr to the table.
// Threads:  one at a time for Add and View; what a view shows may be read by any thread meanwhile.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "pack/index.h"
#include "pack/merge.h"
#include "pack/varint.h"
#include "record/labels.h"
#include "store/range_set.h"

namespace glp::store {

struct MemRow {
  int64_t ts_ns;
  const char* text;  // line, then meta
  uint32_t line_size;
  uint32_t meta_size;
  std::string_view line() const { return {text, line_size}; }
  std::string_view meta() const { return {text + line_size, meta_size}; }
};

// The rows of a stream from `begin` to `end` as they were at a point in time.
struct MemView {
  const LabelSet* stream = nullptr;
  bool exact = false;  // each row came with a src
  std::vector<std::pair<const MemRow*, size_t>> parts;
  size_t rows = 0;
  int64_t min_ts_ns = 0;
  int64_t max_ts_ns = 0;
  bool sorted = true;
};

// What the rows of a stream add to what is held of a source, for the log and the segment.
class MemSource {
 public:
  // The entry that ends at `next` is among the rows.
  void AddPoint(uint64_t next) {
    pack::AppendVarint(&points_, pack::ZigZag(static_cast<int64_t>(next - last_)));
    last_ = next;
  }
  // All of the range is held: its points need not be told.
  void AddRange(Range range);
  // What earlier segments and this table say of the source is void.
  void Restart();
  // What a log says.
  void Take(const pack::Position& position);

  // The same as positions of the footer.
  void AppendPositions(const std::string& id, std::vector<pack::Position>* out) const;
  // What is not logged yet, as positions.
  void AppendUnlogged(const std::string& id, std::vector<pack::Position>* out) const;
  // How much there is.
  struct Mark {
    uint32_t restarts = 0;
    size_t points_size = 0;
    uint64_t last = 0;
    size_t ranges = 0;
    uint64_t last_end = 0;  // of the last range
  };
  Mark Now() const;
  // What was there at `mark` is logged.
  void SetLogged(const Mark& mark);

 private:
  // What is behind `mark`.
  void AppendFrom(const Mark& mark, const std::string& id, std::vector<pack::Position>* out) const;
  uint32_t restarts_ = 0;
  uint64_t last_ = 0;
  std::string points_;         // as in pack::Position, the first to 0
  std::vector<Range> ranges_;  // in the order in which they came; the last may grow
  Mark logged_;
};

class MemStream {
 public:
  MemStream(const LabelSet* labels, bool exact) : labels_(labels), exact_(exact) {}
  const LabelSet* labels() const { return labels_; }
  bool exact() const { return exact_; }
  size_t rows() const { return rows_; }
  uint64_t line_bytes() const { return line_bytes_; }
  // Rows from number `begin` on.
  MemView View(size_t begin = 0) const;
  // By source ID.
  StringMap<MemSource> sources;
  // Rows that stand in the write-ahead log.
  size_t logged = 0;

 private:
  friend class MemTable;
  void Add(const MemRow& row);
  const LabelSet* labels_;
  bool exact_;
  std::vector<std::pair<std::unique_ptr<MemRow[]>, size_t>> parts_;  // with their room
  size_t last_used_ = 0;                                             // of the last part
  size_t rows_ = 0;
  uint64_t line_bytes_ = 0;
  int64_t min_ts_ns_ = 0, max_ts_ns_ = 0, last_ts_ns_ = 0;
  bool sorted_ = true;
};

class MemTable {
 public:
  // `labels` must outlive the table. Entries that came with a src (`exact`) are apart from others.
  MemStream* Stream(const LabelSet* labels, bool exact);
  // Copies line and meta.
  void Add(MemStream* stream, int64_t ts_ns, std::string_view line, std::string_view meta);
  // Text that rows will point into.
  std::string_view Adopt(std::string text);
  // REQUIRES: `row.text` was adopted.
  void AddAdopted(MemStream* stream, const MemRow& row);

  uint64_t entries() const { return entries_; }
  // Memory, about.
  uint64_t bytes() const { return bytes_; }
  const std::deque<MemStream>& streams() const { return streams_; }
  std::deque<MemStream>& streams() { return streams_; }

 private:
  char* Room(size_t size);
  std::deque<MemStream> streams_;
  std::unordered_map<const LabelSet*, MemStream*> by_labels_[2];  // [exact]
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::deque<std::string> adopted_;
  char* room_ = nullptr;
  size_t room_left_ = 0;
  uint64_t entries_ = 0;
  uint64_t bytes_ = 0;
};

// All streams of a table as they were at a point in time.
struct MemSnapshot {
  std::shared_ptr<const MemTable> table;
  std::vector<MemView> streams;
};
MemSnapshot TakeSnapshot(std::shared_ptr<const MemTable> table);

// The rows of a view sorted by time, equal times in the order of arrival.
std::vector<MemRow> SortedRows(const MemView& view);

bool HasMeta(const MemView& view);
// Cost: a look at each row.
logql::StreamPart PartOf(const MemView& view);

// A view as part of a merge, without the lines that do not pass the search. Both must outlive the
// run.
std::unique_ptr<pack::SortedRun> MakeMemRun(const MemView* view, const logql::BlockSearch* search,
                                            uint32_t group, uint64_t order);

}  // namespace glp::store
