// The patterns of the lines of a log query (codec/pattern_miner.h).
// Threads: one at a time. Errors: those of RunLogQuery.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "codec/pattern_miner.h"
#include "logql/eval.h"
#include "logql/expr.h"
#include "logql/source.h"

namespace glp::logql {

// What went in.
struct MinedLines {
  uint64_t lines = 0;
  int64_t first_ns = 0, last_ns = 0;  // of them
};
// Gives the miner the lines that pass, with what the labels detected_level, level or severity of an
// entry say; the notes of examples are the labels of their streams, as JSON. `slot_of` says which
// slot a line counts in.
Result<MinedLines> MineLines(const LogExpr& query, EntrySource* source, QueryParams params,
                             const std::function<int64_t(const Entry& entry)>& slot_of,
                             codec::PatternMiner* miner, ScanStats* stats);

// What Loki's /patterns answers: a series for each pattern and level.
struct PatternSeries {
  std::string pattern;
  std::string level;  // of the labels, in lower case; "unknown" where there is none
  std::vector<std::pair<int64_t, uint64_t>> samples;  // when the step began, and how many lines
};
// The patterns of the lines in params.range by steps of params.step_ns, which begin at its
// multiples; the most frequent first, at most `limit` of them (0: all).
Result<std::vector<PatternSeries>> RunPatternQuery(const LogExpr& query, EntrySource* source,
                                                   const QueryParams& params, size_t limit,
                                                   ScanStats* stats);

}  // namespace glp::logql
