// Aggregations over ranges and over series, label_replace and vector.

#include <charconv>
#include <string>

#include "logql/lexer_number.h"
#include "logql/parser_expr.h"
#include "logql/parser_stages.h"
#include "logql/regex.h"

namespace glp::logql {
namespace {

using Kind = Token::Kind;
using RangeOp = RangeAggregation::Op;
using VectorOp = VectorAggregation::Op;

template <typename Op>
std::optional<Op> FindOp(const Token& token, Op last) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    if (token.Is(ToString(static_cast<Op>(i)))) return static_cast<Op>(i);
  }
  return std::nullopt;
}

std::vector<std::string> AllFunctions() {
  std::vector<std::string> names = {"label_replace", "vector"};
  for (int i = 0; i <= static_cast<int>(RangeOp::kLastOverTime); ++i) {
    names.emplace_back(ToString(static_cast<RangeOp>(i)));
  }
  for (int i = 0; i <= static_cast<int>(VectorOp::kSortDesc); ++i) {
    names.emplace_back(ToString(static_cast<VectorOp>(i)));
  }
  return names;
}

bool TakesParameter(VectorOp op) {
  return op == VectorOp::kTopk || op == VectorOp::kBottomk || op == VectorOp::kApproxTopk;
}

bool TakesGrouping(RangeOp op) { return op >= RangeOp::kAvgOverTime; }

bool TakesUnwrap(RangeOp op) {
  return op == RangeOp::kRate || op == RangeOp::kAbsentOverTime || op >= RangeOp::kRateCounter;
}

bool NeedsUnwrap(RangeOp op) { return op >= RangeOp::kRateCounter; }

}  // namespace

Result<MetricExpr> ExprParser::ParseFunction() {
  const Token& token = Peek();
  if (token.Is("variants")) return UnsupportedName(token);
  if (token.kind == Kind::kIdentifier && (Peek(1).Is("(") || IsOneOf(Peek(1), {"by", "without"}))) {
    return Suggest(Unexpected(), "function", token.text, AllFunctions());
  }
  if (token.kind != Kind::kFunction) return Unexpected();
  const auto range_op = FindOp(token, RangeOp::kLastOverTime);
  const auto vector_op = FindOp(token, VectorOp::kSortDesc);
  const bool is_replace = token.Is("label_replace");
  if (!range_op && !vector_op && !is_replace && !token.Is("vector")) return Unexpected();
  const Depth depth(this);
  GLP_RETURN_IF_ERROR(depth.Check());
  Take();
  if (range_op) return ParseRangeAggregation(*range_op);
  if (vector_op) return ParseVectorAggregation(*vector_op);
  return is_replace ? ParseLabelReplace() : ParseVectorLiteral();
}

// rangeAgg = op "(" [NUMBER ","] logRange ")" [grouping]
Result<MetricExpr> ExprParser::ParseRangeAggregation(RangeOp op) {
  GLP_RETURN_IF_ERROR(Expect("("));
  RangeAggregation out;
  out.op = op;
  const std::string name(ToString(op));
  if (Peek().kind == Kind::kNumber) {
    const Token& number = Take();
    GLP_RETURN_IF_ERROR(Expect(","));
    const auto value = ParseNumberLiteral(number.text);
    if (op != RangeOp::kQuantileOverTime) {
      Defer(Refuse(number.offset, "parameter " + std::string(number.text) +
                                      " not supported for operation " + name));
    } else if (!value.ok()) {
      Defer(Refuse(number.offset,
                   "invalid parameter for operation " + name + ": " + value.status().message()));
    } else {
      out.parameter = *value;
    }
    if (!IsOneOf(Peek(), {"{", "("})) return Unexpected("{ or (");
  } else if (!IsOneOf(Peek(), {"{", "("})) {
    return Unexpected("NUMBER or { or (");
  } else if (op == RangeOp::kQuantileOverTime) {
    Defer(Refuse(Peek().offset, "parameter required for operation " + name));
  }
  const size_t offset = Peek().offset;
  GLP_ASSIGN_OR_RETURN(LogRange range, ParseLogRange());
  if (!range.has_range) return Unexpected();
  if (range.range_ns == 0) return Refuse(offset, "a range must be longer than zero");
  GLP_RETURN_IF_ERROR(Expect(")"));
  out.log = std::move(range.log);
  out.range_ns = range.range_ns;
  out.offset_ns = range.offset_ns;
  const size_t end = Peek().offset;
  if (IsOneOf(Peek(), {"by", "without"})) {
    GLP_ASSIGN_OR_RETURN(out.grouping, ParseGrouping());
  }
  if (const Status status = CheckRangeAggregation(out); !status.ok()) {
    Defer(Refuse(out.grouping && !TakesGrouping(op) ? end : offset, status.message()));
  }
  CheckSelector(out.log.matchers);
  return MetricExpr{std::move(out)};
}

