#include "logql/parser.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "base/strings.h"
#include "logql/parser_cursor.h"
#include "logql/parser_stages.h"

namespace glp::logql {
namespace {

using Kind = Token::Kind;

constexpr std::string_view kEmptySelector =
    "parse error : queries require at least one regexp or equality matcher that does not have an "
    "empty-compatible value. For instance, app=~\".*\" does not meet this requirement, but "
    "app=~\".+\" will";

constexpr std::pair<std::string_view, RangeAggregation::Op> kRangeOps[] = {
    {"count_over_time", RangeAggregation::Op::kCountOverTime},
    {"rate", RangeAggregation::Op::kRate},
    {"bytes_over_time", RangeAggregation::Op::kBytesOverTime},
    {"bytes_rate", RangeAggregation::Op::kBytesRate},
};
constexpr std::pair<std::string_view, VectorAggregation::Op> kVectorOps[] = {
    {"sum", VectorAggregation::Op::kSum},     {"avg", VectorAggregation::Op::kAvg},
    {"min", VectorAggregation::Op::kMin},     {"max", VectorAggregation::Op::kMax},
    {"count", VectorAggregation::Op::kCount},
};
bool IsBinaryOperator(const Token& token) {
  return IsOneOf(token, {"+", "-", "*", "/", "%", "^", "==", "!=", ">", ">=", "<", "<=", "and",
                         "or", "unless"});
}

bool IsEmptyCompatible(const std::vector<Matcher>& matchers) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [](const Matcher& matcher) { return matcher.Matches(""); });
}

class Parser : public ParserCursor {
 public:
  Parser(std::string_view query, ParseOptions options) : ParserCursor(query), options_(options) {}

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

  Result<Expr> ParseExpr();
  Result<MetricExpr> ParseMetric();
  Result<LogExpr> ParseLog();
  Result<MetricExpr> ParseRangeAggregation(RangeAggregation::Op op);
  Result<LogRange> ParseLogRange();
  Status RangeAndOffset(LogRange* out);
  Result<MetricExpr> ParseVectorAggregation(VectorAggregation::Op op);
  Result<Grouping> ParseGrouping();

  void CheckSelector(const std::vector<Matcher>& matchers) {
    if (options_.allow_empty_selector || !IsEmptyCompatible(matchers)) return;
    Defer(UsageError(std::string(kEmptySelector)));
  }
  // The error for what stands where a metric could.
  Status NoMetric() const;
  // The error for an operator behind a log expression or a metric, if there is one.
  Status NoLogOperator(const LogExpr& log) const;
  Status NoOperator() const;

  // What is wrong though the grammar has it, said when the whole query is found to be grammatical.
  void Defer(Status status) {
    if (deferred_.ok()) deferred_ = std::move(status);
  }

  ParseOptions options_;
  Status deferred_ = Status::Ok();
};

Result<Expr> Parser::WholeQuery() {
  GLP_ASSIGN_OR_RETURN(Expr expr, ParseExpr());
  if (Peek().kind != Kind::kEnd) return Unexpected();
  GLP_RETURN_IF_ERROR(deferred_);
  return expr;
}

Result<std::vector<Matcher>> Parser::WholeSelector() {
  GLP_ASSIGN_OR_RETURN(std::vector<Matcher> matchers, ParseMatchers(this));
  if (Peek().kind != Kind::kEnd) return Unexpected();
  return matchers;
}

// expr = logExpr | metricExpr | "(" expr ")"
Result<Expr> Parser::ParseExpr() {
  const Token& token = Peek();
  if (token.Is("{") || (options_.allow_no_selector && depth() == 0 && StartsPipeline(*this))) {
    GLP_ASSIGN_OR_RETURN(LogExpr log, ParseLog());
    GLP_RETURN_IF_ERROR(NoLogOperator(log));
    CheckSelector(log.matchers);
    return Expr(std::move(log));
  }
  if (!token.Is("(")) {
    GLP_ASSIGN_OR_RETURN(MetricExpr metric, ParseMetric());
    return Expr(std::move(metric));
  }
  const Depth depth(this);
  GLP_RETURN_IF_ERROR(depth.Check());
  Take();
  GLP_ASSIGN_OR_RETURN(Expr inner, ParseExpr());
  if (!TakeIf(")")) return Unexpected();
  if (std::holds_alternative<MetricExpr>(inner)) {
    GLP_RETURN_IF_ERROR(NoOperator());
  } else {
    GLP_RETURN_IF_ERROR(NoLogOperator(std::get<LogExpr>(inner)));
  }
  return inner;
}

