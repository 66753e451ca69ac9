#include "logql/parser_expr.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include "logql/binary_operators.h"
#include "logql/lexer_number.h"
#include "logql/parser_stages.h"

namespace glp::logql {
namespace {

using Kind = Token::Kind;
using Op = BinaryOperation::Op;

// The tree is as deep as there are operators in a row, and what walks it recurses.
constexpr int kMaxOperators = 1000;

constexpr std::string_view kEmptySelector =
    "parse error : queries require at least one regexp or equality matcher that does not have an "
    "empty-compatible value. For instance, app=~\".*\" does not meet this requirement, but "
    "app=~\".+\" will";

struct Operator {
  Op op;
  int precedence;
};
constexpr int kPower = 6;  // binds to the right
constexpr std::pair<std::string_view, Operator> kOperators[] = {
    {"or", {Op::kOr, 1}},
    {"and", {Op::kAnd, 2}},
    {"unless", {Op::kUnless, 2}},
    {"==", {Op::kEqual, 3}},
    {"!=", {Op::kNotEqual, 3}},
    {">", {Op::kGreater, 3}},
    {">=", {Op::kGreaterOrEqual, 3}},
    {"<", {Op::kLess, 3}},
    {"<=", {Op::kLessOrEqual, 3}},
    {"+", {Op::kAdd, 4}},
    {"-", {Op::kSubtract, 4}},
    {"*", {Op::kMultiply, 5}},
    {"/", {Op::kDivide, 5}},
    {"%", {Op::kModulo, 5}},
    {"^", {Op::kPower, kPower}},
};

bool IsEmptyCompatible(const std::vector<Matcher>& matchers) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [](const Matcher& matcher) { return matcher.Matches(""); });
}

}  // namespace

Result<Expr> ExprParser::WholeQuery() {
  GLP_ASSIGN_OR_RETURN(Expr expr, ParseExpr());
  if (Peek().kind != Kind::kEnd) return Unexpected();
  GLP_RETURN_IF_ERROR(deferred_);
  return expr;
}

Result<std::vector<Matcher>> ExprParser::WholeSelector() {
  GLP_ASSIGN_OR_RETURN(std::vector<Matcher> matchers, ParseMatchers(this));
  if (Peek().kind != Kind::kEnd) return Unexpected();
  return matchers;
}

void ExprParser::CheckSelector(const std::vector<Matcher>& matchers) {
  if (options_.allow_empty_selector || !IsEmptyCompatible(matchers)) return;
  Defer(UsageError(std::string(kEmptySelector)));
}

// expr = operand {operator modifiers operand}
Result<Expr> ExprParser::ParseExpr(int precedence) {
  GLP_ASSIGN_OR_RETURN(Expr left, ParseOperand());
  for (;;) {
    const size_t offset = Peek().offset;
    const Operator* found = Find(kOperators, Peek());
    if (found == nullptr || found->precedence < precedence) return left;
    if (++operators_ > kMaxOperators) {
      return Refuse(offset, "more than " + std::to_string(kMaxOperators) + " operators");
    }
    Take();
    BinaryOperation binary;
    binary.op = found->op;
    GLP_RETURN_IF_ERROR(ParseModifiers(&binary));
    const Depth depth(this);
    GLP_RETURN_IF_ERROR(depth.Check());
    GLP_ASSIGN_OR_RETURN(Expr right,
                         ParseExpr(found->precedence == kPower ? kPower : found->precedence + 1));
    left = Expr(Combine(std::move(binary), std::move(left), std::move(right)));
  }
}

// operand = logExpr | function | number | "(" expr ")"
Result<Expr> ExprParser::ParseOperand() {
  const Token& token = Peek();
  if (token.Is("{") || (options_.allow_no_selector && depth() == 0 && StartsPipeline(*this))) {
    GLP_ASSIGN_OR_RETURN(LogExpr log, ParseLog());
    CheckSelector(log.matchers);
    return Expr(std::move(log));
  }
  if (token.Is("(")) return ParseParentheses();
  const bool is_number = token.kind == Kind::kNumber || IsOneOf(token, {"+", "-"});
  GLP_ASSIGN_OR_RETURN(MetricExpr metric, is_number ? ParseLiteral() : ParseFunction());
  return Expr(std::move(metric));
}

Result<Expr> ExprParser::ParseParentheses() {
  const Depth depth(this);
  GLP_RETURN_IF_ERROR(depth.Check());
  Take();
  GLP_ASSIGN_OR_RETURN(Expr inner, ParseExpr());
  if (!TakeIf(")")) return Unexpected();
  return inner;
}

