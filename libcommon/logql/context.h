// Log queries with context: besides the entries that pass, those around them in their stream, as
// grep -A and -B show the lines around a match.
//
// "Before" is earlier in time, whatever the direction. What stands on the far side of a match is
// given as it comes; what stands on the near side is held back, stream by stream, until a match
// comes, and is then given just ahead of it: each entry once, those of a stream in the order of the
// scan, entries of other streams in between.
// Threads: one at a time. Cost: reads every entry that the selector chooses, with its line.
#pragma once

#include <cstdint>
#include <functional>

#include "logql/eval.h"

namespace glp::logql {

struct ContextParams {
  uint64_t before = 0, after = 0;  // entries of the match's stream
  // Bytes that may be held for all streams; an entry for which there is no room is no context.
  size_t max_held_bytes = size_t{64} << 20;
};

enum class ContextRole { kMatch, kBefore, kAfter };

struct ContextEntry {
  Entry entry;  // of context as it is stored; of a match as RunLogQuery gives it
  ContextRole role;
  const LabelSet* stream;  // as it is stored
  // The entry of its stream that was given last is not its neighbour, or there is none.
  bool begins_group;
};

// As RunLogQuery, whose limit counts matches here: behind the last one comes its context and
// nothing else. `given_up` is increased by the entries for which there was no room; it may be
// nullptr.
Status RunContextQuery(const LogExpr& query, EntrySource* source, const QueryParams& params,
                       const ContextParams& context,
                       const std::function<bool(const ContextEntry& entry)>& sink, ScanStats* stats,
                       uint64_t* given_up);

}  // namespace glp::logql