Status Parser::NoMetric() const {
  const Token& token = Peek();
  if (token.Is("variants")) return UnsupportedName(token);
  if (token.kind == Kind::kFunction && !token.Is("ip") && !token.Is("bytes") &&
      !token.Is("duration") && !token.Is("duration_seconds")) {
    return UnsupportedName(token);
  }
  if (token.kind == Kind::kNumber ||
      (IsOneOf(token, {"+", "-"}) && Peek(1).kind == Kind::kNumber)) {
    return Unsupported(token, "a number as an expression");
  }
  return Unexpected();
}

Result<MetricExpr> Parser::ParseMetric() {
  const Token& token = Peek();
  if (token.kind == Kind::kFunction) {
    const auto* range_op = Find(kRangeOps, token);
    const auto* vector_op = Find(kVectorOps, token);
    if (range_op == nullptr && vector_op == nullptr) return NoMetric();
    const Depth depth(this);
    GLP_RETURN_IF_ERROR(depth.Check());
    Take();
    Result<MetricExpr> metric =
        range_op != nullptr ? ParseRangeAggregation(*range_op) : ParseVectorAggregation(*vector_op);
    if (metric.ok()) GLP_RETURN_IF_ERROR(NoOperator());
    return metric;
  }
  if (!token.Is("{") && !token.Is("(")) return NoMetric();
  // In parentheses, or a log expression, which is none: the error is where its range would be.
  GLP_ASSIGN_OR_RETURN(Expr expr, ParseExpr());
  if (auto* metric = std::get_if<MetricExpr>(&expr)) return std::move(*metric);
  return Unexpected();
}

Status Parser::NoOperator() const {
  if (!IsBinaryOperator(Peek())) return Status::Ok();
  return Unsupported(Peek(), "the binary operation `" + std::string(Peek().text) + "`");
}

// In Loki's grammar a log expression is an operand as well: what it says of one depends on what
// stands behind the operator.
Status Parser::NoLogOperator(const LogExpr& log) const {
  const Token& op = Peek();
  const Token& right = Peek(1);
  if (!IsBinaryOperator(op)) return Status::Ok();
  const bool is_operand = right.kind == Kind::kNumber || right.kind == Kind::kFunction ||
                          IsOneOf(right, {"{", "(", "+", "-"});
  if (!is_operand) return UnexpectedToken(right);
  return Refuse(op.offset, "unexpected type for left leg of binary operation (" +
                               std::string(op.text) + "): *syntax." +
                               (log.stages.empty() ? "MatchersExpr" : "PipelineExpr"));
}

Result<LogExpr> Parser::ParseLog() {
  LogExpr log;
  if (Peek().Is("{")) {
    GLP_ASSIGN_OR_RETURN(log.matchers, ParseMatchers(this));
  }
  GLP_RETURN_IF_ERROR(ParsePipeline(this, &log.stages));
  return log;
}

// rangeAgg = op "(" logRange ")"
Result<MetricExpr> Parser::ParseRangeAggregation(RangeAggregation::Op op) {
  GLP_RETURN_IF_ERROR(Expect("("));
  if (Peek().kind == Kind::kNumber && Peek(1).Is(",")) {
    return Refuse(Peek().offset, "parameter " + std::string(Peek().text) +
                                     " not supported for operation " + std::string(ToString(op)));
  }
  const size_t offset = Peek().offset;
  GLP_ASSIGN_OR_RETURN(LogRange range, ParseLogRange());
  if (!range.has_range) return Unexpected();
  if (range.range_ns == 0) return Refuse(offset, "a range must be longer than zero");
  GLP_RETURN_IF_ERROR(Expect(")"));
  if (IsOneOf(Peek(), {"by", "without"}) && Peek(1).Is("(")) {
    Defer(Refuse(Peek().offset,
                 "grouping not allowed for " + std::string(ToString(op)) + " aggregation"));
    if (auto grouping = ParseGrouping(); !grouping.ok()) return grouping.status();
  }
  CheckSelector(range.log.matchers);
  return MetricExpr{RangeAggregation{op, std::move(range.log), range.range_ns, range.offset_ns}};
}

