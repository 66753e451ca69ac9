// Metric queries against a slow, obvious evaluator: every step looks at every entry, every pair of
// series is tried. Random data, random queries, both must agree.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "logql/eval.h"
#include "logql/format.h"
#include "logql/memory_source.h"
#include "logql/parser.h"
#include "logql/series_labels.h"

namespace glp::logql {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

using Key = std::map<std::string, std::string>;
using Slow = std::vector<std::pair<Key, double>>;
using Maybe = std::optional<Slow>;  // nothing: an error

Key KeyOf(const Labels& labels) {
  Key key;
  for (const Label& label : labels) key.emplace(label.name, label.value);
  return key;
}

Key Project(const Key& key, const std::vector<std::string>& names, bool without) {
  Key out;
  for (const auto& [name, value] : key) {
    const bool named = std::count(names.begin(), names.end(), name) > 0;
    if (named != without && !value.empty()) out.emplace(name, value);
  }
  return out;
}

struct Observation {
  int64_t ts_ns;
  double value;
};

double SlowCounter(const std::vector<Observation>& all, double seconds) {
  if (all.size() < 2) return 0;
  double increase = all.back().value - all.front().value;
  for (size_t i = 1; i < all.size(); ++i) {
    if (all[i].value < all[i - 1].value) increase += all[i - 1].value;
  }
  const double interval = static_cast<double>(all.back().ts_ns - all.front().ts_ns) / 1000;
  const double average = interval / static_cast<double>(all.size() - 1);
  double start = std::floor(seconds * 1000) / 1000;
  if (increase > 0 && all.front().value >= 0) {
    start = std::min(start, interval * (all.front().value / increase));
  }
  const double whole = interval + (start < average * 1.1 ? start : average / 2);
  return increase * (whole / interval) / seconds;
}

double SlowQuantile(std::vector<double> values, double quantile) {
  if (quantile < 0) return -INFINITY;
  if (quantile > 1) return INFINITY;
  std::sort(values.begin(), values.end());
  const double rank = quantile * static_cast<double>(values.size() - 1);
  const auto low = static_cast<size_t>(rank);
  const size_t high = std::min(low + 1, values.size() - 1);
  const double weight = rank - std::floor(rank);
  return values[low] * (1 - weight) + values[high] * weight;
}

double SlowVariance(const std::vector<double>& values) {
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  for (const double value : values) squares += (value - mean) * (value - mean);
  return squares / static_cast<double>(values.size());
}

double SlowWindow(const RangeAggregation& range, const std::vector<Observation>& all) {
  using Op = RangeAggregation::Op;
  std::vector<double> values;
  for (const Observation& one : all) values.push_back(one.value);
  const double seconds = static_cast<double>(range.range_ns) / kSecond;
  double sum = 0;
  for (const double value : values) sum += value;
  switch (range.op) {
    case Op::kCountOverTime:
    case Op::kBytesOverTime:
    case Op::kSumOverTime:
      return sum;
    case Op::kRate:
    case Op::kBytesRate:
      return sum / seconds;
    case Op::kAvgOverTime:
      return sum / static_cast<double>(values.size());
    case Op::kMinOverTime:
      return *std::min_element(values.begin(), values.end());
    case Op::kMaxOverTime:
      return *std::max_element(values.begin(), values.end());
    case Op::kStddevOverTime:
      return std::sqrt(SlowVariance(values));
    case Op::kStdvarOverTime:
      return SlowVariance(values);
    case Op::kQuantileOverTime:
      return SlowQuantile(values, range.parameter);
    case Op::kFirstOverTime:
      return values.front();
    case Op::kLastOverTime:
      return values.back();
    case Op::kRateCounter:
      return SlowCounter(all, seconds);
    case Op::kAbsentOverTime:
      break;
  }
  return 1;
}

Slow SlowRange(const RangeAggregation& range, const MemorySource& source, int64_t at_ns) {
  using Op = RangeAggregation::Op;
  const int64_t end = at_ns - range.offset_ns;
  const Unwrap* unwrap = range.log.FindUnwrap();
  const bool is_bytes = range.op == Op::kBytesOverTime || range.op == Op::kBytesRate;
  std::map<Key, std::vector<Observation>> windows;
  for (const MemorySource::Stored& entry : source.entries()) {
    if (entry.ts_ns <= end - range.range_ns || entry.ts_ns > end) continue;
    if (!MatchesAll(range.log.matchers, *entry.stream)) continue;
    Key key = KeyOf(*MergeLabels(*entry.stream, entry.meta));
    double value = is_bytes ? static_cast<double>(entry.line.size()) : 1;
    if (unwrap != nullptr) {
      if (key.count(unwrap->label) == 0) continue;
      value = std::stod(key[unwrap->label]);
    }
    bool passes = true;
    for (const Stage& stage : range.log.stages) {
      if (const auto* filter = std::get_if<LabelFilter>(&stage)) {
        passes = passes && filter->matcher.Matches(key[filter->matcher.name]);
      }
    }
    if (!passes) continue;
    std::vector<std::string> names;
    if (range.grouping) names = range.grouping->names;
    const bool without = !range.grouping || range.grouping->without;
    if (unwrap != nullptr && without) names.push_back(unwrap->label);
    windows[Project(key, names, without)].push_back({entry.ts_ns, value});
  }
  if (range.op == Op::kAbsentOverTime) {
    if (!windows.empty()) return {};
    Key key;
    for (const Matcher& matcher : range.log.matchers) {
      if (matcher.op == Matcher::Op::kEqual) key[matcher.name] = matcher.value;
    }
    return {{key, 1}};
  }
  Slow out;
  for (const auto& [key, all] : windows) out.emplace_back(key, SlowWindow(range, all));
  return out;
}

Maybe SlowAt(const MetricExpr& metric, const MemorySource& source, int64_t at_ns);

Maybe SlowVector(const VectorAggregation& vector, const MemorySource& source, int64_t at_ns) {
  using Op = VectorAggregation::Op;
  const Maybe inner = SlowAt(*vector.inner, source, at_ns);
  if (!inner) return inner;
  const Grouping grouping = vector.grouping.value_or(Grouping());
  std::map<Key, Slow> groups;
  for (const auto& one : *inner) {
    groups[Project(one.first, grouping.names, grouping.without)].push_back(one);
  }
  Slow out;
  for (auto& [key, group] : groups) {
    if (vector.op >= Op::kTopk) {
      const bool ascending = vector.op == Op::kBottomk || vector.op == Op::kSort;
      std::sort(group.begin(), group.end(), [&](const auto& a, const auto& b) {
        if (a.second != b.second) return (a.second < b.second) == ascending;
        return std::vector(a.first.begin(), a.first.end()) <
               std::vector(b.first.begin(), b.first.end());
      });
      if (vector.parameter > 0 && group.size() > static_cast<size_t>(vector.parameter)) {
        group.resize(static_cast<size_t>(vector.parameter));
      }
      out.insert(out.end(), group.begin(), group.end());
      continue;
    }
    std::vector<double> values;
    double sum = 0;
    for (const auto& one : group) {
      values.push_back(one.second);
      sum += one.second;
    }
    const auto size = static_cast<double>(values.size());
    const double variance = SlowVariance(values);
    out.emplace_back(key, vector.op == Op::kSum   ? sum
                          : vector.op == Op::kAvg ? sum / size
                          : vector.op == Op::kMin ? *std::min_element(values.begin(), values.end())
                          : vector.op == Op::kMax ? *std::max_element(values.begin(), values.end())
                          : vector.op == Op::kStddev ? std::sqrt(variance)
                          : vector.op == Op::kStdvar ? variance
                                                     : size);
  }
  return out;
}

// Nothing: a comparison that does not hold.
std::optional<double> SlowPair(const BinaryOperation& binary, double left, double right) {
  using Op = BinaryOperation::Op;
  switch (binary.op) {
    case Op::kAdd:
      return left + right;
    case Op::kSubtract:
      return left - right;
    case Op::kMultiply:
      return left * right;
    case Op::kDivide:
      return right == 0 ? NAN : left / right;
    case Op::kModulo:
      return right == 0 ? NAN : std::fmod(left, right);
    case Op::kPower:
      return std::pow(left, right);
    default:
      break;
  }
  const bool holds = binary.op == Op::kEqual            ? left == right
                     : binary.op == Op::kNotEqual       ? left != right
                     : binary.op == Op::kGreater        ? left > right
                     : binary.op == Op::kGreaterOrEqual ? left >= right
                     : binary.op == Op::kLess           ? left < right
                                                        : left <= right;
  if (binary.returns_bool) return holds ? 1 : 0;
  return holds ? std::optional<double>(left) : std::nullopt;
}

Maybe SlowBinary(const BinaryOperation& binary, const MemorySource& source, int64_t at_ns) {
  using Op = BinaryOperation::Op;
  using Many = BinaryOperation::Matching::Many;
  const auto* left_number = std::get_if<Literal>(&binary.left->node);
  const auto* right_number = std::get_if<Literal>(&binary.right->node);
  Slow out;
  if (left_number != nullptr || right_number != nullptr) {
    const Maybe vector = SlowAt(left_number ? *binary.right : *binary.left, source, at_ns);
    if (!vector) return vector;
    for (const auto& [key, value] : *vector) {
      const auto result = left_number ? SlowPair(binary, left_number->value, value)
                                      : SlowPair(binary, value, right_number->value);
      const bool keeps_value = binary.IsComparison() && !binary.returns_bool;
      if (result) out.emplace_back(key, keeps_value ? value : *result);
    }
    return out;
  }
  const Maybe left = SlowAt(*binary.left, source, at_ns);
  const Maybe right = SlowAt(*binary.right, source, at_ns);
  if (!left || !right) return std::nullopt;
  const BinaryOperation::Matching& matching = binary.matching;
  const auto match = [&](const Key& key) { return Project(key, matching.labels, !matching.on); };
  const auto count = [&](const Slow& side, const Key& wanted) {
    return std::count_if(side.begin(), side.end(),
                         [&](const auto& one) { return match(one.first) == wanted; });
  };
  if (binary.IsSetOperation()) {
    for (const auto& one : *left) {
      const bool found = count(*right, match(one.first)) > 0;
      if (binary.op == Op::kOr || found == (binary.op == Op::kAnd)) out.push_back(one);
    }
    for (const auto& one : *right) {
      if (binary.op == Op::kOr && count(*left, match(one.first)) == 0) out.push_back(one);
    }
    return out;
  }
  const bool swapped = matching.many == Many::kRight;
  const Slow& many = swapped ? *right : *left;
  const Slow& ones = swapped ? *left : *right;
  for (const auto& one : ones) {
    if (count(ones, match(one.first)) > 1) return std::nullopt;
  }
  std::map<Key, std::vector<Key>> results;
  for (const auto& point : many) {
    const Key key = match(point.first);
    const auto one = std::find_if(ones.begin(), ones.end(),
                                  [&](const auto& other) { return match(other.first) == key; });
    if (one == ones.end()) continue;
    Key labels = key;
    if (matching.many != Many::kNone) {
      labels = point.first;
      for (const std::string& name : matching.include) {
        labels.erase(name);
        const auto found = one->first.find(name);
        if (found != one->first.end()) labels.insert(*found);
      }
    }
    std::vector<Key>& others = results[key];
    if (std::count(others.begin(), others.end(), labels) > 0) return std::nullopt;
    others.push_back(labels);
    const auto result = swapped ? SlowPair(binary, one->second, point.second)
                                : SlowPair(binary, point.second, one->second);
    if (result) out.emplace_back(labels, *result);
  }
  return out;
}

Maybe SlowAt(const MetricExpr& metric, const MemorySource& source, int64_t at_ns) {
  if (const auto* range = std::get_if<RangeAggregation>(&metric.node)) {
    return SlowRange(*range, source, at_ns);
  }
  if (const auto* vector = std::get_if<VectorAggregation>(&metric.node)) {
    return SlowVector(*vector, source, at_ns);
  }
  if (const auto* binary = std::get_if<BinaryOperation>(&metric.node)) {
    return SlowBinary(*binary, source, at_ns);
  }
  if (const auto* constant = std::get_if<VectorLiteral>(&metric.node)) {
    return Slow{{{}, constant->value}};
  }
  // The only form that RandomMetric makes: (.*) and what is in front of it.
  const auto& replace = std::get<LabelReplace>(metric.node);
  Maybe inner = SlowAt(*replace.inner, source, at_ns);
  if (!inner) return inner;
  for (auto& [key, value] : *inner) {
    const auto from = key.find(replace.from);
    const std::string text = from == key.end() ? "" : from->second;
    const size_t dollar = replace.replacement.find('$');
    const std::string made =
        replace.replacement.substr(0, dollar) + (dollar == std::string::npos ? "" : text);
    key.erase(replace.to);
    if (!made.empty()) key.emplace(replace.to, made);
  }
  return inner;
}

class RandomQueries {
 public:
  explicit RandomQueries(unsigned seed) : random_(seed) {}

