#include "stages/metrics.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "base/time.h"
#include "stages/metric_families.h"
#include "stages/pipeline_fixture.h"

namespace glp::stages {
namespace {

class MetricsStageTest : public testing::Test, public EntrySink {
 protected:
  std::string Build(std::string_view yaml, bool as_promtail = false) {
    codec::YamlErrors errors("t.yml");
    auto node = codec::ParseYaml(yaml, "t.yml");
    if (!node.ok()) return node.status().message();
    BuildContext context{.errors = &errors, .as_promtail = as_promtail, .metrics = &metrics_};
    for (auto& stage : BuildStages(*node, context)) pipeline_.Add(std::move(stage));
    pipeline_.set_clocks({}, [this] { return steady_ns_; });
    return errors.first().message();
  }
  void Feed(std::string_view line, std::string_view fields = "", std::string_view labels = "{}") {
    const std::string padded = std::string(fields) + std::string(64, '\0');
    Record record;
    record.labels = *table_.FromJson(labels);
    record.line = Line::Bytes(line);
    record.fields = std::string_view(padded).substr(0, fields.size());
    pipeline_.Process(record);
  }
  std::string Text() {
    std::string text;
    metrics_.AppendText(&text, steady_ns_);
    return text;
  }

  StageMetrics metrics_;
  LabelTable table_;
  Pipeline pipeline_{&table_, this};
  int64_t steady_ns_ = 0;
  Texts errors_;

 private:
  void OnEntry(StageEntry& entry) override {
    errors_.emplace_back(entry.fields.Get(kErrorField).value_or(""));
  }
  void OnDrop(StageEntry&, std::string_view) override { ADD_FAILURE(); }
  void Wait(int64_t) override { ADD_FAILURE(); }
};

TEST_F(MetricsStageTest, CountersCountAsPromtailsDo) {
  ASSERT_EQ(Build(R"(
- metrics:
    lines_total: {type: Counter, description: "all \\ of\nthem", prefix: my_,
                  config: {match_all: true, action: inc}}
    bytes_total: {type: counter, config: {match_all: true, count_entry_bytes: true, action: ADD}}
    ok_total: {type: COUNTER, source: status, config: {value: 200, action: inc}}
    some_total: {type: Counter, source: status, config: {action: inc}}
    took: {type: Counter, config: {action: add}}
)"),
            "");
  EXPECT_EQ(Text(), "");
  Feed("12345", R"({"status":"200","took":"1.5"})");
  Feed("äö", R"({"status":"404","took":"250ms"})");
  Feed("");
  EXPECT_EQ(Text(),
            "# HELP my_lines_total all \\\\ of\\nthem\n"
            "# TYPE my_lines_total counter\n"
            "my_lines_total 3\n"
            "# HELP promtail_custom_bytes_total \n"
            "# TYPE promtail_custom_bytes_total counter\n"
            "promtail_custom_bytes_total 9\n"
            "# HELP promtail_custom_ok_total \n"
            "# TYPE promtail_custom_ok_total counter\n"
            "promtail_custom_ok_total 1\n"
            "# HELP promtail_custom_some_total \n"
            "# TYPE promtail_custom_some_total counter\n"
            "promtail_custom_some_total 2\n"
            "# HELP promtail_custom_took \n"
            "# TYPE promtail_custom_took counter\n"
            "promtail_custom_took 1.75\n");
  EXPECT_EQ(errors_, (Texts{"", "", ""}));
}

TEST_F(MetricsStageTest, WhatIsNoNumberDoesNotCountAndIsMarked) {
  ASSERT_EQ(Build("- metrics: {n: {type: Counter, config: {action: add}}}"), "");
  Feed("", R"({"n":"many"})");
  Feed("", R"({"n":"-1"})");
  Feed("", R"({"n":"true"})");
  Feed("", R"({"n":"2"})");
  EXPECT_EQ(errors_, (Texts{"metrics: 'n' is no number for promtail_custom_n",
                            "metrics: 'n' is negative; promtail_custom_n only counts up",
                            "metrics: 'n' is no number for promtail_custom_n", ""}));
  EXPECT_NE(Text().find("promtail_custom_n 2\n"), std::string::npos);
}

TEST_F(MetricsStageTest, Gauges) {
  ASSERT_EQ(Build(R"(
- metrics:
    a_set: {type: Gauge, source: n, config: {action: set}}
    b_inc: {type: Gauge, source: n, config: {action: inc}}
    c_dec: {type: Gauge, source: n, config: {action: dec}}
    d_add: {type: Gauge, source: n, config: {action: add}}
    e_sub: {type: Gauge, source: n, config: {action: Sub}}
    f_value: {type: Gauge, source: n, config: {action: set, value: "2.5"}}
)"),
            "");
  for (const char* n : {"2.5", "-4", "1e3"}) Feed("", R"({"n":")" + std::string(n) + R"("})");
  std::string values;
  const std::string text = Text();
  for (std::string_view line : Split(text, '\n')) {
    if (!line.empty() && line[0] != '#') values += std::string(line.substr(16)) + " ";
  }
  EXPECT_EQ(values, "a_set 1000 b_inc 3 c_dec -3 d_add 998.5 e_sub -998.5 f_value 2.5 ");
}

TEST_F(MetricsStageTest, HistogramsByTheLabelsOfTheEntry) {
  ASSERT_EQ(Build(R"(
- metrics:
    seconds: {type: Histogram, source: t, config: {buckets: [0.1, 1, 2.5]}}
    all: {type: histogram, source: t}
)"),
            "");
  const char* labels = R"({"__path__":"x","a.b":"q\"\\","le":"1"})";
  for (const char* t : {"0.1", "500ms", "3s", "NaN"}) {
    Feed("", R"({"t":")" + std::string(t) + R"("})", labels);
  }
  const std::string text = Text();
  EXPECT_NE(
      text.find(
          "# TYPE promtail_custom_seconds histogram\n"
          "promtail_custom_seconds_bucket{a_b=\"q\\\"\\\\\",exported_le=\"1\",le=\"0.1\"} 1\n"
          "promtail_custom_seconds_bucket{a_b=\"q\\\"\\\\\",exported_le=\"1\",le=\"1\"} 2\n"
          "promtail_custom_seconds_bucket{a_b=\"q\\\"\\\\\",exported_le=\"1\",le=\"2.5\"} 2\n"
          "promtail_custom_seconds_bucket{a_b=\"q\\\"\\\\\",exported_le=\"1\",le=\"+Inf\"} 4\n"
          "promtail_custom_seconds_sum{a_b=\"q\\\"\\\\\",exported_le=\"1\"} NaN\n"
          "promtail_custom_seconds_count{a_b=\"q\\\"\\\\\",exported_le=\"1\"} 4\n"),
      std::string::npos)
      << text;
  EXPECT_NE(
      text.find("promtail_custom_all_bucket{a_b=\"q\\\"\\\\\",exported_le=\"1\",le=\"0.005\"} 0"),
      std::string::npos);
}

