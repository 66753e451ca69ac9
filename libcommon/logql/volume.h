// How much a source holds, by stream and time: sizes from what its indexes say
// (EntrySource::Parts), without reading text. Where a source cannot tell, all that matches is read
// and counted exactly. Threads: one at a time. Errors: of the source; Code::kCancelled;
// Code::kLimit in Loki's words. Units:   bytes are those of lines. A part of which only some lies
// in a range counts by the share
//          of its time, as Loki counts chunks. What was stored again and is not merged yet counts
//          twice.
// Source:  /loki/api/v1/index/stats, index/volume and index/volume_range of Loki 3.7.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "logql/ast.h"
#include "logql/eval.h"
#include "logql/source.h"

namespace glp::logql {

struct IndexStats {
  uint64_t streams = 0;
  uint64_t chunks = 0;  // blocks; the entries of a stream that are in memory are one
  uint64_t bytes = 0;
  uint64_t entries = 0;
};
// `stats` gets warnings and what had to be read; `cancelled` may be empty.
Result<IndexStats> RunIndexStats(const std::vector<Matcher>& matchers, TimeRange range,
                                 EntrySource* source, const std::function<bool()>& cancelled,
                                 ScanStats* stats);

struct VolumeQuery {
  std::vector<Matcher> matchers;
  TimeRange range;
  // Which labels series are of; only streams that have all of them count. None: those of the
  // matchers, without matchers all.
  std::vector<std::string> target_labels;
  // kSeries: a sum for each combination of the labels' values. kLabels: one for each label that
  // streams have (of the target labels, where there are some), shown with the value "".
  enum class By { kSeries, kLabels };
  By aggregate_by = By::kSeries;
  // 0: one number for the range, at its end. Else one for each step that has something, at its end;
  // steps end at multiples of step_ns, the last with the range.
  int64_t step_ns = 0;
  size_t limit = 0;       // the largest so many; 0: all
  size_t max_series = 0;  // more before the limit: Code::kLimit; 0: any number
  std::function<bool()> cancelled;
};
// The series by their sums, the largest first, equal ones by their labels. Samples rise in time.
Result<std::vector<Series>> RunVolumeQuery(const VolumeQuery& query, EntrySource* source,
                                           ScanStats* stats);

// "series", "labels", or "" for the default. Errors: Code::kUsage, "invalid aggregation option".
Result<VolumeQuery::By> ParseAggregateBy(std::string_view text);

// What of a part lies in a range, by its share of time; entries 0 where nothing does.
StreamPart CutPart(const StreamPart& part, TimeRange range);

}  // namespace glp::logql
