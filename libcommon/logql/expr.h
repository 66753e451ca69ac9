// The tree of a whole query: a log query (selector and pipeline) or a metric made of one.
// Plain data; logql/parser.h makes it, logql/eval.h runs it, ToString writes it back.
// Source: the LogQL grammar of Loki 3.7. This is the part of the language that glp has so far; a
// new stage is an alternative of Stage, a new metric expression one of MetricExpr::node.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "logql/ast.h"

namespace glp::logql {

// One step of the pipeline behind a selector.
using Stage = std::variant<LineFilter>;

struct LogExpr {
  std::vector<Matcher> matchers;  // none: every stream
  std::vector<Stage> stages;      // in order

  // The line filters that see the line as it is stored: those in front of any stage that changes
  // it. What a source may use to skip entries.
  std::vector<LineFilter> LeadingLineFilters() const;
};

// by (a, b) or without (a, b).
struct Grouping {
  bool without = false;
  std::vector<std::string> names;  // as typed
};

// count_over_time(log[5m] offset 1h): a value for each series and window.
struct RangeAggregation {
  enum class Op { kCountOverTime, kRate, kBytesOverTime, kBytesRate };
  Op op = Op::kCountOverTime;
  LogExpr log;
  int64_t range_ns = 0;   // > 0
  int64_t offset_ns = 0;  // may be negative
};

struct MetricExpr;

// sum by (a) (metric): the series of a metric put together.
struct VectorAggregation {
  enum class Op { kSum, kAvg, kMin, kMax, kCount };
  Op op = Op::kSum;
  std::optional<Grouping> grouping;  // nothing: all series into one
  std::unique_ptr<MetricExpr> inner;
};

struct MetricExpr {
  std::variant<RangeAggregation, VectorAggregation> node;
};

using Expr = std::variant<LogExpr, MetricExpr>;

// LogQL that means the same, in Loki's own spacing.
std::string ToString(const Expr& expr);
std::string ToString(const LogExpr& log);
std::string ToString(const MetricExpr& metric);
std::string ToString(const std::vector<Matcher>& matchers);
std::string ToString(const LineFilter& filter);
std::string_view ToString(RangeAggregation::Op op);
std::string_view ToString(VectorAggregation::Op op);

}  // namespace glp::logql