// In Loki's grammar a log expression is an operand as well; where it stands for a metric, the error
// is at what follows it.
Result<MetricExpr> ExprParser::ParseMetric() {
  GLP_ASSIGN_OR_RETURN(Expr expr, ParseExpr());
  if (auto* metric = std::get_if<MetricExpr>(&expr)) return std::move(*metric);
  return Unexpected();
}

Result<LogExpr> ExprParser::ParseLog() {
  LogExpr log;
  if (Peek().Is("{")) {
    GLP_ASSIGN_OR_RETURN(log.matchers, ParseMatchers(this));
  }
  GLP_RETURN_IF_ERROR(ParsePipeline(this, &log.stages));
  if (StartsUnwrap(*this)) {
    return UsageError(UnexpectedToken(Peek(1)).message() +
                      "\nunwrap stands in a range aggregation, sum_over_time({…} | unwrap x [5m])");
  }
  return log;
}

// number = ["+" | "-"] NUMBER
Result<MetricExpr> ExprParser::ParseLiteral() {
  const bool is_negative = Peek().Is("-");
  if (Peek().kind != Kind::kNumber) Take();
  if (Peek().kind != Kind::kNumber) return Unexpected("NUMBER");
  const Token& token = Take();
  const auto number = ParseNumberLiteral(token.text);
  if (!number.ok()) {
    Defer(Refuse(token.offset, "unable to parse literal as a float: " + number.status().message()));
    return MetricExpr{Literal{}};
  }
  return MetricExpr{Literal{is_negative ? -*number : *number}};
}

// modifiers = ["bool"] [("on" | "ignoring") names [("group_left" | "group_right") [names]]]
Status ExprParser::ParseModifiers(BinaryOperation* binary) {
  using Many = BinaryOperation::Matching::Many;
  BinaryOperation::Matching& matching = binary->matching;
  binary->returns_bool = TakeIf("bool");
  if (!IsOneOf(Peek(), {"on", "ignoring"})) return Status::Ok();
  matching.on = Take().Is("on");
  GLP_ASSIGN_OR_RETURN(matching.labels, ParseNames());
  if (!IsOneOf(Peek(), {"group_left", "group_right"})) return Status::Ok();
  matching.many = Take().Is("group_left") ? Many::kLeft : Many::kRight;
  if (Peek().Is("(")) {
    GLP_ASSIGN_OR_RETURN(matching.include, ParseNames());
  }
  return Status::Ok();
}

// names = "(" [IDENTIFIER {"," IDENTIFIER}] ")"
Result<std::vector<std::string>> ExprParser::ParseNames() {
  std::vector<std::string> names;
  GLP_RETURN_IF_ERROR(Expect("("));
  if (TakeIf(")")) return names;
  if (Peek().kind != Kind::kIdentifier) return Unexpected("IDENTIFIER or )");
  for (;;) {
    GLP_ASSIGN_OR_RETURN(std::string name, ExpectIdentifier());
    names.push_back(std::move(name));
    if (TakeIf(")")) return names;
    if (!TakeIf(",")) return Unexpected(") or ,");
  }
}

MetricExpr ExprParser::Combine(BinaryOperation binary, Expr left, Expr right) {
  const std::string op(ToString(binary.op));
  const auto refuse = [&](const std::string& what, const std::string& which, std::string_view why) {
    Defer(UsageError("parse error : unexpected " + what + " for " + which + " leg of " +
                     std::string(why)));
    return MetricExpr{Literal{}};
  };
  const auto type = [](const LogExpr& log) {
    return log.stages.empty() ? "*syntax.MatchersExpr" : "*syntax.PipelineExpr";
  };
  for (const auto& [side, which] : {std::pair(&left, "left"), std::pair(&right, "right")}) {
    if (const auto* log = std::get_if<LogExpr>(side)) {
      return refuse("type", which, "binary operation (" + op + "): " + type(*log));
    }
  }
  auto& metric = std::get<MetricExpr>(left);
  auto& other = std::get<MetricExpr>(right);
  const auto* number = std::get_if<Literal>(&metric.node);
  const auto* other_number = std::get_if<Literal>(&other.node);
  if (binary.IsSetOperation()) {
    for (const auto& [side, which] :
         {std::pair(number, "left"), std::pair(other_number, "right")}) {
      if (side == nullptr) continue;
      char value[400];
      std::snprintf(value, sizeof value, "%f", side->value);
      return refuse("literal", which, "logical/set binary operation (" + op + "): " + value);
    }
  }
  if (number != nullptr && other_number != nullptr) {
    return MetricExpr{Literal{Calculate(binary.op, number->value, other_number->value)}};
  }
  binary.left = std::make_unique<MetricExpr>(std::move(metric));
  binary.right = std::make_unique<MetricExpr>(std::move(other));
  return MetricExpr{std::move(binary)};
}

}  // namespace glp::logql
