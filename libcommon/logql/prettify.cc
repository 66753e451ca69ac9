#include <string>
#include <utility>
#include <variant>

#include "base/units.h"
#include "logql/expr.h"
#include "logql/format.h"

namespace glp::logql {
namespace {

// What is not longer stays on one line; its indentation does not count.
constexpr size_t kMaxLineBytes = 100;

std::string Indent(int level) { return std::string(2 * level, ' '); }

std::string Pretty(const LogExpr& log, int level) {
  std::string out = Indent(level);
  const std::string line = ToString(log);
  if (line.size() <= kMaxLineBytes || log.stages.empty()) return out + line;
  out.append(ToString(log.matchers));
  bool behind_filter = false;
  for (const Stage& stage : log.stages) {
    const bool is_filter = std::holds_alternative<LineFilter>(stage);
    // Line filters in a row are one stage.
    out.append(is_filter && behind_filter ? " " : "\n" + Indent(level + 1));
    out.append(ToString(stage));
    behind_filter = is_filter;
  }
  return out;
}

std::string Pretty(const MetricExpr& metric, int level);

// A pipeline in a range: the unwrap and the filters behind it are on lines of their own always.
std::string PrettyRange(const LogExpr& log, int level) {
  LogExpr front;
  front.matchers = log.matchers;
  std::string behind;
  for (const Stage& stage : log.stages) {
    if (behind.empty() && !std::holds_alternative<Unwrap>(stage)) {
      front.stages.push_back(stage);
    } else {
      behind.append("\n").append(Indent(level + 1)).append(ToString(stage));
    }
  }
  return Pretty(front, level) + behind;
}

std::string Pretty(const RangeAggregation& range, int level) {
  std::string out = Indent(level);
  out.append(ToString(range.op)).append("(\n");
  if (range.op == RangeAggregation::Op::kQuantileOverTime) {
    out.append(Indent(level + 1)).append(FormatSampleValue(range.parameter)).append(",\n");
  }
  out.append(PrettyRange(range.log, level + 1));
  out.append(" [").append(FormatPrometheusDuration(range.range_ns)).append("]");
  if (range.offset_ns != 0) {
    out.append(" offset ").append(FormatPrometheusDuration(range.offset_ns));
  }
  out.append("\n").append(Indent(level)).append(")");
  if (range.grouping) out.append(RangeGrouping(*range.grouping, ", "));
  return out;
}

std::string Pretty(const VectorAggregation& vector, int level) {
  std::string out = Indent(level);
  out.append(ToString(vector.op));
  if (vector.grouping) out.append(ToString(*vector.grouping, ", "));
  out.append("(\n");
  if (vector.parameter > 0) {
    out.append(Indent(level + 1)).append(std::to_string(vector.parameter)).append(",\n");
  }
  out.append(Pretty(*vector.inner, level + 1));
  return out.append("\n").append(Indent(level)).append(")");
}

std::string Pretty(const BinaryOperation& binary, int level) {
  return Pretty(*binary.left, level + 1) + "\n" + Indent(level) + ToString(binary, ", ") + "\n" +
         Pretty(*binary.right, level + 1);
}

std::string Pretty(const Literal& literal, int level) {
  return Indent(level) + FormatLiteral(literal.value);
}

std::string Pretty(const VectorLiteral& vector, int level) {
  return Indent(level) + ToString(MetricExpr{vector});
}

std::string Pretty(const LabelReplace& replace, int level) {
  std::string out = Indent(level) + "label_replace(\n" + Pretty(*replace.inner, level + 1);
  for (const std::string* text :
       {&replace.to, &replace.replacement, &replace.from, &replace.expression}) {
    out.append(",\n").append(Indent(level + 1)).append(Quote(*text));
  }
  return out.append("\n").append(Indent(level)).append(")");
}

std::string Pretty(const MetricExpr& metric, int level) {
  std::string line = ToString(metric);
  if (line.size() <= kMaxLineBytes) return Indent(level) + line;
  return std::visit([&](const auto& node) { return Pretty(node, level); }, metric.node);
}

}  // namespace

std::string Prettify(const Expr& expr) {
  return std::visit([](const auto& e) { return Pretty(e, 0); }, expr);
}

}  // namespace glp::logql
