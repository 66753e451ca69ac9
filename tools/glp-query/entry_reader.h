// The entries of the records on a descriptor, in the order of arrival, of which those are given
// that a query can want.
// Lifetime: label sets live as long as the reader, the rest of an entry until the next Read.
// Threads:  one at a time.
// Errors:   I/O. Lines that are no records and gap marks make the run incomplete, they are not
//           errors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/arena.h"
#include "cli/main.h"
#include "logql/ast.h"
#include "logql/source.h"
#include "record/reader.h"
#include "set_translator.h"

namespace glp::query {

// What a part of a query looks at: these streams, and of them the lines that pass.
struct Want {
  std::vector<logql::Matcher> matchers;
  std::vector<logql::LineFilter> line_filters;  // made to run (logql::PrepareLineFilter)
};

struct EntryWants {
  std::vector<Want> any;  // an entry is wanted by one of them; none: every entry is
  logql::TimeRange range;
  // False: nobody will look at lines (metadata and fields); they are left empty.
  // REQUIRES of the first: no line filters then.
  bool lines = true, labels = true;
};

class EntryReader {
 public:
  // An entry of the streams that a part of the query looks at, whose line passed no filter.
  struct Edge {
    int64_t ts_ns;
    const LabelSet* stream;
  };
  struct Edges {
    std::optional<Edge> first, last;  // in time
  };
  // The times of all records of a batch, wanted or not.
  struct Span {
    int64_t oldest_ns, newest_ns;
  };

  // Bad records and gap marks are told to `context`, which outlives this.
  EntryReader(int fd, EntryWants wants, cli::Context* context);

  // What came, which may be no wanted entry; kTimeout after `timeout_ms` without anything.
  Result<io::ReadState> Read(int timeout_ms, std::vector<logql::Entry>* batch);
  // Of the last batch; nothing where it had no records.
  const std::optional<Span>& span() const { return span_; }
  // Of all that was read and dropped for its line: they still say where the data starts and ends.
  // One for each of EntryWants::any (one in all where that is empty).
  const std::vector<Edges>& dropped() const { return dropped_; }
  // The label sets of all entries in the range, by id; nullptr for ids without an entry.
  const std::vector<const LabelSet*>& sets() const { return sets_; }
  const logql::ScanStats& stats() const { return stats_; }

 private:
  static constexpr size_t kMostWants = 64;
  using Mask = uint64_t;  // of wants

  void Take(const Record& record, std::vector<logql::Entry>* batch);
  Mask WantsOf(const LabelSet* set);
  bool IsWanted(Mask mask, std::string_view line) const;
  void Drop(Mask mask, Edge edge);

  EntryWants wants_;
  cli::Context* context_;
  LabelTable read_labels_;  // the reader clears it as it likes
  LabelTable labels_;
  RecordReader reader_;
  SetTranslator translator_;
  uint64_t generation_ = 0;
  std::vector<const LabelSet*> sets_;
  std::vector<Mask> masks_;  // by id
  std::vector<Edges> dropped_;
  std::optional<Span> span_;
  std::string scratch_;
  Arena arena_;  // of the batch
  logql::ScanStats stats_;
};

}  // namespace glp::query