  unsigned Number(unsigned below) { return random_() % below; }
  std::string Pick(const std::vector<std::string>& choices) {
    return choices[Number(choices.size())];
  }

  void Fill(MemorySource* source) {
    for (unsigned i = Number(60); i > 0; --i) {
      Labels labels;
      if (Number(4) != 0) labels.push_back({"a", Pick({"1", "2"})});
      if (Number(2) == 0) labels.push_back({"b", Pick({"x", "y"})});
      std::string meta = Pick({"", R"("k":"1",)", R"("k":"2",)"});
      if (Number(8) != 0) {
        meta += R"("v":")" + Pick({"1", "2", "2.5", "-3", "0", "7", "100", "0.5"}) + "\",";
      }
      if (!meta.empty()) meta = "{" + meta.substr(0, meta.size() - 1) + "}";
      // Whole and half seconds, so that entries stand on the borders of windows; no two at once in
      // one place, of which neither is the first.
      source->Add((static_cast<int64_t>(Number(240)) * kSecond / 2) + i % 2, labels,
                  Pick({"error", "ok", ""}), meta);
    }
    source->Sort();
  }

  // `exact`: no value is a matter of rounding, so that it may be compared.
  std::string Metric(int depth, bool exact) {
    if (depth == 0) return Range(exact);
    switch (Number(8)) {
      case 0:
        return Range(exact);
      case 1:
        return "label_replace(" + Metric(depth - 1, exact) + ",\"" + Pick({"b", "z"}) + "\",\"" +
               Pick({"$1", "q-$1", "q"}) + "\",\"" + Pick({"a", "b", "nosuch"}) + "\",\"(.*)\")";
      case 2:
      case 3:
        return Pick({"topk", "bottomk", "approx_topk"}) == "approx_topk"
                   ? "approx_topk(2, " + Metric(depth - 1, true) + ")"
                   : Pick({"topk", "bottomk"}) + Grouped() + "(" + Pick({"1", "2"}) + ", " +
                         Metric(depth - 1, true) + ")";
      case 4:
        return Binary(depth, exact);
      case 5:
        return Pick({"sort", "sort_desc"}) + "(" + Metric(depth - 1, true) + ")";
      default:
        return Pick(exact ? Names{"sum", "min", "max", "count"}
                          : Names{"sum", "avg", "min", "max", "count", "stddev", "stdvar"}) +
               Grouped() + "(" + Metric(depth - 1, exact) + ")";
    }
  }

