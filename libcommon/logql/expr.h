// The tree of a whole query: a log query (selector and pipeline) or a metric made of one.
// Plain data; logql/parser.h makes it, logql/eval.h runs it, ToString writes it back.
// Source: the LogQL grammar of Loki 3.7, all but `variants`, which went after that version.
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

// distinct a, b: the first entry of each combination of values. Not in metrics.
struct DistinctLabels {
  std::vector<std::string> names;
};

// | unwrap bytes(size): the label that gives a range aggregation its numbers. It stands only in
// such an aggregation, once, and nothing but label filters behind it.
struct Unwrap {
  enum class Conversion { kNone, kBytes, kDuration, kDurationSeconds };
  std::string label;
  Conversion conversion = Conversion::kNone;
};

// One step of the pipeline behind a selector.
using Stage = std::variant<LineFilter, JsonParser, LogfmtParser, RegexpParser, PatternStage,
                           UnpackParser, LabelFilter, LineFormat, LabelFormat, Decolorize,
                           DropLabels, KeepLabels, DistinctLabels, Unwrap>;

struct LogExpr {
  std::vector<Matcher> matchers;  // none: every stream
  std::vector<Stage> stages;      // in order

  // The line filters that see the line as it is stored: those in front of any stage that changes
  // it or counts what it saw. What a source may use to skip entries.
  std::vector<LineFilter> LeadingLineFilters() const;
  // The query for entries that have passed these.
  LogExpr WithoutLeadingLineFilters() const;
  // nullptr where there is none.
  const Unwrap* FindUnwrap() const;
};

// by (a, b) or without (a, b).
struct Grouping {
  bool without = false;
  std::vector<std::string> names;  // as typed
};

// count_over_time(log[5m] offset 1h): a value for each series and window.
struct RangeAggregation {
  enum class Op {
    kCountOverTime,
    kRate,
    kBytesOverTime,
    kBytesRate,
    kAbsentOverTime,
    kRateCounter,
    kSumOverTime,
    kAvgOverTime,
    kMinOverTime,
    kMaxOverTime,
    kStddevOverTime,
    kStdvarOverTime,
    kQuantileOverTime,
    kFirstOverTime,
    kLastOverTime,
  };
  Op op = Op::kCountOverTime;
  LogExpr log;                                      // with the Unwrap, where there is one
  int64_t range_ns = 0;                             // > 0
  int64_t offset_ns = 0;                            // may be negative
  double parameter = 0;                             // kQuantileOverTime
  std::optional<Grouping> grouping = std::nullopt;  // nothing: series by all labels
};

struct MetricExpr;

// sum by (a) (metric): the series of a metric put together; topk(3, metric): some of them.
struct VectorAggregation {
  enum class Op {
    kSum,
    kAvg,
    kMin,
    kMax,
    kCount,
    kStddev,
    kStdvar,
    kTopk,
    kBottomk,
    kApproxTopk,
    kSort,
    kSortDesc,
  };
  Op op = Op::kSum;
  std::optional<Grouping> grouping;  // nothing: all series into one
  std::unique_ptr<MetricExpr> inner;
  int64_t parameter = 0;  // > 0: kTopk, kBottomk, kApproxTopk
};

// left / on (a) group_left (b) right.
struct BinaryOperation {
  enum class Op {
    kOr,
    kAnd,
    kUnless,
    kEqual,
    kNotEqual,
    kGreater,
    kGreaterOrEqual,
    kLess,
    kLessOrEqual,
    kAdd,
    kSubtract,
    kMultiply,
    kDivide,
    kModulo,
    kPower,
  };
  // Which series are each other's partners.
  struct Matching {
    enum class Many { kNone, kLeft, kRight };  // the side where several may have one partner
    bool on = false;                           // by `labels`; else by all but them
    std::vector<std::string> labels;
    Many many = Many::kNone;
    std::vector<std::string> include;  // labels taken from the one
  };
  Op op = Op::kAdd;
  bool returns_bool = false;
  Matching matching;
  std::unique_ptr<MetricExpr> left, right;

  bool IsSetOperation() const { return op <= Op::kUnless; }
  bool IsComparison() const { return op >= Op::kEqual && op <= Op::kLessOrEqual; }
};

// 0.5: a number beside a metric, or alone. Two numbers are one once they are parsed.
struct Literal {
  double value = 0;
};

// vector(1): a series without labels that has this value always.
struct VectorLiteral {
  double value = 0;
};

// label_replace(metric, "to", "$1", "from", "(.*)-.*").
struct LabelReplace {
  std::unique_ptr<MetricExpr> inner;
  std::string to, replacement, from, expression;
  std::shared_ptr<const re2::RE2> regex;  // matches the whole value
};

struct MetricExpr {
  std::variant<RangeAggregation, VectorAggregation, BinaryOperation, Literal, VectorLiteral,
               LabelReplace>
      node;
};

// The metrics directly below one, from left to right.
std::vector<const MetricExpr*> Operands(const MetricExpr& metric);
// All range aggregations in a metric, from left to right.
std::vector<const RangeAggregation*> RangeAggregations(const MetricExpr& metric);

using Expr = std::variant<LogExpr, MetricExpr>;

// LogQL that means the same, in Loki's own spacing.
std::string ToString(const Expr& expr);
std::string ToString(const LogExpr& log);
std::string ToString(const MetricExpr& metric);
std::string ToString(const std::vector<Matcher>& matchers);
std::string ToString(const LineFilter& filter);
std::string ToString(const Stage& stage);
std::string ToString(const Grouping& grouping, std::string_view separator);
// The grouping behind a range aggregation, where `by ()` is one, too.
std::string RangeGrouping(const Grouping& grouping, std::string_view separator);
std::string_view ToString(RangeAggregation::Op op);
std::string_view ToString(VectorAggregation::Op op);
std::string_view ToString(BinaryOperation::Op op);
// What stands between the two sides: "> bool on (a) group_left (b)".
std::string ToString(const BinaryOperation& binary, std::string_view separator);

// The same over several lines, where it is longer than 100 bytes, as Loki's format_query has it.
std::string Prettify(const Expr& expr);

}  // namespace glp::logql
