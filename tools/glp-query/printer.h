// How results look: entries of log queries, one printer a format of -o.
//   default     TIME LABELS LINE, the labels that all streams share left out of each line; on a
//               terminal whose width is known labels take no more than half of what the time leaves
//   raw         the bytes of the line
//   jsonl       records
//   loki        the body of the API's answer, at the end
//   table, csv  entry_table.h, at the end
// or one of the charts of entry_chart.h.
// On a terminal no control character of a log gets through, whatever the format.
// Lifetime: a printer keeps label sets by address until ForgetStreams.
// Threads:  one at a time. Cost: no allocation an entry, but for those with metadata.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/output.h"
#include "logql/source.h"
#include "look.h"

namespace glp::query {

class EntryPrinter {
 public:
  virtual ~EntryPrinter() = default;
  // Appends to the output's buffer.
  virtual void Print(const logql::Entry& entry) = 0;
  // The label sets seen so far are about to go.
  virtual void ForgetStreams() {}
  // The streams that the entries will come from, where they are known beforehand. Returns the
  // labels that all of them share, which stand in no line from now on.
  virtual Labels SetStreams(const std::vector<const LabelSet*>&) { return {}; }
  // All entries were printed; `seconds` is what the query took.
  virtual Status Finish(const logql::ScanStats&, double /*seconds*/) { return Status::Ok(); }
};

// REQUIRES: `out` outlives the printer.
std::unique_ptr<EntryPrinter> MakeEntryPrinter(const Look& look, io::Output* out);

// Colours of streams and series; kNoColor ends one.
std::string_view ColorOf(uint64_t hash);
inline constexpr std::string_view kNoColor = "\x1b[0m";

// Appends `text` as it may go to a terminal; line ends stay.
void AppendForTerminal(std::string* out, std::string_view text);
// The same for JSON text, which stays JSON: control characters that JSON allows are escaped.
void AppendJsonForTerminal(std::string* out, std::string_view json);

}  // namespace glp::query
