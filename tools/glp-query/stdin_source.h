// Records read from a descriptor as a source of entries.
// Streaming: entries pass in the order of arrival and nothing is kept; one scan.
// Collecting: all entries that the query can want are read at the first use, kept in memory (the
// bytes of line, metadata and fields, and 32 bytes each) and sorted by time, stably.
// Lifetime: label sets and, when collecting, entries live as long as the source.
// Threads:  one at a time.
// Errors:   I/O; Code::kCancelled when a stop is asked for while collecting; Code::kClosed where
//           the reader of the output is gone.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/arena.h"
#include "cli/main.h"
#include "entry_reader.h"
#include "logql/source.h"

namespace glp::query {

struct StdinOptions {
  bool streaming = false;
  EntryWants wants;  // what the query can want: nothing else is kept
  // The time to write out what was printed: called before a wait, and every 50 ms without one.
  std::function<Status()> before_wait;
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
  friend class KeptCursor;
  // An entry at rest: `text` is its line, its metadata and its fields, one behind the other.
  struct Kept {
    int64_t ts_ns;
    const char* text;  // nullptr: only says that an entry was here, whose line did not pass
    uint32_t line_size;
    uint32_t meta_size;
    uint32_t fields_size;
    uint32_t set;
  };
  static_assert(sizeof(Kept) == 32);

  Status Collect();
  // Of those that were dropped for their lines, as times only.
  void KeepEdges();

  StdinOptions options_;
  EntryReader reader_;
  bool collected_ = false;
  Arena arena_;
  std::vector<Kept> kept_;  // sorted by time
};

}  // namespace glp::query