 private:
  using Names = std::vector<std::string>;

  std::string Grouped() {
    return Pick({"", " by (a) ", " by (a, b)", " by (k)", " by ()", " without (a)", " without ()"});
  }

  std::string Binary(int depth, bool exact) {
    std::string op = Pick({"+", "-", "*", "==", "!=", ">", ">=", "<", "<=", "and", "or", "unless"});
    if (!exact && Number(3) == 0) op = Pick({"/", "%"});
    const bool is_set = op == "and" || op == "or" || op == "unless";
    const bool is_compare = op.find_first_of("<>=") != std::string::npos;
    exact = exact || is_compare || op == "%";
    std::string left = Metric(depth - 1, exact), right = Metric(depth - 1, exact);
    if (is_compare && Number(2) == 0) op += " bool";
    if (!is_set && Number(3) == 0) {
      (Number(2) == 0 ? left : right) = Pick({"2", "0", "-1.5"});
      return "(" + left + " " + op + " " + right + ")";
    }
    if (Number(4) == 0) right = Pick({"vector(1)", "vector(2.5)"});
    op += Pick({"", "", " on (a) ", " on () ", " ignoring (b) ", " ignoring (k, v) "});
    if (!is_set && op.back() == ' ' && Number(2) == 0) {
      op += Pick({"group_left ()", "group_right()", "group_left (b)", "group_right (b, k)"});
    }
    return "(" + left + " " + op + " " + right + ")";
  }

