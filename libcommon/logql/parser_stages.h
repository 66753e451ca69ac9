// The grammar of log expressions: selectors, line filters and the stages behind them.
// Threads: pure functions. Errors: as logql/parser.h says.
#pragma once

#include <vector>

#include "logql/expr.h"
#include "logql/parser_cursor.h"

namespace glp::logql {

// {a="x", b=~"y"}
Result<std::vector<Matcher>> ParseMatchers(ParserCursor* cursor);
// name op "value", where a name must stand.
Result<Matcher> ParseMatcher(ParserCursor* cursor);
// Whether a stage begins at the next token.
bool StartsPipeline(const ParserCursor& cursor);
// All stages that stand there, if any; an unwrap and what is behind it are left.
Status ParsePipeline(ParserCursor* cursor, std::vector<Stage>* stages);

// Whether `| unwrap` stands there.
bool StartsUnwrap(const ParserCursor& cursor);
// It and the label filters behind it.
Status ParseUnwrap(ParserCursor* cursor, std::vector<Stage>* stages);

// | status >= 500 and (method = "GET" or host = ip("10.0.0.0/8")), behind its "|".
Result<LabelFilter> ParseLabelFilter(ParserCursor* cursor);

}  // namespace glp::logql
