// The metrics among the expressions: what is in them, and how they are written.

#include <cstdio>

#include "base/strings.h"
#include "base/units.h"
#include "logql/expr.h"
#include "logql/format.h"

namespace glp::logql {
namespace {

std::string ToString(const RangeAggregation& range) {
  std::string out(ToString(range.op));
  out.append("(");
  if (range.op == RangeAggregation::Op::kQuantileOverTime) {
    out.append(FormatSampleValue(range.parameter)).append(",");
  }
  out.append(ToString(range.log));
  out.append("[").append(FormatPrometheusDuration(range.range_ns)).append("]");
  if (range.offset_ns != 0) out.append(" offset ").append(FormatDuration(range.offset_ns));
  out.append(")");
  if (range.grouping) out.append(RangeGrouping(*range.grouping, ","));
  return out;
}

std::string ToString(const VectorAggregation& vector) {
  std::string out(ToString(vector.op));
  if (vector.grouping) out.append(ToString(*vector.grouping, ","));
  out.append("(");
  if (vector.parameter > 0) out.append(std::to_string(vector.parameter)).append(",");
  return out.append(ToString(*vector.inner)).append(")");
}

std::string ToString(const BinaryOperation& binary) {
  return "(" + ToString(*binary.left) + " " + ToString(binary, ",") + " " +
         ToString(*binary.right) + ")";
}

std::string ToString(const Literal& literal) { return FormatLiteral(literal.value); }
std::string ToString(const VectorLiteral& vector) {
  char text[400];
  std::snprintf(text, sizeof text, "vector(%f)", vector.value);
  return text;
}

std::string ToString(const LabelReplace& replace) {
  return "label_replace(" + ToString(*replace.inner) + "," + Quote(replace.to) + "," +
         Quote(replace.replacement) + "," + Quote(replace.from) + "," + Quote(replace.expression) +
         ")";
}

void Collect(const MetricExpr& metric, std::vector<const RangeAggregation*>* out) {
  if (const auto* range = std::get_if<RangeAggregation>(&metric.node)) out->push_back(range);
  for (const MetricExpr* operand : Operands(metric)) Collect(*operand, out);
}

}  // namespace

std::vector<const MetricExpr*> Operands(const MetricExpr& metric) {
  if (const auto* vector = std::get_if<VectorAggregation>(&metric.node)) {
    return {vector->inner.get()};
  }
  if (const auto* binary = std::get_if<BinaryOperation>(&metric.node)) {
    return {binary->left.get(), binary->right.get()};
  }
  if (const auto* replace = std::get_if<LabelReplace>(&metric.node)) return {replace->inner.get()};
  return {};
}

std::vector<const RangeAggregation*> RangeAggregations(const MetricExpr& metric) {
  std::vector<const RangeAggregation*> out;
  Collect(metric, &out);
  return out;
}

std::string ToString(const MetricExpr& metric) {
  return std::visit([](const auto& node) { return ToString(node); }, metric.node);
}

std::string RangeGrouping(const Grouping& grouping, std::string_view separator) {
  return (grouping.without ? " without (" : " by (") + Join(grouping.names, separator) + ")";
}

std::string ToString(const BinaryOperation& binary, std::string_view separator) {
  const BinaryOperation::Matching& matching = binary.matching;
  std::string out(ToString(binary.op));
  if (binary.returns_bool) out.append(" bool");
  if (!matching.on && matching.labels.empty()) return out;
  out.append(matching.on ? " on (" : " ignoring (").append(Join(matching.labels, separator));
  out.append(") ");
  if (matching.many == BinaryOperation::Matching::Many::kNone) return out;
  const bool left = matching.many == BinaryOperation::Matching::Many::kLeft;
  out.append(left ? "group_left" : "group_right");
  if (!matching.include.empty()) {
    out.append(" (").append(Join(matching.include, separator)).append(")");
  } else if (std::holds_alternative<BinaryOperation>(binary.right->node)) {
    out.append(" ()");  // the parenthesis behind it is the operand's
  }
  return out;
}

std::string_view ToString(RangeAggregation::Op op) {
  static constexpr std::string_view kNames[] = {"count_over_time",    "rate",
                                                "bytes_over_time",    "bytes_rate",
                                                "absent_over_time",   "rate_counter",
                                                "sum_over_time",      "avg_over_time",
                                                "min_over_time",      "max_over_time",
                                                "stddev_over_time",   "stdvar_over_time",
                                                "quantile_over_time", "first_over_time",
                                                "last_over_time"};
  return kNames[static_cast<int>(op)];
}

std::string_view ToString(VectorAggregation::Op op) {
  static constexpr std::string_view kNames[] = {"sum",     "avg",         "min",    "max",
                                                "count",   "stddev",      "stdvar", "topk",
                                                "bottomk", "approx_topk", "sort",   "sort_desc"};
  return kNames[static_cast<int>(op)];
}

std::string_view ToString(BinaryOperation::Op op) {
  static constexpr std::string_view kNames[] = {"or", "and", "unless", "==", "!=", ">", ">=", "<",
                                                "<=", "+",   "-",      "*",  "/",  "%", "^"};
  return kNames[static_cast<int>(op)];
}

}  // namespace glp::logql