Status ExprParser::CheckRangeAggregation(const RangeAggregation& range) const {
  const std::string name(ToString(range.op));
  if (range.grouping && !TakesGrouping(range.op)) {
    return UsageError("grouping not allowed for " + name + " aggregation");
  }
  for (const Stage& stage : range.log.stages) {
    if (!std::holds_alternative<DistinctLabels>(stage)) continue;
    return UsageError("'" + ToString(stage) +
                      "' cannot stand in a metric, whose windows overlap; count(sum by (a) "
                      "(count_over_time({…} | json [5m]))) counts the values of a");
  }
  const bool has_unwrap = range.log.FindUnwrap() != nullptr;
  if (has_unwrap && !TakesUnwrap(range.op)) {
    return UsageError("invalid aggregation " + name + " with unwrap");
  }
  if (!has_unwrap && NeedsUnwrap(range.op)) {
    return UsageError("invalid aggregation " + name + " without unwrap");
  }
  return Status::Ok();
}

// logRange = selector RANGE [offset] pipeline [unwrap] | selector pipeline [unwrap] RANGE [offset]
//          | "(" logRange ")" | "(" selector pipeline [unwrap] ")" RANGE [offset] [unwrap]
Result<ExprParser::LogRange> ExprParser::ParseLogRange() {
  LogRange out;
  if (!Peek().Is("(")) {
    if (!Peek().Is("{")) return Unexpected("{ or (");
    GLP_ASSIGN_OR_RETURN(out.log.matchers, ParseMatchers(this));
    GLP_RETURN_IF_ERROR(RangeAndOffset(&out));
    GLP_RETURN_IF_ERROR(ParsePipeline(this, &out.log.stages));
    if (StartsUnwrap(*this)) GLP_RETURN_IF_ERROR(ParseUnwrap(this, &out.log.stages));
    if (!out.has_range) GLP_RETURN_IF_ERROR(RangeAndOffset(&out));
    return out;
  }
  const Depth depth(this);
  GLP_RETURN_IF_ERROR(depth.Check());
  Take();
  GLP_ASSIGN_OR_RETURN(out, ParseLogRange());
  if (!TakeIf(")")) return Unexpected();
  if (out.has_range) return out;
  GLP_RETURN_IF_ERROR(RangeAndOffset(&out));
  if (out.has_range && StartsUnwrap(*this) && out.log.FindUnwrap() == nullptr) {
    GLP_RETURN_IF_ERROR(ParseUnwrap(this, &out.log.stages));
  }
  return out;
}

Status ExprParser::RangeAndOffset(LogRange* out) {
  if (Peek().kind != Kind::kRange) return Status::Ok();
  out->has_range = true;
  out->range_ns = Take().duration_ns;
  if (!TakeIf("offset")) return Status::Ok();
  if (Peek().kind != Kind::kDuration) return Unexpected("DURATION");
  out->offset_ns = Take().duration_ns;
  return Status::Ok();
}

