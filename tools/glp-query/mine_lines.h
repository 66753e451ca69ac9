// The lines of a log query, given to a pattern miner.
// Threads: one at a time. Errors: those of the sources; Code::kUsage for a query that gives none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/pattern_miner.h"
#include "logql/patterns.h"
#include "run.h"

namespace glp::query {

using logql::MinedLines;

// "" is {}. `command` says in errors who asks.
Result<logql::LogExpr> ParseLogQuery(const std::string& query, std::string_view command);

// Lines go into `slot`; the notes of examples are the labels of their streams, as JSON. What is
// damaged is told to the job's context.
Result<MinedLines> MineLines(Job& job, const std::vector<SourceName>& sources,
                             const logql::LogExpr& query, int64_t slot, codec::PatternMiner* miner);

// Says how many lines the miner gave up, which makes the answer incomplete.
void TellOther(Job& job, const codec::PatternMiner& miner);

// "example":"…", or "example64" where it is not UTF-8, and "labels":{…} behind it.
void AppendExampleJson(std::string* out, const codec::PatternMiner::Pattern& pattern);

// A line as it goes out, escaped for a terminal where there is one.
Status PutJson(Job& job, std::string_view json);

}  // namespace glp::query