  std::string Range(bool exact) {
    const std::string selector =
        Pick({"{}", "{a=\"1\"}", "{a!=\"1\"}", "{b=~\"x|y\"}", "{a=\"1\",b=\"x\"}"});
    const std::string seconds = "[" + std::to_string(1 + Number(40)) + "s]" +
                                Pick({"", "", " offset 7s", " offset -5s", " offset 1s500ms"});
    if (Number(3) == 0) {
      Names ops = {"count_over_time", "bytes_over_time", "absent_over_time"};
      if (!exact) ops.insert(ops.end(), {"rate", "bytes_rate"});
      return Pick(ops) + "(" + selector + seconds + ")";
    }
    const std::string range =
        selector + " | unwrap v" + Pick({"", "", " | k=\"1\"", " | k!=\"1\""}) + seconds;
    const std::string grouping = Pick({"", " by (a)", " by (a, b)", " by (v)", " without (k)"});
    if (Number(4) == 0) {
      return Pick(exact ? Names{"sum_over_time"} : Names{"sum_over_time", "rate", "rate_counter"}) +
             "(" + range + ")";
    }
    if (!exact && Number(4) == 0) {
      return "quantile_over_time(" + Pick({"0", "0.3", "0.5", "0.99", "1", "1.5"}) + "," + range +
             ")" + grouping;
    }
    Names ops = {"min_over_time", "max_over_time", "first_over_time", "last_over_time"};
    if (!exact) ops.insert(ops.end(), {"avg_over_time", "stddev_over_time", "stdvar_over_time"});
    return Pick(ops) + "(" + range + ")" + grouping;
  }