// vectorAgg = op [grouping] "(" [NUMBER ","] metricExpr ")" [grouping]
Result<MetricExpr> ExprParser::ParseVectorAggregation(VectorOp op) {
  VectorAggregation out;
  out.op = op;
  const auto grouping = [&]() -> Status {
    if (!IsOneOf(Peek(), {"by", "without"}) || out.grouping) return Status::Ok();
    GLP_ASSIGN_OR_RETURN(out.grouping, ParseGrouping());
    return Status::Ok();
  };
  const size_t offset = Peek().offset;
  GLP_RETURN_IF_ERROR(grouping());
  GLP_RETURN_IF_ERROR(Expect("("));
  const Token* parameter = nullptr;
  if (Peek().kind == Kind::kNumber && Peek(1).Is(",")) {
    parameter = &Take();
    Take();
  }
  GLP_ASSIGN_OR_RETURN(MetricExpr inner, ParseMetric());
  if (!TakeIf(")")) return Unexpected();
  GLP_RETURN_IF_ERROR(grouping());
  out.inner = std::make_unique<MetricExpr>(std::move(inner));
  if (const Status status = CheckVectorAggregation(parameter, &out); !status.ok()) {
    Defer(Refuse(parameter != nullptr ? parameter->offset : offset, status.message()));
  }
  return MetricExpr{std::move(out)};
}

Status ExprParser::CheckVectorAggregation(const Token* parameter, VectorAggregation* vector) const {
  const std::string name(ToString(vector->op));
  if (!TakesParameter(vector->op) && parameter != nullptr) {
    return UsageError("unsupported parameter for operation " + name + "(" +
                      std::string(parameter->text) + ",");
  }
  if (TakesParameter(vector->op)) {
    if (parameter == nullptr) return UsageError("parameter required for operation " + name);
    const std::string_view text = parameter->text;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), vector->parameter);
    if (error != std::errc() || end != text.data() + text.size()) {
      return UsageError("invalid parameter " + name + "(" + std::string(text) + ",");
    }
    if (vector->parameter <= 0) {
      return UsageError("invalid parameter (must be greater than 0) " + name + "(" +
                        std::string(text));
    }
  }
  if (!vector->grouping) return Status::Ok();
  if (vector->op == VectorOp::kApproxTopk) {
    return UsageError("grouping not allowed for approx_topk aggregation");
  }
  const bool sorts = vector->op == VectorOp::kSort || vector->op == VectorOp::kSortDesc;
  if (sorts && !vector->grouping->names.empty()) {
    return UsageError("sort and sort_desc doesn't allow grouping by ");
  }
  return Status::Ok();
}

// labelReplace = "label_replace" "(" metricExpr "," STRING "," STRING "," STRING "," STRING ")"
Result<MetricExpr> ExprParser::ParseLabelReplace() {
  LabelReplace out;
  GLP_RETURN_IF_ERROR(Expect("("));
  GLP_ASSIGN_OR_RETURN(MetricExpr inner, ParseMetric());
  out.inner = std::make_unique<MetricExpr>(std::move(inner));
  if (!Peek().Is(",")) return Unexpected();
  size_t offset = 0;
  for (std::string* text : {&out.to, &out.replacement, &out.from, &out.expression}) {
    GLP_RETURN_IF_ERROR(Expect(","));
    offset = Peek().offset;
    GLP_ASSIGN_OR_RETURN(*text, ExpectString());
  }
  GLP_RETURN_IF_ERROR(Expect(")"));
  auto regex = CompileRegex(out.expression, /*dot_matches_newline=*/false);
  if (regex.ok()) {
    out.regex = *std::move(regex);
  } else {
    Defer(Refuse(offset, regex.status().message()));
  }
  return MetricExpr{std::move(out)};
}

// vectorLiteral = "vector" "(" NUMBER ")"
Result<MetricExpr> ExprParser::ParseVectorLiteral() {
  GLP_RETURN_IF_ERROR(Expect("("));
  if (Peek().kind != Kind::kNumber) return Unexpected("NUMBER");
  const Token& token = Take();
  GLP_RETURN_IF_ERROR(Expect(")"));
  const auto number = ParseNumberLiteral(token.text);
  if (!number.ok()) {
    Defer(Refuse(token.offset,
                 "unable to parse vectorExpr as a float: " + number.status().message()));
  }
  return MetricExpr{VectorLiteral{number.ok() ? *number : 0}};
}

// grouping = ("by" | "without") names
Result<Grouping> ExprParser::ParseGrouping() {
  Grouping grouping;
  grouping.without = Take().Is("without");
  GLP_ASSIGN_OR_RETURN(grouping.names, ParseNames());
  return grouping;
}

}  // namespace glp::logql
