// Loki's answers, read: log lines, samples, what a tail says, lists.
// Lifetime: entries live as long as the answer's `memory`, their label sets as long as the table.
// Threads:  pure functions but for the table.
// Errors:   Code::kData: not what the API says.
// Format:   Loki 3.7 HTTP API; entries with `categorize-labels` and without.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "logql/eval.h"
#include "logql/fields.h"
#include "logql/patterns.h"
#include "logql/source.h"
#include "logql/volume.h"
#include "record/labels.h"

namespace glp::wire {

// An entry as a server gives it. Entry::meta and Entry::fields are canonical JSON, "" for none.
using LokiEntry = logql::Entry;

// What a server says that an answer cost it; 0 where it says nothing.
struct LokiFigures {
  uint64_t bytes = 0;    // of lines looked at
  uint64_t entries = 0;  // of these
  double seconds = 0;

  void Add(const LokiFigures& other) {
    bytes += other.bytes;
    entries += other.entries;
    seconds += other.seconds;
  }
};

struct LokiAnswer {
  enum class Type { kStreams, kMatrix, kVector, kScalar };
  Type type = Type::kStreams;
  std::vector<LokiEntry> entries;     // kStreams: stream by stream, as the server gave them
  std::vector<logql::Series> series;  // the others; kScalar: one without labels
  std::string body;                   // not kStreams: the answer as it came
  std::vector<std::string> warnings;  // the server's own
  LokiFigures figures;
  std::shared_ptr<const void> memory;  // what the entries' views look into
};
// `labels` gets the streams' labels.
Result<LokiAnswer> ParseLokiAnswer(std::string body, LabelTable* labels);

// A message of /tail.
struct TailMessage {
  std::vector<LokiEntry> entries;  // in the order of time
  // What this reader was too slow for.
  struct Dropped {
    int64_t ts_ns;
    Labels labels;
  };
  std::vector<Dropped> dropped;
  std::shared_ptr<const void> memory;
};
Result<TailMessage> ParseTailMessage(std::string body, LabelTable* labels);

// {"data":["a",…]}: labels, label values; and {"values":["a",…]}: values of a detected field.
Result<std::vector<std::string>> ParseNames(std::string_view body);
Result<std::vector<const LabelSet*>> ParseSeries(std::string_view body, LabelTable* labels);
Result<logql::IndexStats> ParseIndexStats(std::string_view body);
Result<std::vector<logql::DetectedField>> ParseDetectedFields(std::string_view body);
Result<std::vector<logql::PatternSeries>> ParsePatterns(std::string_view body);

// A request to delete lines, as the list of them says.
struct DeleteRequest {
  std::string id, query, status;
  int64_t start_ns = 0, end_ns = 0, created_ns = 0;
};
Result<std::vector<DeleteRequest>> ParseDeletes(std::string_view body);

}  // namespace glp::wire
