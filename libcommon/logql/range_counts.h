// The numbers of entries in the windows of a range aggregation, by series and bucket of time, from
// a source that can tell them without giving entries (EntrySource::Count). The range is asked for
// piece by piece, so that memory does not grow with it.
// Lifetime: the query, its grouping and the context must outlive it.
// Threads:  one at a time.
// Errors:   those of the source and of SeriesFinder; Code::kCancelled.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "logql/cancel_check.h"
#include "logql/series_finder.h"
#include "logql/step_evaluator.h"

namespace glp::logql {

// The times of a query cut so that each window of a range aggregation is whole buckets.
// Bucket i has the times above first + i * width and up to first + (i + 1) * width.
struct WindowBuckets {
  int64_t first_ns = 0;
  int64_t width_ns = 0;  // > 0
  uint64_t count = 0;    // > 0
  // The last time of a bucket.
  int64_t EndOf(uint64_t bucket) const {
    return first_ns + static_cast<int64_t>(bucket + 1) * width_ns;
  }
};

// The widest that will do, from the begin of the first window to the end of the last. Nothing where
// these are no times.
std::optional<WindowBuckets> BucketsOf(const RangeAggregation& range, const Steps& steps);

// Whether what the stages and the grouping look at are labels that all these streams have: lines
// and metadata change nothing then.
bool StreamsSuffice(const LogExpr& log, const SeriesFinder& finder,
                    const std::vector<const LabelSet*>& streams);

class RangeCounts {
 public:
  struct Cell {
    int64_t ts_ns;  // the last time of the bucket
    SeriesFinder::SeriesId series;
    uint64_t entries;  // > 0
  };

  // `line_filters`: the leading ones of the query, prepared. Nothing where numbers are not all that
  // is wanted, or the source does not tell them.
  static Result<std::unique_ptr<RangeCounts>> Open(const RangeAggregation& range,
                                                   const Grouping* grouping,
                                                   const std::vector<LineFilter>& line_filters,
                                                   int64_t now_ns, const EvalContext& context);

  // The next cells, in the order of time; none is the end.
  Status Next(std::vector<Cell>* cells);
  const LabelSet* labels(SeriesFinder::SeriesId series) const { return finder_.labels(series); }
  // What was looked at so far; a warning is said once.
  const ScanStats& stats() const { return stats_; }

 private:
  RangeCounts(SeriesFinder finder, WindowBuckets buckets, size_t piece, CountRequest request,
              const EvalContext& context);
  // Of the buckets from next_ on. False: the source does not tell.
  Result<bool> Ask(Counts* counts);
  Status MakeCells(const Counts& counts, std::vector<Cell>* cells);

  const EvalContext& context_;
  SeriesFinder finder_;
  const WindowBuckets buckets_;
  const size_t piece_;  // buckets at a time
  CountRequest request_;
  CancelCheck check_;
  uint64_t next_ = 0;            // bucket
  std::optional<Counts> first_;  // what Open got
  ScanStats stats_;
};

}  // namespace glp::logql
