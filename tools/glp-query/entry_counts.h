// How many entries there are in each step of time, counted as they pass.
// Where the step is not given it is found: counts are kept in fine steps, which grow so that a
// stream never has more than kMostFine of them, and are joined at the end to one of the steps that
// people count in (1, 2, 5, 10, 15, 30 seconds, …) that makes no more than kMostRows.
// Lifetime: copies what it needs. Threads: one at a time.
// Errors:   Code::kUsage where a given step makes more than a million rows.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/strings.h"
#include "chart.h"
#include "logql/source.h"
#include "record/labels.h"

namespace glp::query {

class EntryCounts {
 public:
  static constexpr uint64_t kMostRows = 50;
  static constexpr uint64_t kMostFine = 4096;
  static constexpr uint64_t kMostPoints = 1'000'000;

  // A side of the range that is not given is that of the entries. `by_stream`: a series a stream;
  // else one series of all.
  EntryCounts(const QueryTimes& times, bool by_stream);

  void Add(const logql::Entry& entry) {
    if (entry.stream == last_stream_ && first_ns_ <= entry.ts_ns && entry.ts_ns <= last_ns_) {
      ++*last_count_;
    } else {
      AddSlowly(entry);
    }
  }
  // The label sets seen so far are about to go.
  void ForgetStreams();

  struct Counts {
    Grid grid;  // of the starts of the steps
    // Sorted by labels. A stream's steps without an entry have no sample, those of all have 0.
    std::vector<logql::Series> series;
  };
  // Nothing where there was no entry.
  Result<std::optional<Counts>> Finish();

 private:
  using Buckets = std::unordered_map<int64_t, uint64_t>;  // by time / step, rounded down
  struct Stream {
    Labels labels;
    Buckets buckets;
  };
  void AddSlowly(const logql::Entry& entry);
  Buckets& BucketsOf(const LabelSet* stream);
  void Coarsen(int64_t step_ns);

  QueryTimes times_;
  bool by_stream_;
  int64_t step_ns_ = 1;
  bool is_fixed_ = false;
  int64_t lowest_ = 0, highest_ = 0;  // buckets
  bool any_ = false;
  bool too_many_ = false;
  std::vector<Stream> streams_;
  StringMap<size_t> by_json_;
  std::unordered_map<const LabelSet*, size_t> by_stream_set_;
  // The bucket of the last entry, both times inclusive.
  const LabelSet* last_stream_ = nullptr;
  int64_t first_ns_ = 0, last_ns_ = -1;
  uint64_t* last_count_ = nullptr;
};

}  // namespace glp::query
