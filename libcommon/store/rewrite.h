// Neighbouring segments into one: merged by time within each stream, what is there twice once,
// without what is to go; or one segment alone. See store/folder.h for what its name means.
// Threads: one at a time. Memory: of each segment a block of the stream that is being merged, and
// what the writer holds.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pack/file_writer.h"
#include "record/labels.h"
#include "store/folder.h"

namespace glp::store {

struct RewriteRequest {
  std::string folder;
  // Neighbours, rising: no other segment lies between them.
  std::vector<SegmentName> segments;
  int level = pack::kDefaultLevel;
  pack::Form form = pack::Form::kSmall;
  // Whether an entry goes; empty: none does.
  std::function<bool(const LabelSet& stream, int64_t ts_ns, std::string_view line,
                     std::string_view meta)>
      drops;
  // Whether all of a stream's entries of these times (inclusive) go, so that they need not be read.
  // May be empty.
  std::function<bool(const LabelSet& stream, int64_t min_ts_ns, int64_t max_ts_ns)> drops_all;
  // Whether `drops` may be true for an entry of the stream within these times. Empty: for any.
  std::function<bool(const LabelSet& stream, int64_t min_ts_ns, int64_t max_ts_ns)> may_drop;
  // Nothing is written where no block has what may_drop or drops_all is true for.
  bool only_if_drops = false;
  // Blocks that cannot be read are left out. False: nothing is written then.
  bool salvage = false;
  // Asked every few milliseconds. May be empty.
  std::function<bool()> cancelled;
};

struct RewriteResult {
  bool written = false;
  SegmentName name;         // of the new segment
  uint64_t entries = 0;     // kept
  uint64_t line_bytes = 0;  // of these
  uint64_t dropped = 0;
  uint64_t repeats = 0;       // equal ones that are one now
  uint64_t bytes_before = 0;  // of the files
  uint64_t bytes_after = 0;
  std::vector<std::string> damage;   // what could not be read …
  std::vector<SegmentName> damaged;  // … and in which of the old ones
};

// Writes the new segment, durable under its name or not there at all; the old ones stay, obsolete
// and are the caller's to remove, but a merged one that is rewritten alone is replaced. The new one
// says of sources what the old ones said one after the other. Entries equal in stream, time, line
// and metadata become one, but each of those that came with a src is kept: of others none is, where
// such a one is there. Equal times stay in the order of arrival, those that came with a src first.
// The same segments give the same bytes.
// Errors: I/O; Code::kCancelled.
Result<RewriteResult> Rewrite(const RewriteRequest& request);

}  // namespace glp::store
