#include "logql/pipeline.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/strings.h"
#include "codec/golden_cases.h"
#include "logql/ip.h"
#include "logql/label_value.h"
#include "logql/parser.h"

namespace glp::logql {
namespace {

using codec::ForEachGoldenCase;
using codec::GoldenCase;
using Strings = std::map<std::string, std::string>;

Strings Read(const GoldenCase& c, std::string_view key) {
  Strings out;
  if (!c.Has(key)) return out;
  for (const auto& [name, value] : simdjson::dom::object(c[key])) {
    out[std::string(name)] = GoldenCase(c[key]).Text(name);
  }
  return out;
}

std::string Json(const Strings& strings) {
  Labels labels;
  for (const auto& [name, value] : strings) labels.push_back({name, value});
  return LabelsToJson(labels);
}

// What a pipeline makes of an entry.
struct Made {
  bool kept = false;
  std::string line;
  Strings labels;  // of __error_details__ only that it is there
};

// One entry, as the recorded answers give it.
class OneEntry {
 public:
  OneEntry(Strings stream, Strings meta, std::string line, int64_t ts_ns = 0)
      : meta_(meta.empty() ? "" : Json(meta)), line_(std::move(line)), ts_ns_(ts_ns) {
    Labels labels;
    for (const auto& [name, value] : stream) labels.push_back({name, value});
    stream_ = table_.FromLabels(std::move(labels));
  }

  Made Run(Pipeline* pipeline) const {
    Entry entry = {ts_ns_, stream_, line_, meta_};
    Made made;
    made.kept = pipeline->Process(&entry);
    if (!made.kept) return made;
    made.line = entry.line;
    for (const LabelsBuilder::Item& item : pipeline->labels().Sorted()) {
      made.labels[std::string(item.name)] =
          item.name == "__error_details__" ? "…" : std::string(item.value);
    }
    return made;
  }

