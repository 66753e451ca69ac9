// The tree of a whole query: a log query (selector and pipeline) or a metric made of one.
// Plain data; logql/parser.h makes it, logql/eval.h runs it, ToString writes it back.
// Source: the LogQL grammar of Loki 3.7. Log queries are whole; of metrics this is what glp has so
// far: a new metric expression is an alternative of MetricExpr::node.
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

// name="expression" of json and logfmt; `name` alone is its own expression.
struct Extraction {
  std::string name, expression;
};

struct JsonParser {
  std::vector<Extraction> extractions;  // none: all of the object
};
struct LogfmtParser {
  bool strict = false, keep_empty = false;
  std::vector<Extraction> extractions;
};
struct RegexpParser {
  std::string expression;
};
struct PatternStage {
  std::string pattern;
};
struct UnpackParser {};

// | status >= 500 and (method = "GET" or host = ip("10.0.0.0/8")).
struct LabelFilter {
  enum class Kind { kMatcher, kNumber, kDuration, kBytes, kIp, kAnd, kOr };
  enum class Compare { kEqual, kNotEqual, kGreater, kGreaterOrEqual, kLess, kLessOrEqual };
  Kind kind = Kind::kMatcher;
  Matcher matcher;   // kMatcher
  std::string name;  // of the label: the numeric kinds and kIp
  Compare compare = Compare::kEqual;
  double number = 0;        // kNumber; kBytes: bytes
  int64_t duration_ns = 0;  // kDuration
  std::string text;         // of the right side as written (numeric kinds), the pattern (kIp)
  std::vector<LabelFilter> operands;  // kAnd, kOr: two
};

struct LineFormat {
  std::string text;
};
struct LabelFormat {
  struct Item {
    std::string name, value;  // value: a template, or the label that is renamed
    bool is_rename = false;
  };
  std::vector<Item> items;
};
struct Decolorize {};
// drop a, b="x", keep a: names, or names whose value must match too.
struct NameOrMatcher {
  std::string name;
  std::optional<Matcher> matcher;
};
struct DropLabels {
  std::vector<NameOrMatcher> labels;
};
struct KeepLabels {
  std::vector<NameOrMatcher> labels;
};

// One step of the pipeline behind a selector.
using Stage =
    std::variant<LineFilter, JsonParser, LogfmtParser, RegexpParser, PatternStage, UnpackParser,
                 LabelFilter, LineFormat, LabelFormat, Decolorize, DropLabels, KeepLabels>;

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
std::string ToString(const Stage& stage);
std::string ToString(const Grouping& grouping, std::string_view separator);
std::string_view ToString(RangeAggregation::Op op);
std::string_view ToString(VectorAggregation::Op op);

// The same over several lines, where it is longer than 100 bytes, as Loki's format_query has it.
std::string Prettify(const Expr& expr);

}  // namespace glp::logql
