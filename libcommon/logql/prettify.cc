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

std::string Pretty(const RangeAggregation& range, int level) {
  std::string out = Indent(level);
  out.append(ToString(range.op)).append("(\n").append(Pretty(range.log, level + 1));
  out.append(" [").append(FormatPrometheusDuration(range.range_ns)).append("]");
  if (range.offset_ns != 0) {
    out.append(" offset ").append(FormatPrometheusDuration(range.offset_ns));
  }
  return out.append("\n").append(Indent(level)).append(")");
}

std::string Pretty(const VectorAggregation& vector, int level) {
  std::string out = Indent(level);
  out.append(ToString(vector.op));
  if (vector.grouping) out.append(ToString(*vector.grouping, ", "));
  out.append("(\n").append(Pretty(*vector.inner, level + 1));
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
