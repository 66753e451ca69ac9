#include "logql/eval.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <random>
#include <string>

#include "logql/memory_source.h"
#include "logql/parser.h"
#include "logql/regex.h"
#include "logql/series_labels.h"

namespace glp::logql {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

using Stored = MemorySource::Stored;

// The slow way: every step looks at every entry.
using Vector = std::map<std::vector<std::pair<std::string, std::string>>, double>;

std::vector<std::pair<std::string, std::string>> Key(const Labels& labels) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const Label& label : labels) out.emplace_back(label.name, label.value);
  return out;
}

bool SlowPasses(const LogExpr& log, const Stored& entry) {
  if (!MatchesAll(log.matchers, *entry.stream)) return false;
  for (const Stage& stage : log.stages) {
    const auto& filter = std::get<LineFilter>(stage);
    bool any = false;
    for (const auto& alternative : filter.alternatives) {
      any = any ||
            (alternative.regex != nullptr ? re2::RE2::PartialMatch(entry.line, *alternative.regex)
                                          : entry.line.find(alternative.text) != std::string::npos);
    }
    const bool wanted =
        filter.op == LineFilter::Op::kContains || filter.op == LineFilter::Op::kMatch;
    if (any != wanted) return false;
  }
  return true;
}

Vector SlowAt(const MetricExpr& metric, const MemorySource& source, int64_t at_ns) {
  Vector out;
  if (const auto* range = std::get_if<RangeAggregation>(&metric.node)) {
    using Op = RangeAggregation::Op;
    const int64_t end = at_ns - range->offset_ns;
    for (const Stored& entry : source.entries()) {
      if (entry.ts_ns <= end - range->range_ns || entry.ts_ns > end) continue;
      if (!SlowPasses(range->log, entry)) continue;
      const bool bytes = range->op == Op::kBytesOverTime || range->op == Op::kBytesRate;
      out[Key(*MergeLabels(*entry.stream, entry.meta))] +=
          bytes ? static_cast<double>(entry.line.size()) : 1;
    }
    if (range->op == Op::kRate || range->op == Op::kBytesRate) {
      for (auto& [labels, value] : out) value /= static_cast<double>(range->range_ns) / 1e9;
    }
    return out;
  }
  using Op = VectorAggregation::Op;
  const auto& vector = std::get<VectorAggregation>(metric.node);
  std::map<Vector::key_type, std::vector<double>> groups;
  for (const auto& [labels, value] : SlowAt(*vector.inner, source, at_ns)) {
    Vector::key_type key;
    for (const auto& label : labels) {
      bool keep = false;
      if (vector.grouping) {
        const auto& names = vector.grouping->names;
        keep =
            (std::count(names.begin(), names.end(), label.first) > 0) != vector.grouping->without;
      }
      if (keep) key.push_back(label);
    }
    groups[key].push_back(value);
  }
  for (const auto& [key, values] : groups) {
    double sum = 0;
    for (const double value : values) sum += value;
    const auto size = static_cast<double>(values.size());
    out[key] = vector.op == Op::kSum   ? sum
               : vector.op == Op::kAvg ? sum / size
               : vector.op == Op::kMin ? *std::min_element(values.begin(), values.end())
               : vector.op == Op::kMax ? *std::max_element(values.begin(), values.end())
                                       : size;
  }
  return out;
}

std::string Pick(std::mt19937* random, const std::vector<std::string>& choices) {
  return choices[(*random)() % choices.size()];
}

std::string RandomLog(std::mt19937* random, bool with_filters = true) {
  std::string out =
      Pick(random, {"{}", "{a=\"1\"}", "{a!=\"1\"}", "{b=~\"x|y\"}", "{b!~\"x\", a=~\".+\"}"});
  while (with_filters && (*random)() % 2 == 0) {
    out += Pick(random, {" |= \"er\"", " != \"ok\"", " |~ \"e.?r\" or \"ok\"", " !~ \"^o\"",
                         " != \"er\" or \"fine\"", " |= \"\""});
  }
  return out;
}