  std::mt19937 random_;
};

bool IsNear(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (std::isinf(a) || std::isinf(b)) return a == b;
  return std::abs(a - b) <= 1e-7 * std::max({1.0, std::abs(a), std::abs(b)});
}

bool HasTwins(Slow vector) {
  std::sort(vector.begin(), vector.end(), [](auto& a, auto& b) { return a.first < b.first; });
  return std::adjacent_find(vector.begin(), vector.end(), [](const auto& a, const auto& b) {
           return a.first == b.first;
         }) != vector.end();
}

TEST(Metrics, AgreeWithTheSlowWay) {
  RandomQueries random(21);
  int answers = 0, refused = 0;
  for (int round = 0; round < 20000; ++round) {
    MemorySource source;
    random.Fill(&source);
    const std::string query = random.Metric(static_cast<int>(random.Number(4)), false);
    const auto expr = Parse(query, {.allow_empty_selector = true});
    ASSERT_TRUE(expr.ok()) << query << "\n" << expr.status().message();
    const auto& metric = std::get<MetricExpr>(*expr);
    QueryParams params;
    params.range.start_ns = (static_cast<int64_t>(random.Number(200)) - 40) * kSecond / 2;
    params.range.end_ns = params.range.start_ns + static_cast<int64_t>(random.Number(60)) * kSecond;
    params.step_ns = static_cast<int64_t>(1 + random.Number(60)) * kSecond / 2;
    std::map<int64_t, std::map<Key, double>> expected;
    bool fails = false;
    for (int64_t at = params.range.start_ns; at <= params.range.end_ns; at += params.step_ns) {
      const Maybe vector = SlowAt(metric, source, at);
      fails = fails || !vector || HasTwins(*vector);
      if (fails) break;
      for (const auto& [key, value] : *vector) expected[at][key] = value;
    }
    const auto series = RunRangeQuery(metric, &source, params, nullptr);
    ASSERT_EQ(series.ok(), !fails) << query << "\n"
                                   << (series.ok() ? "" : series.status().message());
    refused += fails;
    if (fails) continue;
    size_t points = 0, expected_points = 0;
    for (const Series& one : *series) {
      points += one.samples.size();
      for (const Sample& sample : one.samples) {
        const auto& vector = expected[sample.ts_ns];
        const auto found = vector.find(KeyOf(one.labels));
        ASSERT_NE(found, vector.end()) << query << " " << LabelsToSelector(one.labels);
        ASSERT_TRUE(IsNear(sample.value, found->second))
            << query << " " << LabelsToSelector(one.labels) << " at " << sample.ts_ns << ": "
            << sample.value << ", not " << found->second;
      }
    }
    for (const auto& [at, vector] : expected) expected_points += vector.size();
    ASSERT_EQ(points, expected_points) << query;
    answers += points > 0;
  }
  EXPECT_GT(answers, 5000);
  EXPECT_GT(refused, 100);
}