 private:
  LabelTable table_;
  const LabelSet* stream_;
  std::string meta_, line_;
  int64_t ts_ns_;
};

OneEntry EntryOf(const GoldenCase& c) {
  return {Read(c, "labels_before"), Read(c, "metadata_before"), c.Text("line")};
}

LogExpr Query(Stage stage) {
  LogExpr log;
  log.stages.push_back(std::move(stage));
  return log;
}

// One stage over one line: the labels, or that it is refused.
void Check(const GoldenCase& c, const Stage& stage) {
  auto pipeline = Pipeline::Make(Query(stage));
  if (c.Has("error")) {
    EXPECT_FALSE(pipeline.ok()) << c.json();
    return;
  }
  ASSERT_TRUE(pipeline.ok()) << c.json() << pipeline.status().message();
  const OneEntry entry = EntryOf(c);
  // The second time it knows the keys.
  for (int i = 0; i < 2; ++i) {
    const Made made = entry.Run(&*pipeline);
    EXPECT_TRUE(made.kept) << c.json();
    EXPECT_EQ(made.labels, Read(c, "labels")) << c.json();
    EXPECT_EQ(made.line, c.Has("output") ? c.Text("output") : c.Text("line")) << c.json();
  }
}

std::vector<Extraction> Extractions(const GoldenCase& c) {
  std::vector<Extraction> out;
  if (c.IsNull("expressions")) return out;
  for (const auto& [name, expression] : Read(c, "expressions")) out.push_back({name, expression});
  return out;
}

TEST(Pipeline, JsonAsRecorded) {
  ForEachGoldenCase("json", [](const GoldenCase& c) { Check(c, JsonParser{Extractions(c)}); });
}

TEST(Pipeline, LogfmtAsRecorded) {
  ForEachGoldenCase("logfmt", [](const GoldenCase& c) {
    Check(c, LogfmtParser{c.IsTrue("strict"), c.IsTrue("keep_empty"), Extractions(c)});
  });
}

TEST(Pipeline, RegexpAsRecorded) {
  ForEachGoldenCase("regexp", [](const GoldenCase& c) { Check(c, RegexpParser{c.Text("regex")}); });
}

TEST(Pipeline, PatternAsRecorded) {
  ForEachGoldenCase("pattern",
                    [](const GoldenCase& c) { Check(c, PatternStage{c.Text("pattern")}); });
}

TEST(Pipeline, UnpackAsRecorded) {
  ForEachGoldenCase("unpack", [](const GoldenCase& c) { Check(c, UnpackParser{}); });
}

TEST(Pipeline, PatternFiltersAsRecorded) {
  ForEachGoldenCase("patternfilter", [](const GoldenCase& c) {
    const auto op = c.Text("op") == "|>" ? LineFilter::Op::kPattern : LineFilter::Op::kNotPattern;
    const auto filter = MakeLineFilter(op, {c.Text("pattern")});
    ASSERT_EQ(filter.ok(), !c.Has("error")) << c.json();
    if (!filter.ok()) return;
    EXPECT_EQ(filter->Passes(c.Text("line")), c.IsTrue("match")) << c.json();
  });
}

TEST(Pipeline, AddressesAsRecorded) {
  ForEachGoldenCase("ip", [](const GoldenCase& c) {
    const bool is_negated = c.Text("op") == "!=";
    LogExpr log;
    if (c.Text("kind") == "line") {
      LineFilter filter;
      filter.op = is_negated ? LineFilter::Op::kNotContains : LineFilter::Op::kContains;
      filter.alternatives.emplace_back().text = c.Text("pattern");
      filter.alternatives.back().is_ip = true;
      log = Query(filter);
    } else {
      LabelFilter filter;
      filter.kind = LabelFilter::Kind::kIp;
      filter.name = "a";
      filter.compare = is_negated ? LabelFilter::Compare::kNotEqual : LabelFilter::Compare::kEqual;
      filter.text = c.Text("pattern");
      log = Query(filter);
    }
    auto pipeline = Pipeline::Make(log);
    ASSERT_EQ(pipeline.ok(), !c.Has("error")) << c.json();
    if (!pipeline.ok()) return;
    Strings stream;
    if (!c.Text("text").empty()) stream["a"] = c.Text("text");
    EXPECT_EQ(OneEntry(stream, {}, c.Text("text")).Run(&*pipeline).kept, c.IsTrue("match"))
        << c.json();
  });
}

// A whole pipeline as text.
Result<Pipeline> Parse(const std::string& stages) {
  GLP_ASSIGN_OR_RETURN(const LogExpr log,
                       ParseLogQuery("{x=\"y\"} | " + stages, {.allow_no_selector = true}));
  return Pipeline::Make(log);
}

TEST(Pipeline, LabelFiltersAsRecorded) {
  // Decided otherwise: regular expressions of label filters are anchored at both ends, as those of
  // selectors and as Loki's own documentation has it; Loki forgets it where it can do without one.
  const std::set<std::string> anchored = {R"(s =~ "a.*")", R"(s =~ "")"};
  int otherwise = 0;
  ForEachGoldenCase("labelfilter", [&](const GoldenCase& c) {
    auto pipeline = Parse(c.Text("filter"));
    if (c.Has("error")) {
      EXPECT_FALSE(pipeline.ok()) << c.json();
      return;
    }
    ASSERT_TRUE(pipeline.ok()) << c.json() << pipeline.status().message();
    const Made made = OneEntry(Read(c, "labels"), {}, c.Text("line")).Run(&*pipeline);
    if (anchored.count(c.Text("filter")) > 0 && made.kept != c.IsTrue("keep")) {
      ++otherwise;
      return;
    }
    EXPECT_EQ(made.kept, c.IsTrue("keep")) << c.json();
    EXPECT_EQ(made.labels, Read(c, "labels_after")) << c.json();
  });
  EXPECT_EQ(otherwise, 2);
}

TEST(Pipeline, LabelChangesAsRecorded) {
  ForEachGoldenCase("labelfmt", [](const GoldenCase& c) {
    auto pipeline = Parse(c.Text("stage"));
    if (c.Has("error")) {
      EXPECT_FALSE(pipeline.ok()) << c.json();
      return;
    }
    ASSERT_TRUE(pipeline.ok()) << c.json() << pipeline.status().message();
    const OneEntry entry(Read(c, "labels"), Read(c, "metadata"), c.Text("line"),
                         *ParseInt64(c.Text("ts")));
    const Made made = entry.Run(&*pipeline);
    EXPECT_TRUE(made.kept) << c.json();
    EXPECT_EQ(made.labels, Read(c, "labels_after")) << c.json();
    EXPECT_EQ(made.line, c.Text("output")) << c.json();
  });
}

}  // namespace
}  // namespace glp::logql