TEST_F(MetricsStageTest, IdleSeriesVanishAndBeginAnew) {
  ASSERT_EQ(Build("- metrics: {n: {type: Counter, max_idle_duration: 10s, config: {match_all: true,"
                  " action: inc}}}"),
            "");
  Feed("", "", R"({"a":"1"})");
  Feed("", "", R"({"a":"2"})");
  steady_ns_ = 8 * kNsPerSecond;
  table_.Clear();  // the same labels are the same series
  Feed("", "", R"({"a":"2"})");
  steady_ns_ = 10 * kNsPerSecond;
  EXPECT_NE(Text().find("{a=\"1\"} 1\npromtail_custom_n{a=\"2\"} 2\n"), std::string::npos);
  steady_ns_ = 18 * kNsPerSecond;
  EXPECT_EQ(Text().find("a=\"1\""), std::string::npos);
  EXPECT_NE(Text().find("{a=\"2\"} 2\n"), std::string::npos);
  steady_ns_ += 1;
  EXPECT_EQ(Text(), "");
  Feed("", "", R"({"a":"2"})");
  EXPECT_NE(Text().find("{a=\"2\"} 1\n"), std::string::npos);
}

TEST_F(MetricsStageTest, StagesMayShareAMetric) {
  const std::string counter = "{type: Counter, config: {match_all: true, action: inc}}";
  ASSERT_EQ(Build("[{metrics: {n: " + counter + "}}, {metrics: {n: " + counter + "}}]"), "");
  Feed("");
  EXPECT_NE(Text().find("promtail_custom_n 2\n"), std::string::npos);
  EXPECT_EQ(Build("- metrics: {n: {type: Gauge, config: {action: set}}}"),
            "t.yml:1:13: metrics: 'promtail_custom_n' is a counter of another stage already");
  ASSERT_EQ(Build("- metrics: {h: {type: Histogram, config: {buckets: [1, 2]}}}"), "");
  EXPECT_EQ(
      Build("- metrics: {h: {type: Histogram, config: {buckets: [1, 3]}}}"),
      "t.yml:1:13: metrics: 'promtail_custom_h' is a histogram of another stage already, with "
      "other buckets");
}