// logRange = selector RANGE [offset] pipeline | selector pipeline RANGE [offset] |
//            "(" logRange ")" | "(" logExpr ")" RANGE [offset]
Result<Parser::LogRange> Parser::ParseLogRange() {
  LogRange out;
  if (Peek().Is("(")) {
    const Depth depth(this);
    GLP_RETURN_IF_ERROR(depth.Check());
    Take();
    GLP_ASSIGN_OR_RETURN(out, ParseLogRange());
    if (!TakeIf(")")) return Unexpected();
  } else {
    if (!Peek().Is("{")) return Unexpected("{ or (");
    GLP_ASSIGN_OR_RETURN(out.log.matchers, ParseMatchers(this));
    GLP_RETURN_IF_ERROR(RangeAndOffset(&out));
    GLP_RETURN_IF_ERROR(ParsePipeline(this, &out.log.stages));
  }
  if (!out.has_range) GLP_RETURN_IF_ERROR(RangeAndOffset(&out));
  return out;
}

Status Parser::RangeAndOffset(LogRange* out) {
  if (Peek().kind != Kind::kRange) return Status::Ok();
  out->has_range = true;
  out->range_ns = Take().duration_ns;
  if (!TakeIf("offset")) return Status::Ok();
  if (Peek().kind != Kind::kDuration) return Unexpected("DURATION");
  out->offset_ns = Take().duration_ns;
  return Status::Ok();
}

// vectorAgg = op [grouping] "(" metricExpr ")" [grouping]
Result<MetricExpr> Parser::ParseVectorAggregation(VectorAggregation::Op op) {
  VectorAggregation out;
  out.op = op;
  const auto grouping = [&]() -> Status {
    if (!IsOneOf(Peek(), {"by", "without"}) || out.grouping) return Status::Ok();
    GLP_ASSIGN_OR_RETURN(out.grouping, ParseGrouping());
    return Status::Ok();
  };
  GLP_RETURN_IF_ERROR(grouping());
  GLP_RETURN_IF_ERROR(Expect("("));
  if (Peek().kind == Kind::kNumber && Peek(1).Is(",")) {
    return Refuse(Peek().offset, "unsupported parameter for operation " +
                                     std::string(ToString(op)) + "(" + std::string(Peek().text) +
                                     ",");
  }
  GLP_ASSIGN_OR_RETURN(MetricExpr inner, ParseMetric());
  if (!TakeIf(")")) return Unexpected();
  GLP_RETURN_IF_ERROR(grouping());
  out.inner = std::make_unique<MetricExpr>(std::move(inner));
  return MetricExpr{std::move(out)};
}

Result<Grouping> Parser::ParseGrouping() {
  Grouping grouping;
  grouping.without = Take().Is("without");
  GLP_RETURN_IF_ERROR(Expect("("));
  if (TakeIf(")")) return grouping;
  if (Peek().kind != Kind::kIdentifier) return Unexpected("IDENTIFIER or )");
  for (;;) {
    if (Peek().kind != Kind::kIdentifier) return Unexpected("IDENTIFIER");
    grouping.names.emplace_back(Take().text);
    if (TakeIf(")")) return grouping;
    if (!TakeIf(",")) return Unexpected(") or ,");
  }
}

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
  return Parser(query, options).WholeQuery();
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
  return Parser(selector, {}).WholeSelector();
}

std::string_view FirstLine(std::string_view message) {
  return message.substr(0, message.find('\n'));
}

}  // namespace glp::logql