std::string RandomMetric(std::mt19937* random, int depth) {
  if (depth > 0 && (*random)() % 4 != 0) {
    const std::string grouping =
        Pick(random, {"", " by (a) ", " by (a, b)", " by (m)", " by ()", " without (a)",
                      " without ()", " by (a_extracted, c)", " without (m, a_extracted)"});
    return Pick(random, {"sum", "sum", "avg", "min", "max", "count"}) + grouping + "(" +
           RandomMetric(random, depth - 1) + ")";
  }
  const std::string seconds = std::to_string(1 + (*random)() % 40) + "s";
  const std::string offset =
      Pick(random, {"", "", " offset 7s", " offset -5s", " offset 1m", " offset 1s500ms"});
  return Pick(random, {"count_over_time", "rate", "bytes_over_time", "bytes_rate"}) + "(" +
         RandomLog(random) + "[" + seconds + "]" + offset + ")";
}

void Fill(std::mt19937* random, MemorySource* source) {
  const int count = static_cast<int>((*random)() % 60);
  for (int i = 0; i < count; ++i) {
    Labels labels;
    if ((*random)() % 4 != 0) labels.push_back({"a", Pick(random, {"1", "2"})});
    if ((*random)() % 2 == 0) labels.push_back({"b", Pick(random, {"x", "y"})});
    const std::string meta = Pick(random, {"", "", "{\"m\":\"1\"}", "{\"m\":\"2\",\"a\":\"9\"}",
                                           "{\"c\":\"3\"}", "{\"b\":\"z\"}", "{}"});
    // Whole and half seconds, so that entries stand on the borders of windows.
    source->Add(static_cast<int64_t>((*random)() % 240) * kSecond / 2, labels,
                Pick(random, {"error", "ok", "eer ok", "fine", "", "an err"}), meta);
  }
  source->Sort();
}

TEST(RunRangeQuery, AgreesWithTheSlowWay) {
  std::mt19937 random(11);
  for (int round = 0; round < 6000; ++round) {
    MemorySource source;
    Fill(&random, &source);
    const std::string query = RandomMetric(&random, 3);
    const auto expr = Parse(query, {.allow_empty_selector = true});
    ASSERT_TRUE(expr.ok()) << query << "\n" << expr.status().message();
    const auto& metric = std::get<MetricExpr>(*expr);
    QueryParams params;
    params.range.start_ns = (static_cast<int64_t>(random() % 200) - 40) * kSecond / 2;
    params.range.end_ns = params.range.start_ns + static_cast<int64_t>(random() % 150) * kSecond;
    params.step_ns = static_cast<int64_t>(1 + random() % 60) * kSecond / 2;
    ScanStats stats;
    const auto series = RunRangeQuery(metric, &source, params, &stats);
    ASSERT_TRUE(series.ok()) << series.status().message();

    std::map<int64_t, Vector> got, expected;
    for (const Series& s : *series) {
      int64_t last = std::numeric_limits<int64_t>::min();
      for (const Sample& sample : s.samples) {
        EXPECT_GT(sample.ts_ns, last);
        last = sample.ts_ns;
        got[sample.ts_ns][Key(s.labels)] = sample.value;
      }
    }
    for (int64_t at = params.range.start_ns; at <= params.range.end_ns; at += params.step_ns) {
      Vector vector = SlowAt(metric, source, at);
      const auto instant = RunInstantQuery(metric, &source, at, params, nullptr);
      ASSERT_TRUE(instant.ok());
      EXPECT_EQ(instant->size(), vector.size()) << query << " at " << at;
      if (!vector.empty()) expected[at] = std::move(vector);
    }
    ASSERT_EQ(got.size(), expected.size()) << query;
    for (const auto& [at, vector] : expected) {
      ASSERT_EQ(got[at].size(), vector.size()) << query << " at " << at;
      for (const auto& [labels, value] : vector) {
        ASSERT_TRUE(got[at].count(labels)) << query << " at " << at;
        EXPECT_NEAR(got[at][labels], value, 1e-9) << query << " at " << at;
      }
    }
    for (size_t i = 1; i < series->size(); ++i) {
      EXPECT_LT(Key((*series)[i - 1].labels), Key((*series)[i].labels));
    }
  }
}

