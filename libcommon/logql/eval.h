// Runs a parsed query over a source of entries.
// Threads: one at a time; several queries over several sources may run at once.
// Errors:  what the source says; Code::kUsage for a query that cannot be run; Code::kCancelled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/memory_budget.h"
#include "base/result.h"
#include "logql/expr.h"
#include "logql/source.h"

namespace glp::logql {

class Pipeline;  // logql/pipeline.h

// A scan that a query is about to make.
struct ScanStart {
  const LogExpr& log;
  const RangeAggregation* range;  // nullptr: a log query
  const ScanRequest& request;
  const Pipeline& pipeline;  // that its entries go through
};

struct QueryParams {
  TimeRange range;      // log queries: start <= ts < end
  int64_t step_ns = 0;  // range queries of a metric: > 0
  Direction direction = Direction::kBackward;
  uint64_t limit = 0;  // entries of a log query; 0 is all
  // False: the sink looks at times and streams only, so a log query without stages reads no lines.
  bool want_lines = true;
  // Asked often, from any thread; a query ends within 100 ms of its first `true`. May be empty.
  std::function<bool()> cancelled;
  // Where the parts that do not depend on each other run; nullptr: here. The answer is the same.
  ThreadPool* pool = nullptr;
  // Text that a thread is given at a time. Tests make it small.
  size_t chunk_bytes = size_t{256} << 10;
  // Entries come as they are written (ScanRequest::follows): none waits for those behind it.
  bool follows = false;
  uint64_t max_series = 0;  // of a metric's answer; 0 is all. More: Code::kLimit in Loki's words
  // Counts what the series and windows of a metric take; errors are its, too. nullptr: nobody does.
  MemoryClaim* memory = nullptr;
  // Streams that a log query made (label_format, drop, keep) are about to go, as there are very
  // many; the sink must not look at those of entries before. Empty: they stay to the end.
  std::function<void()> forget_streams;
  // Told of each scan. May be empty.
  std::function<void(const ScanStart& start)> on_scan;
};

struct Sample {
  int64_t ts_ns;
  double value;
};
struct Series {
  Labels labels;  // sorted
  std::vector<Sample> samples;
};

// Entries that pass, in order, with the line and the labels that the query's stages made: those
// of the stream, the metadata (a name that the stream has too is NAME_extracted there if a stage
// changed any) and, in `fields`, what was parsed, __error__ and __error_details__ with it.
// `sink` returns false to stop early; that is not an error. `entry` is good until it returns, its
// stream to the end of the query.
Status RunLogQuery(const LogExpr& query, EntrySource* source, const QueryParams& params,
                   const std::function<bool(const Entry& entry)>& sink, ScanStats* stats);

// A sample at start, start + step, … ≤ end for each series that has one; range.end_ns is included
// here. A window at t covers (t - range, t]. Series sorted by their labels. A number has one series
// without labels. Errors besides: Code::kUsage where series cannot be matched, in Loki's words, and
// where two series of the answer have the same labels.
Result<std::vector<Series>> RunRangeQuery(const MetricExpr& query, EntrySource* source,
                                          const QueryParams& params, ScanStats* stats);
// The same over a source that goes on (params.follows): each step is given to `sink` as soon as the
// time of the source has passed its windows, one sample a series. Without an end where
// params.range has none. `sink` returns false to stop; that is not an error.
// Cost: the memory of the open windows, and some hundred bytes for each series that ever was.
Status FollowRangeQuery(const MetricExpr& query, EntrySource* source, const QueryParams& params,
                        const std::function<bool(const std::vector<Series>& step)>& sink,
                        ScanStats* stats);
// The same at the one point `at_ns`. In the order of their values where the query sorts them.
Result<std::vector<Series>> RunInstantQuery(const MetricExpr& query, EntrySource* source,
                                            int64_t at_ns, const QueryParams& params,
                                            ScanStats* stats);

}  // namespace glp::logql
