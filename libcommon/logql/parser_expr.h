// The grammar of whole queries: log expressions, metrics and the operators between them. Stages and
// selectors are in parser_stages.h.
// Lifetime: the query must outlive it. Threads: one at a time. Errors: as logql/parser.h says.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "logql/expr.h"
#include "logql/parser.h"
#include "logql/parser_cursor.h"

namespace glp::logql {

class ExprParser : public ParserCursor {
 public:
  ExprParser(std::string_view query, ParseOptions options)
      : ParserCursor(query), options_(options) {}

  Result<Expr> WholeQuery();
  Result<std::vector<Matcher>> WholeSelector();

 private:
  // A log expression and, where there was one, the range behind it.
  struct LogRange {
    LogExpr log;
    bool has_range = false;
    int64_t range_ns = 0;
    int64_t offset_ns = 0;
  };

  // parser_expr.cc: operands and the operators that bind at least as tight as `precedence`.
  Result<Expr> ParseExpr(int precedence = 0);
  Result<Expr> ParseOperand();
  Result<Expr> ParseParentheses();
  Result<MetricExpr> ParseMetric();
  Result<LogExpr> ParseLog();
  Result<MetricExpr> ParseLiteral();
  Status ParseModifiers(BinaryOperation* binary);
  Result<std::vector<std::string>> ParseNames();
  MetricExpr Combine(BinaryOperation binary, Expr left, Expr right);

  // parser_metrics.cc
  Result<MetricExpr> ParseFunction();
  Result<MetricExpr> ParseRangeAggregation(RangeAggregation::Op op);
  Result<LogRange> ParseLogRange();
  Status RangeAndOffset(LogRange* out);
  Status CheckRangeAggregation(const RangeAggregation& range) const;
  Result<MetricExpr> ParseVectorAggregation(VectorAggregation::Op op);
  Status CheckVectorAggregation(const Token* parameter, VectorAggregation* vector) const;
  Result<MetricExpr> ParseLabelReplace();
  Result<MetricExpr> ParseVectorLiteral();
  Result<Grouping> ParseGrouping();

  void CheckSelector(const std::vector<Matcher>& matchers);
  // What is wrong though the grammar has it, said when the whole query is found to be grammatical.
  void Defer(Status status) {
    if (deferred_.ok()) deferred_ = std::move(status);
  }

  ParseOptions options_;
  Status deferred_ = Status::Ok();
  int operators_ = 0;
};

}  // namespace glp::logql