TEST(RunLogQuery, AgreesWithTheSlowWay) {
  std::mt19937 random(12);
  for (int round = 0; round < 3000; ++round) {
    MemorySource source;
    Fill(&random, &source);
    const auto log = ParseLogQuery(RandomLog(&random), {.allow_empty_selector = true});
    ASSERT_TRUE(log.ok());
    QueryParams params;
    params.range.start_ns = static_cast<int64_t>(random() % 100) * kSecond / 2;
    params.range.end_ns = params.range.start_ns + static_cast<int64_t>(random() % 200) * kSecond;
    params.direction = random() % 2 == 0 ? Direction::kForward : Direction::kBackward;
    params.limit = random() % 10;
    std::vector<std::string> expected, got;
    for (const Stored& entry : source.entries()) {
      if (params.range.Contains(entry.ts_ns) && SlowPasses(*log, entry)) {
        expected.push_back(std::to_string(entry.ts_ns) + entry.stream->json + entry.line +
                           entry.meta);
      }
    }
    if (params.direction == Direction::kBackward) std::reverse(expected.begin(), expected.end());
    if (params.limit > 0 && expected.size() > params.limit) expected.resize(params.limit);
    const Status status = RunLogQuery(
        *log, &source, params,
        [&](const Entry& entry) {
          got.push_back(std::to_string(entry.ts_ns) + entry.stream->json + std::string(entry.line) +
                        std::string(entry.meta));
          return true;
        },
        nullptr);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(got, expected) << ToString(*log);
  }
}

MetricExpr Metric(std::string_view query) {
  return std::get<MetricExpr>(*std::move(Parse(query, {.allow_empty_selector = true})));
}

TEST(RunLogQuery, StopsEarly) {
  MemorySource source;
  for (int i = 0; i < 1000; ++i) source.Add(i, {{"a", "1"}}, "x");
  QueryParams params;
  params.limit = 3;
  int count = 0;
  const auto sink = [&](const Entry&) { return ++count < 100; };
  const LogExpr log = *ParseLogQuery("{a=\"1\"}");
  ScanStats stats;
  ASSERT_TRUE(RunLogQuery(log, &source, params, sink, &stats).ok());
  EXPECT_EQ(count, 3);
  EXPECT_EQ(source.batches(), 1u);
  EXPECT_EQ(stats.entries, 7u);
  params.limit = 0;
  count = 95;
  ASSERT_TRUE(RunLogQuery(log, &source, params, sink, &stats).ok());
  EXPECT_EQ(count, 100);
  params.cancelled = [] { return true; };
  EXPECT_EQ(RunLogQuery(log, &source, params, sink, &stats).code(), Code::kCancelled);
}

TEST(RunRangeQuery, AsksForLinesOnlyWhereItNeedsThem) {
  MemorySource source;
  source.Add(kSecond, {{"a", "1"}, {"b", "1"}}, "x");
  source.Add(kSecond, {{"a", "2"}, {"b", "2"}}, "x");
  source.Add(kSecond, {{"a", "3"}}, "x");
  const struct {
    const char* query;
    bool wants_lines;
  } kCases[] = {
      {"sum(count_over_time({}[5s]))", false},
      {"sum by (a) (rate({}[5s]))", false},
      {"sum by (a, b) (rate({}[5s]))", true},  // a stream has no b: metadata may
      {"sum by (a, b) (rate({b=~\".+\"}[5s]))", false},
      {"sum by (m) (rate({}[5s]))", true},
      {"sum without (a) (rate({}[5s]))", true},
      {"count_over_time({}[5s])", true},
      {"sum(count_over_time({} |= \"x\" [5s]))", true},
      {"sum(bytes_over_time({}[5s]))", true},
      {"max by (a) (count_over_time({}[5s]))", true},
      {"count(sum by (a) (count_over_time({}[5s])))", false},
      // Filters by labels that all streams have.
      {"sum by (a) (count_over_time({} | a=\"1\" or a!~\"3\" [5s]))", false},
      {"sum(rate({b=~\".+\"} | a=\"1\" | b!=\"2\" [5s]))", false},
      {"sum by (a) (count_over_time({} | b=\"1\" [5s]))", true},
      {"sum by (a) (count_over_time({} | a>1 [5s]))", true},  // an error names all labels
      {"sum by (a) (count_over_time({} | a=ip(\"::1\") [5s]))", true},
      {"sum by (b) (count_over_time({} | a=\"1\" [5s]))", true},
      {"count_over_time({} | a=\"1\" [5s])", true},
      {"sum by (a) (bytes_over_time({} | a=\"1\" [5s]))", true},
      {"absent_over_time({}[5s])", false},
      {"absent_over_time({} | a=\"1\" [5s])", false},
      {"sum by (a) (count_over_time({} | a=\"1\" | drop b [5s]))", true},
  };
  for (const auto& c : kCases) {
    const MetricExpr metric = Metric(c.query);
    ASSERT_TRUE(RunInstantQuery(metric, &source, 2 * kSecond, {}, nullptr).ok());
    EXPECT_EQ(source.last_request().want_lines, c.wants_lines) << c.query;
  }
}