MetricExpr Metric(const std::string& query) {
  auto expr = Parse(query, {.allow_empty_selector = true});
  EXPECT_TRUE(expr.ok()) << query;
  return std::get<MetricExpr>(*std::move(expr));
}

std::string Instant(const std::string& query, MemorySource* source, int64_t at_ns = 10 * kSecond) {
  const auto series = RunInstantQuery(Metric(query), source, at_ns, {}, nullptr);
  if (!series.ok()) return series.status().message();
  std::string out;
  for (const Series& one : *series) {
    out.append(out.empty() ? "" : " ").append(LabelsToSelector(one.labels)).append("=");
    out.append(FormatSampleValue(one.samples.front().value));
  }
  return out;
}

TEST(Metrics, AnswerAsLokiDoes) {
  MemorySource source;
  for (int i = 1; i <= 5; ++i) {
    const std::string text = std::to_string(i);
    source.Add(i * kSecond, {{"app", i % 2 == 0 ? "even" : "odd"}}, "x",
               R"({"n":")" + text + R"(","took":")" + text + R"(00ms","size":")" + text +
                   R"(KB","bad":"x"})");
  }
  const struct {
    const char *query, *answer;
  } kCases[] = {
      {"1 + 2 * 3", "{}=7"},
      {"vector(2) / 0", "{}=NaN"},
      {"vector(2) > 3", ""},
      {"3 > vector(2)", "{}=2"},
      {"3 > bool vector(2)", "{}=1"},
      {"vector(1) == bool 2", "{}=0"},
      {"sum_over_time({} | unwrap n [10s])", R"({app="even", bad="x", size="2KB", took="200ms"}=2 )"
                                             R"({app="even", bad="x", size="4KB", took="400ms"}=4 )"
                                             R"({app="odd", bad="x", size="1KB", took="100ms"}=1 )"
                                             R"({app="odd", bad="x", size="3KB", took="300ms"}=3 )"
                                             R"({app="odd", bad="x", size="5KB", took="500ms"}=5)"},
      {"sum(sum_over_time({} | unwrap duration(took) [10s]))", "{}=1.5"},
      {"sum(sum_over_time({} | unwrap duration_seconds(took) | n=\"5\" [10s]))", "{}=0.5"},
      {"sum by (app) (sum_over_time({} | unwrap bytes(size) [10s]))",
       R"({app="even"}=6000 {app="odd"}=9000)"},
      {"sum(rate({} | unwrap n [10s]))", "{}=1.5"},
      {"sum(sum_over_time({} | unwrap nosuch [10s]))", ""},
      {"quantile_over_time(0.5, {} | unwrap n [10s]) by (app)", R"({app="even"}=3 {app="odd"}=3)"},
      {"first_over_time({} | unwrap n [10s]) by (app)", R"({app="even"}=2 {app="odd"}=1)"},
      {"last_over_time({} | unwrap n [10s]) by ()", "{}=5"},
      {"max_over_time({} | unwrap n [5s]) by (n)", ""},
      {"max_over_time({} | unwrap n [6s]) by (n)", R"({n="5"}=5)"},
      {"sort_desc(max_over_time({} | unwrap n [10s]) by (app))", R"({app="odd"}=5 {app="even"}=4)"},
      {"sort(max_over_time({} | unwrap n [10s]) by (app))", R"({app="even"}=4 {app="odd"}=5)"},
      {"topk(1, sum by (app) (count_over_time({}[10s])))", R"({app="odd"}=3)"},
      {"absent_over_time({app=\"gone\", b!=\"c\"}[10s])", R"({app="gone"}=1)"},
      {"absent_over_time({app=\"a\", app=\"b\", c=\"d\"}[10s])", R"({c="d"}=1)"},
      {"absent_over_time({app=\"odd\"}[10s])", ""},
      {"absent_over_time({app=\"odd\"} | unwrap nosuch [10s])", R"({app="odd"}=1)"},
      {"label_replace(vector(1), \"a\", \"x$$${1}y$nosuch\", \"b\", \"()\")", R"({a="x$y"}=1)"},
      {"label_replace(sum by (app) (count_over_time({}[10s])), \"first\", \"${l}-$1x\", \"app\", "
       "\"(?P<l>.).*\")",
       R"({app="even", first="e-"}=2 {app="odd", first="o-"}=3)"},
      {"label_replace(sum by (app) (count_over_time({}[10s])), \"app\", \"\", \"app\", \"odd\")",
       R"({}=3 {app="even"}=2)"},
  };
  for (const auto& c : kCases) EXPECT_EQ(Instant(c.query, &source), c.answer) << c.query;
}