TEST_F(MetricsStageTest, WrongConfigurationsAreRefused) {
  const std::pair<const char*, const char*> cases[] = {
      {"- metrics: {}", "t.yml:1:12: metrics: expected metrics, as in `lines: {type: Counter, …}`"},
      {"- metrics: {m: {type: Summary, config: {action: inc}}}",
       "t.yml:1:23: type: expected Counter, Gauge or Histogram, not 'Summary'"},
      {"- metrics: {m: {config: {action: inc}}}",
       "t.yml:1:16: expected a type: Counter, Gauge or Histogram"},
      {"- metrics: {m: {type: Counter}}",
       "t.yml:1:13: metrics.m: expected a config with an action"},
      {"- metrics: {m: {type: Counter, config: {}}}", "t.yml:1:40: expected an action: inc or add"},
      {"- metrics: {m: {type: Counter, config: {action: sub}}}",
       "t.yml:1:49: action: expected inc or add, not 'sub'"},
      {"- metrics: {m: {type: Gauge, config: {action: up}}}",
       "t.yml:1:47: action: expected set, inc, dec, add or sub, not 'up'"},
      {"- metrics: {m: {type: Counter, config: {action: inc, match_all: true, value: a}}}",
       "t.yml:1:78: value: match_all counts all entries; give one of both"},
      {"- metrics: {m: {type: Counter, config: {action: inc, match_all: true, "
       "count_entry_bytes: true}}}",
       "t.yml:1:90: count_entry_bytes: needs match_all: true and action: add"},
      {"- metrics: {m: {type: Counter, config: {action: add, match_all: true}}}",
       "t.yml:1:65: match_all: with action: add there must be count_entry_bytes: true, or there is "
       "nothing to add"},
      {"- metrics: {m: {type: Histogram, config: {buckets: [1, 1]}}}",
       "t.yml:1:52: buckets: expected rising numbers, not '1'"},
      {"- metrics: {m: {type: Counter, max_idle_duration: 10ms, config: {action: inc}}}",
       "t.yml:1:51: max_idle_duration: expected 1s or more"},
      {"- metrics: {a-b: {type: Counter, config: {action: inc}}}",
       "t.yml:1:13: metrics: 'promtail_custom_a-b' is no name for a metric: letters, digits, '_' "
       "and ':', no digit in front"},
      {"- metrics: {x: {type: Counter, prefix: glp_, config: {action: inc}}}",
       "t.yml:1:13: metrics: 'glp_x': names that begin with glp_ are those of the tool itself"},
      {"- metrics: {m: {type: Counter, config: {action: inc, bucket: 1}}}",
       "t.yml:1:54: unknown key 'bucket' in metrics.m.config; it takes value, action, match_all, "
       "count_entry_bytes"},
  };
  for (const auto& [yaml, error] : cases) EXPECT_EQ(Build(yaml), error) << yaml;
}

TEST_F(MetricsStageTest, AsPromtailAddingNothingIsNoError) {
  ASSERT_EQ(Build("- metrics: {m: {type: Counter, config: {action: add, match_all: true}}}", true),
            "");
  Feed("x");
  EXPECT_EQ(Text(), "");
}

TEST(StageMetrics, AreCountedAndReadAtTheSameTime) {
  StageMetrics metrics;
  MetricFamily* family = *metrics.Family({.name = "n", .max_idle_ns = 1'000'000});
  LabelTable table;
  const LabelSet* labels[] = {*table.FromJson(R"({"a":"1"})"), *table.FromJson(R"({"a":"2"})")};
  std::thread writer([&] {
    for (int i = 0; i < 20'000; ++i) {
      EXPECT_TRUE(family->Add(*labels[i % 2], table.generation(), 1, i));
    }
  });
  std::string text;
  for (int i = 0; i < 200; ++i) {
    text.clear();
    metrics.AppendText(&text, 0);
  }
  writer.join();
  text.clear();
  metrics.AppendText(&text, 20'000);
  EXPECT_EQ(text, "# HELP n \n# TYPE n counter\nn{a=\"1\"} 10000\nn{a=\"2\"} 10000\n");
}

}  // namespace
}  // namespace glp::stages
