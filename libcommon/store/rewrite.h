// Many segments of a tenant into one: merged by time within each stream, what is there twice once,
// without what is to go; or one segment without that. Threads: one at a time. Memory: Limits below.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pack/reader.h"
#include "record/labels.h"

namespace glp::store {

struct RewriteRequest {
  // In the order of arrival; together they stand for all numbers between the first and the last.
  std::vector<std::shared_ptr<const pack::PackStreams>> segments;
  int level = 3;
  // Whether an entry goes; empty: none does.
  std::function<bool(const LabelSet& stream, int64_t ts_ns, std::string_view line,
                     std::string_view meta)>
      drops;
  // Whether all of a stream's entries of these times (inclusive) go, so that they need not be read.
  // May be empty.
  std::function<bool(const LabelSet& stream, int64_t min_ts_ns, int64_t max_ts_ns)> drops_all;
  // Whether `drops` may be true for an entry of the stream within these times: where it is for no
  // block of a segment, there is nothing to do. Empty: it may be for any.
  std::function<bool(const LabelSet& stream, int64_t min_ts_ns, int64_t max_ts_ns)> may_drop;
  std::function<bool()> cancelled;
};

struct RewriteResult {
  uint64_t entries = 0;  // kept
  uint64_t dropped = 0;
  uint64_t repeats = 0;             // equal ones that are one now
  std::vector<std::string> damage;  // what could not be read and is not in the new segment
};

// Writes the new segment to `path`, durable under this name or not there at all. Positions of
// sources go along. Errors: I/O; Code::kCancelled. With damage nothing is written unless `salvage`.
Result<RewriteResult> Rewrite(const RewriteRequest& request, const std::string& path, bool salvage);

}  // namespace glp::store