TEST(Metrics, RefuseWhatCannotBeAnswered) {
  MemorySource source;
  source.Add(kSecond, {{"a", "1"}, {"b", "1"}}, "x", R"({"n":"no"})");
  source.Add(kSecond, {{"a", "1"}, {"b", "2"}}, "x");
  const struct {
    const char *query, *error;
  } kCases[] = {
      {"sum_over_time({} | unwrap n [10s])", "pipeline error: 'SampleExtractionErr' for series: '"},
      {"count_over_time({}[10s]) + on (a) count_over_time({}[10s])",
       "found duplicate series on the right hand-side;many-to-many matching not allowed: matching "
       "labels must be unique on one side"},
      {"sum by (a) (count_over_time({}[10s])) + on (a) group_right count_over_time({}[10s]) + on "
       "(a) group_right count_over_time({}[10s])",
       "found duplicate series on the left hand-side;"},
      {"count_over_time({}[10s]) + on (a) sum by (a) (count_over_time({}[10s]))",
       "multiple matches for labels: many-to-one matching must be explicit "
       "(group_left/group_right)"},
      {"count_over_time({}[10s]) + on (a) group_left (b, n) sum by (a) (count_over_time({}[10s]))",
       "multiple matches for labels: grouping labels must ensure unique matches"},
      {"label_replace(sum by (b) (count_over_time({}[10s])), \"b\", \"\", \"b\", \".*\")",
       "several series of the answer have the labels {};"},
      {"sum(1)", "the number 1 has no series; write vector(1)"},
  };
  for (const auto& c : kCases) {
    const std::string answer = Instant(c.query, &source);
    EXPECT_EQ(answer.substr(0, std::string_view(c.error).size()), c.error) << c.query;
  }
  EXPECT_EQ(Instant("sum_over_time({} | unwrap n | __error__=\"\" [10s])", &source), "");
}

TEST(Metrics, ANumberIsThereAtEveryStep) {
  MemorySource source;
  QueryParams params;
  params.range = {0, 10 * kSecond};
  params.step_ns = 5 * kSecond;
  for (const char* query : {"2 * 2", "vector(4)", "vector(1) + 3"}) {
    const auto series = RunRangeQuery(Metric(query), &source, params, nullptr);
    ASSERT_TRUE(series.ok());
    ASSERT_EQ(series->size(), 1u);
    EXPECT_EQ(series->front().samples.size(), 3u);
    EXPECT_EQ(series->front().samples.back().value, 4);
  }
}

}  // namespace
}  // namespace glp::logql
