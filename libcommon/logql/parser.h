// LogQL text to its tree.
//
//   GLP_ASSIGN_OR_RETURN(logql::Expr expr, logql::Parse("{app=\"x\"} |= \"error\""));
//
// Threads: pure functions.
// Errors:  Code::kUsage. The first line of the message is as Loki words it, "parse error at line 1,
//          col 6: syntax error: unexpected }, expecting STRING"; then follow the line of the query
//          and a caret under the place. FirstLine gives only what an API answers. A construct of
//          LogQL that glp has not got is named as such.
// Source:  the grammar and lexer of Loki 3.7 (pkg/logql/syntax).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "logql/expr.h"

namespace glp::logql {

inline constexpr size_t kMaxQueryBytes = 131072;

struct ParseOptions {
  // {} and selectors whose matchers all match the empty value, e.g. {a=~".*"}: fine for a file,
  // refused by a server, which would read everything.
  bool allow_empty_selector = false;
  // The pipeline alone: |= "x" for {} |= "x".
  bool allow_no_selector = false;
};
// Where whoever asks owns the logs: files, stores, pipes.
inline constexpr ParseOptions kLocalQuery = {.allow_empty_selector = true,
                                             .allow_no_selector = true};

Result<Expr> Parse(std::string_view query, ParseOptions options = {});
// The same where only a log query makes sense; a metric is an error.
Result<LogExpr> ParseLogQuery(std::string_view query, ParseOptions options = {});
// {a="x", b=~"y"}: what match[] takes; {} is allowed.
Result<std::vector<Matcher>> ParseSelector(std::string_view selector);

// The first line of an error's message.
std::string_view FirstLine(std::string_view message);

}  // namespace glp::logql
