// Records read from a descriptor as a source of entries.
// Streaming: entries pass in the order of arrival and nothing is kept; one scan, forward only.
// Collecting: all entries that the query can want are read at the first use, kept in memory
// (line and metadata bytes and 32 bytes each) and sorted by time, stably.
// Lifetime: label sets and, when collecting, entries live as long as the source.
// Threads:  one at a time.
// Errors:   I/O; Code::kCancelled when a stop is asked for while collecting. Lines that are no
//           records and gap marks make the run incomplete, they are not errors.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/main.h"
#include "logql/ast.h"
#include "logql/source.h"
#include "record/reader.h"
#include "set_translator.h"

namespace glp::query {

struct StdinOptions {
  bool streaming = false;
  // What the query can want: anything else need not be kept.
  std::vector<logql::Matcher> matchers;
  std::vector<logql::LineFilter> line_filters;
  logql::TimeRange range;
  // False: no entry's line will be looked at; it is left empty. REQUIRES: no line filters then.
  bool want_lines = true;
  // Called before a wait for input that may be long: the time to flush what was printed.
  std::function<Status()> before_wait;
};

// Bytes that stay where they are until Clear.
class Arena {
 public:
  // Room for `size` bytes.
  char* Allocate(size_t size);
  void Clear();

 private:
  static constexpr size_t kChunkBytes = 1 << 20;
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    size_t size;
  };
  std::vector<Chunk> chunks_;
  size_t used_ = 0;  // of the last chunk
};

class StdinSource : public logql::EntrySource {
 public:
  // Bad records and gap marks are told to `context`, which outlives this.
  StdinSource(int fd, StdinOptions options, cli::Context* context);

  Result<std::unique_ptr<logql::EntryCursor>> Scan(logql::ScanRequest request) override;
  // REQUIRES: not streaming.
  Result<std::vector<const LabelSet*>> Streams(const std::vector<logql::Matcher>& matchers,
                                               logql::TimeRange range) override;

 private:
  friend class StreamCursor;
  friend class KeptCursor;
  // An entry at rest: `text` is its line, its metadata right behind.
  struct Kept {
    int64_t ts_ns;
    const char* text;
    uint32_t line_size;
    uint32_t meta_size;
    uint32_t set;
  };

  // The next batch of entries that the query can want, decoded; empty at the end. Good until the
  // next call.
  Status ReadEntries(std::vector<logql::Entry>* batch);
  void Take(const Record& record, std::vector<logql::Entry>* batch);
  Status Collect();

  StdinOptions options_;
  cli::Context* context_;
  LabelTable read_labels_;  // the reader clears it as it likes
  LabelTable labels_;
  RecordReader reader_;
  SetTranslator translator_;
  uint64_t generation_ = 0;
  std::vector<int8_t> wanted_;         // by id of a set: -1 not known yet
  std::vector<const LabelSet*> sets_;  // by id; nullptr for sets without an entry
  std::string scratch_;
  Arena batch_arena_;
  bool collected_ = false;
  Arena arena_;
  std::vector<Kept> kept_;  // sorted by time
  logql::ScanStats stats_;
};

}  // namespace glp::query