TEST(RunRangeQuery, SaysWhichCapturesItNeeds) {
  std::mt19937 random(7);
  MemorySource whole;
  MemorySource cut;
  cut.applies_filters = true;
  for (int i = 0; i < 300; ++i) {
    std::string line;
    for (unsigned left = random() % 12; left > 0; --left) {
      const char* const words[] = {"GET ", " status: ", " len: ", " time: ", "12", "0.5", "x", "a"};
      line += words[random() % std::size(words)];
    }
    const Labels labels = {{"a", std::to_string(i % 3)}};
    const std::string meta = i % 5 == 0 ? R"({"t":"7"})" : "";
    for (MemorySource* source : {&whole, &cut}) source->Add(i * kSecond / 10, labels, line, meta);
  }
  const struct {
    const char* query;
    const char* wanted;  // "whole": lines are looked at in other ways
  } kCases[] = {
      {"max by (a) (max_over_time({} | pattern `<_> len: <_> time: <t>` | unwrap t "
       "| __error__=`` [5s]))",
       "1"},
      {"sum(sum_over_time({} | pattern `<s> len: <_> time: <t>` | unwrap t | __error__=`` [5s]))",
       "01"},
      {"sum by (s) (count_over_time({} | pattern `<_>status: <s> <_>` [5s]))", "1"},
      {"sum by (t_extracted) (count_over_time({} | pattern `<s> time: <t> <_>` [5s]))", "01"},
      {"sum by (a) (count_over_time({} | pattern `<s> len: <l>` | l!=`` [5s]))", "01"},
      {"sum by (a) (count_over_time({} | pattern `GET <s> len: <l>` | s=`` or l=`12` [5s]))", "11"},
      {"count_over_time({} | pattern `<s> len: <_>` [5s])", "1"},
      {"count_over_time({} | pattern `<s> len: <l>` | drop s [5s])", "11"},
      {"sum by (l) (count_over_time({} |= `x` | pattern `<s> len: <l>` != `a` [5s]))", "01"},
      {"sum(count_over_time({} | pattern `<s> len: <l>` [5s]))", "00"},
      {"sum by (l) (bytes_over_time({} | pattern `<s> len: <l>` [5s]))", "whole"},
      {"sum by (l) (bytes_rate({} | pattern `<s> len: <l>` [5s]))", "whole"},
      {"sum by (l) (count_over_time({} | pattern `<_> len: <l>` | pattern `<s> <_>` [5s]))",
       "whole"},
      {"sum by (l) (count_over_time({} | pattern `<s> len: <l>` | logfmt [5s]))", "whole"},
      {"sum by (l) (count_over_time({} | pattern `<_> len: <l>` "
       "| label_format m=`{{__line__}}` [5s]))",
       "whole"},
      {"sum by (l) (count_over_time({} | decolorize | pattern `<_> len: <l>` [5s]))", "whole"},
      {"sum by (l) (count_over_time({} | line_format `x` |= `x` | pattern `<_>x<l>` [5s]))",
       "whole"},
      {"sum by (l) (count_over_time({} | regexp `(?P<l>.)` [5s]))", "whole"},
  };
  QueryParams params;
  params.range = {0, 30 * kSecond};
  params.step_ns = kSecond;
  for (const auto& c : kCases) {
    const MetricExpr metric = Metric(c.query);
    const auto expected = RunRangeQuery(metric, &whole, params, nullptr);
    ASSERT_TRUE(expected.ok()) << c.query << expected.status().message();
    EXPECT_EQ(whole.last_request().captures, nullptr);
    const auto found = RunRangeQuery(metric, &cut, params, nullptr);
    ASSERT_TRUE(found.ok()) << c.query << found.status().message();
    const auto& captures = cut.last_request().captures;
    std::string wanted = captures == nullptr ? "whole" : "";
    for (size_t i = 0; captures != nullptr && i < captures->wanted.size(); ++i) {
      wanted += captures->wanted[i] ? "1" : "0";
    }
    EXPECT_EQ(wanted, c.wanted) << c.query;
    ASSERT_EQ(found->size(), expected->size()) << c.query;
    EXPECT_FALSE(found->empty()) << c.query;
    for (size_t i = 0; i < found->size(); ++i) {
      const Series& one = (*found)[i];
      const Series& other = (*expected)[i];
      EXPECT_EQ(Key(one.labels), Key(other.labels)) << c.query;
      ASSERT_EQ(one.samples.size(), other.samples.size()) << c.query;
      for (size_t j = 0; j < one.samples.size(); ++j) {
        EXPECT_EQ(one.samples[j].value, other.samples[j].value) << c.query;
      }
    }
  }
}

