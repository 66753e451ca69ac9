#include "logql/parser.h"

#include <string>
#include <utility>

#include "base/strings.h"
#include "logql/parser_expr.h"
#include "logql/regex.h"

namespace glp::logql {
namespace {

Status CheckText(std::string_view query) {
  if (query.size() > kMaxQueryBytes) {
    return UsageError("parse error : input size too long (" + std::to_string(query.size()) + " > " +
                      std::to_string(kMaxQueryBytes) + ")");
  }
  if (!IsValidUtf8(query)) return UsageError("parse error : invalid UTF-8 encoding");
  return Status::Ok();
}

}  // namespace

Result<Expr> Parse(std::string_view query, ParseOptions options) {
  GLP_RETURN_IF_ERROR(CheckText(query));
  const RegexBudget budget;
  return ExprParser(query, options).WholeQuery();
}

Result<LogExpr> ParseLogQuery(std::string_view query, ParseOptions options) {
  GLP_ASSIGN_OR_RETURN(Expr expr, Parse(query, options));
  if (auto* log = std::get_if<LogExpr>(&expr)) return std::move(*log);
  return UsageError(
      "a log query is needed here, such as {app=\"x\"} |= \"error\"; this is a metric: " +
      ToString(expr));
}

Result<std::vector<Matcher>> ParseSelector(std::string_view selector) {
  GLP_RETURN_IF_ERROR(CheckText(selector));
  const RegexBudget budget;
  return ExprParser(selector, {}).WholeSelector();
}

std::string_view FirstLine(std::string_view message) {
  return message.substr(0, message.find('\n'));
}

}  // namespace glp::logql
