// Where a query reads entries: a store, a pack, records on stdin. The seam between the language
// and what holds the data; sources implement it, the evaluator (logql/eval.h) only knows this.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/pattern.h"
#include "record/labels.h"

namespace glp {
class ThreadPool;  // base/thread_pool.h
}

namespace glp::logql {

struct Matcher;     // logql/ast.h
struct LineFilter;  // logql/ast.h

enum class Direction { kForward, kBackward };

// Half open: start_ns <= ts_ns < end_ns.
struct TimeRange {
  int64_t start_ns = std::numeric_limits<int64_t>::min();
  int64_t end_ns = std::numeric_limits<int64_t>::max();
  bool Contains(int64_t ts_ns) const { return start_ns <= ts_ns && ts_ns < end_ns; }
};

struct Entry {
  int64_t ts_ns;
  // nullptr: no entry but a point in time that all entries to come lie behind or at; only sources
  // that follow give such (ScanRequest::follows).
  const LabelSet* stream;
  std::string_view line;
  std::string_view meta;         // raw JSON object of strings, "" where there is none
  std::string_view fields = {};  // what was parsed, the same: that of a record, or of the query
};

// All that is looked at of a line: what some captures of a pattern find in it.
struct WantedCaptures {
  codec::PatternParser pattern;
  std::vector<bool> wanted;  // of pattern.names()
};

struct ScanRequest {
  std::vector<Matcher> matchers;  // all must hold; none: every stream
  TimeRange range;
  Direction direction = Direction::kBackward;
  // Hints: lines that do not pass these are not wanted. A source may use them to skip blocks and
  // lines, or leave all of them to the evaluator, which applies them again.
  std::vector<LineFilter> line_filters;
  // False: only times, streams and fields are wanted (count_over_time without a filter);
  // Entry::line and Entry::meta may be left empty, so that columns of text need not be read. What
  // was parsed hides a stream's labels, so where there is something of it, it is part of the
  // answer.
  bool want_lines = true;
  // The source applies all of `line_filters` itself, to the letter: only entries that pass are
  // given. Together with want_lines == false the answer needs no text where templates decide. Only
  // for sources that say AppliesFilters().
  bool exact_filters = false;
  // A hint for sources that say AppliesFilters(): lines that are given may be others in which the
  // wanted captures find the same, or nothing where they found nothing. nullptr: they are looked at
  // in other ways.
  std::shared_ptr<const WantedCaptures> captures;
  // Above zero: the order matters only as far as buckets of time go (below): entries of one bucket
  // may come in any order, buckets come in theirs. Only forward.
  int64_t bucket_width_ns = 0;
  int64_t bucket_first_ns = 0;
  // No more entries are wanted; 0: all. A hint. Not together with filters that are only hints.
  uint64_t limit = 0;
  // The evaluator takes entries without a stream, which tell how far the time has come.
  bool follows = false;
  // Asked between blocks, and often enough that a scan ends within 100 ms of its first `true`, with
  // Code::kCancelled. Safe from any thread. May be empty.
  std::function<bool()> cancelled;
  // For blocks that will be needed soon; nullptr: the caller's thread does it all. Must outlive the
  // cursor. What a scan gives does not depend on it.
  ThreadPool* pool = nullptr;
};

// What a scan would look at, told without reading it. Bytes as they are stored.
struct ScanPlan {
  uint64_t streams = 0;         // that match
  uint64_t streams_total = 0;   // that are there
  uint64_t blocks = 0;          // that must be read
  uint64_t blocks_stream = 0;   // left out: of other streams
  uint64_t blocks_time = 0;     // left out: of another time
  uint64_t blocks_filter = 0;   // left out: no line can pass the filters
  uint64_t bytes = 0;           // of the columns that must be read
  uint64_t bytes_total = 0;     // of all blocks
  uint64_t entries = 0;         // in the blocks that must be read
  uint64_t memory_entries = 0;  // of these, not in blocks yet
};

// What a scan looked at and could not give.
struct ScanStats {
  uint64_t entries = 0;     // looked at
  uint64_t line_bytes = 0;  // of these, where their lines were wanted
  uint64_t meta_bytes = 0;  // the same of metadata, as JSON
  // Of all these what was not in blocks yet.
  uint64_t memory_entries = 0;
  uint64_t memory_line_bytes = 0;
  uint64_t memory_meta_bytes = 0;
  uint64_t blocks_read = 0;
  uint64_t blocks_skipped = 0;
  uint64_t stored_bytes = 0;          // of the blocks read; only times wanted: up to their end
  uint64_t duplicates = 0;            // left out: equal to another of their stream
  std::vector<std::string> warnings;  // damage: the answer is not complete