TEST(RunLogQuery, LeavesLinesUnreadThatNobodyWants) {
  MemorySource source;
  source.Add(1, {{"a", "1"}}, "x");
  const struct {
    const char* query;
    bool sink_wants, wants;
  } kCases[] = {
      {R"({a="1"})", true, true}, {R"({a="1"})", false, false}, {R"({a="1"} |= "x")", false, true}};
  for (const auto& c : kCases) {
    QueryParams params;
    params.want_lines = c.sink_wants;
    int entries = 0;
    const auto sink = [&](const Entry&) { return ++entries > 0; };
    ASSERT_TRUE(RunLogQuery(*ParseLogQuery(c.query), &source, params, sink, nullptr).ok());
    EXPECT_EQ(entries, 1);
    EXPECT_EQ(source.last_request().want_lines, c.wants) << c.query;
  }
}

TEST(RunRangeQuery, SkipsTheStepsThatHaveNothing) {
  MemorySource source;
  source.Add(0, {{"a", "1"}}, "x");
  source.Add(int64_t{1} << 60, {{"a", "1"}}, "x");
  QueryParams params;
  params.range = {-kSecond, std::numeric_limits<int64_t>::max()};
  params.step_ns = 1;
  const MetricExpr metric = Metric("sum(count_over_time({}[1ms]))");
  params.range.end_ns = std::numeric_limits<int64_t>::max() - kSecond;
  params.step_ns = 1000;
  const auto series = RunRangeQuery(metric, &source, params, nullptr);
  ASSERT_TRUE(series.ok());
  EXPECT_EQ(series->at(0).samples.size(), 2000u);
}

TEST(RunRangeQuery, RefusesStepsAndRangesThatAreNone) {
  MemorySource source;
  const MetricExpr metric = Metric("rate({}[5s])");
  EXPECT_EQ(RunRangeQuery(metric, &source, {}, nullptr).status().code(), Code::kUsage);
  QueryParams params;
  params.range = {5, 4};
  params.step_ns = 1;
  EXPECT_EQ(RunRangeQuery(metric, &source, params, nullptr).status().code(), Code::kUsage);
  params.range = {4, 4};
  EXPECT_TRUE(RunRangeQuery(metric, &source, params, nullptr).ok());
  source.Add(3, {}, "x");
  params.cancelled = [] { return true; };
  EXPECT_EQ(RunRangeQuery(metric, &source, params, nullptr).status().code(), Code::kCancelled);
}

TEST(MergeLabels, MetadataGivesWayToTheStream) {
  LabelTable table;
  const LabelSet* stream = table.FromLabels({{"b", "2"}, {"a", "1"}});
  const auto merged = MergeLabels(*stream, R"({"z":"3","a":"x\"y"})");
  ASSERT_TRUE(merged.ok());
  EXPECT_EQ(LabelsToJson(*merged), R"({"a":"1","a_extracted":"x\"y","b":"2","z":"3"})");
  EXPECT_EQ(*MergeLabels(*stream, ""), stream->labels);
  EXPECT_FALSE(MergeLabels(*stream, "{").ok());
}

}  // namespace
}  // namespace glp::logql
