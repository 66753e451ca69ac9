// Bodies of Loki's answers: streams, matrix, vector, label lists, series; each is one whole JSON
// text. Used by the server and by `glp-query -o loki`.
// Threads: objects one at a time, functions safe from any.
// Units:   sample times are seconds with milliseconds behind the point, log times nanoseconds.
// Format:  Loki 3.7 HTTP API, answers without `categorize-labels`: structured metadata is merged
//          into the labels of the stream, and so is what the query's parsers extracted, so one
//          stored stream may become several. `stats` holds only figures that are known.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/strings.h"
#include "logql/eval.h"
#include "logql/source.h"
#include "record/labels.h"

namespace glp::wire {

// The answer of a log query: entries in the order of Add within a stream, streams sorted by their
// labels. Lines that are not UTF-8 cannot stand in JSON: their bad bytes are replaced by U+FFFD and
// the answer says so in `warnings`.
// Lifetime: copies what it needs; the LabelSets added must live until Finish.
class StreamsBody {
 public:
  void Add(const logql::Entry& entry);
  uint64_t entries() const { return entries_; }
  size_t size_bytes() const { return size_bytes_; }  // of the text so far, about
  // `seconds`: how long the query took. Ends the object's use.
  std::string Finish(const logql::ScanStats& stats, double seconds);

 private:
  struct Stream {
    std::string selector;  // sort key
    std::string labels;    // JSON
    std::string values;    // ["ns","line"],…
  };
  size_t Find(const logql::Entry& entry);
  size_t Intern(const Labels& labels);

  std::vector<Stream> streams_;
  StringMap<size_t> by_selector_;
  std::unordered_map<const LabelSet*, StringMap<size_t>> by_parts_;  // by metadata and fields
  const LabelSet* last_set_ = nullptr;
  std::string last_parts_, parts_;
  size_t last_ = 0;
  uint64_t entries_ = 0;
  uint64_t changed_lines_ = 0;
  uint64_t bad_meta_ = 0;
  size_t size_bytes_ = 0;
};

// The answers of metric queries. VectorBody takes the first sample of each series.
std::string MatrixBody(const std::vector<logql::Series>& series, const logql::ScanStats& stats,
                       double seconds);
std::string VectorBody(const std::vector<logql::Series>& series, const logql::ScanStats& stats,
                       double seconds);
// {"resultType":"scalar","result":[seconds,"value"]}: of the first sample there is.
std::string ScalarBody(const std::vector<logql::Series>& series, const logql::ScanStats& stats,
                       double seconds);
// One of the two: a query that is a number has a scalar.
std::string InstantBody(const logql::MetricExpr& query, const std::vector<logql::Series>& series,
                        const logql::ScanStats& stats, double seconds);

// {"status":"success","data":[…]}; without "data" where there is nothing, as Loki.
std::string NamesBody(const std::vector<std::string>& names);
// {"status":"success","data":[{…},…]} in the order given.
std::string SeriesBody(const std::vector<const LabelSet*>& series);

}  // namespace glp::wire