  // All but the warnings.
  void AddFigures(const ScanStats& from) {
    entries += from.entries;
    line_bytes += from.line_bytes;
    meta_bytes += from.meta_bytes;
    memory_entries += from.memory_entries;
    memory_line_bytes += from.memory_line_bytes;
    memory_meta_bytes += from.memory_meta_bytes;
    blocks_read += from.blocks_read;
    blocks_skipped += from.blocks_skipped;
    stored_bytes += from.stored_bytes;
    duplicates += from.duplicates;
  }
};

// Entries in the order of time (direction), equal times in the order of arrival (reversed when
// backward), batch by batch.
// Lifetime: the entries of a batch are good until the next call. Threads: one at a time.
class EntryCursor {
 public:
  virtual ~EntryCursor() = default;
  // Fills `batch` (cleared first); empty is the end. Errors: I/O. Damaged blocks are skipped and
  // said in stats().warnings.
  virtual Status Next(std::vector<Entry>* batch) = 0;
  virtual const ScanStats& stats() const = 0;
};

// How many entries there are, by stream and by bucket of time. Bucket i has the times above
// first + i * width and up to first + (i + 1) * width, as windows of LogQL.
struct CountRequest {
  std::vector<Matcher> matchers;
  std::vector<LineFilter> line_filters;  // applied to the letter. Prepared
  // The streams' labels must be all that tells entries apart: where one of the streams may have
  // metadata within these times, there is no answer.
  std::optional<TimeRange> no_meta;
  int64_t first_ns = 0;
  int64_t width_ns = 0;
  size_t buckets = 0;
  std::function<bool()> cancelled;  // as ScanRequest's
  ThreadPool* pool = nullptr;
};
// Of one stream, from a bucket on: the others have none.
struct StreamCounts {
  const LabelSet* stream;
  size_t first = 0;
  std::vector<uint64_t> counts;
};
struct Counts {
  std::vector<StreamCounts> streams;  // each once, in no order
  ScanStats stats;
};

// Some entries of a stream as the source keeps them: a block, or what is in memory.
struct StreamPart {
  const LabelSet* stream = nullptr;
  int64_t min_ts_ns = 0;
  int64_t max_ts_ns = 0;
  uint64_t entries = 0;
  uint64_t line_bytes = 0;
};
struct StreamParts {
  std::vector<StreamPart> parts;  // in no order
  std::vector<std::string> warnings;
};

// Lifetime: label sets live as long as the source. Threads: one at a time.
class EntrySource {
 public:
  virtual ~EntrySource() = default;
  virtual Result<std::unique_ptr<EntryCursor>> Scan(ScanRequest request) = 0;
  // Whether it takes ScanRequest::exact_filters, and does itself what needs whole lines.
  virtual bool AppliesFilters() const { return false; }
  // The streams that match and have an entry in the range (block granularity is enough).
  virtual Result<std::vector<const LabelSet*>> Streams(const std::vector<Matcher>& matchers,
                                                       TimeRange range) = 0;
  // Counts without giving entries, from what is counted already where that will do. Nothing where
  // the source cannot, or may have entries with fields; the evaluator scans then. Entries that a
  // scan would give once count once. Only asked of sources that say AppliesFilters().
  virtual Result<std::optional<Counts>> Count(const CountRequest& /*request*/) {
    return std::optional<Counts>();
  }
  // The parts that match and overlap the range, whole, from what is known without reading entries.
  // Entries that a scan would give once may be in several. Nothing where the source cannot tell.
  virtual Result<std::optional<StreamParts>> Parts(const std::vector<Matcher>& /*matchers*/,
                                                   TimeRange /*range*/) {
    return std::optional<StreamParts>();
  }
  // Errors: Code::kUsage where it cannot be told beforehand, as of a pipe or a server.
  virtual Result<ScanPlan> Plan(const ScanRequest& /*request*/) {
    return UsageError("what a query will read can be told of stores and .glp files only");
  }
};

}  // namespace glp::logql
