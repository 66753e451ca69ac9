// Numbers of entries by stream and bucket of time, over runs: from what the index says of a block
// by minute where buckets are whole minutes, else from times; lines are looked at only by line
// filters.
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "logql/source.h"
#include "pack/merge.h"
#include "pack/reader.h"
#include "pack/sorted_run.h"

namespace glp::pack {

// The scan whose entries are to be counted.
logql::ScanRequest ScanOf(const logql::CountRequest& request);

// `context` is that of ScanOf, the runs are made for it. `collapse`: as of MergeCursor; runs that
// may have entries equal to others are merged, the others are taken one by one, several at once
// where there is a pool.
// Errors: I/O, Code::kCancelled. Damaged blocks are passed over and said in the stats.
Result<logql::Counts> CountRuns(const logql::CountRequest& request,
                                std::unique_ptr<ScanContext> context,
                                std::vector<std::unique_ptr<SortedRun>> runs, bool collapse);

// Whether an entry of a stream that matches may have metadata, at a time of the range.
bool MayHaveMeta(const PackStreams& pack, const std::vector<logql::Matcher>& matchers,
                 logql::TimeRange range);

}  // namespace glp::pack
