#include "stages/multiline.h"

#include <gtest/gtest.h>

#include <string>

#include "stages/pipeline_fixture.h"

namespace glp::stages {
namespace {

std::vector<TestLine> Lines(const Texts& texts) {
  std::vector<TestLine> lines;
  for (const std::string& text : texts) lines.push_back({text});
  return lines;
}

struct Case {
  const char* config;
  Texts in, out;
};
// As promtail answered.
const Case kCases[] = {
    {R"({firstline: '^\['})",
     {"[1] start", "  at a", "  at b", "[2] single", "[3] last", "  tail"},
     {"[1] start\n  at a\n  at b", "[2] single", "[3] last\n  tail"}},
    {R"({firstline: '^START', max_lines: 2, max_wait_time: 1s})",
     {"START 1", "a", "b", "c", "START 2"},
     {"START 1\na", "b\nc", "START 2"}},
    {R"({firstline: '^START'})", {"orphan", "START 1", "x"}, {"orphan", "START 1\nx"}},
    {R"({firstline: '^A', max_lines: "1"})", {"A start", "a more"}, {"A start", "a more"}},
    {R"({firstline: '^B', max_lines: 0})",
     {"B start", "b more", "b and more"},
     {"B start\nb more\nb and more"}},
    {R"({firstline: '^A'})", {"A", "", "x", ""}, {"A\n\nx\n"}},
};

TEST(MultilineStage, JoinsAsRecorded) {
  for (const Case& c : kCases) {
    for (bool as_promtail : {false, true}) {
      std::string yaml = "- multiline: " + std::string(c.config);
      EXPECT_EQ(LinesOf(RunStages(yaml, Lines(c.in), as_promtail)), c.out) << c.config;
    }
  }
}

TEST(MultilineStage, ABlockHasWhatItsFirstLineHas) {
  TestLine first{"A", R"({"job":"x"})", 10, R"({"f":"1"})", R"({"m":"1"})", "F@5"};
  TestLine second{"b", R"({"job":"x"})", 20, R"({"f":"2"})", R"({"m":"2"})", "F@10"};
  TestLine third{"c", R"({"job":"x"})", 30, "", "", "F@15"};
  const std::vector<TestOut> out =
      RunStages("- multiline: {firstline: ^A, max_lines: 2}", {first, second, third});
  EXPECT_EQ(out, (std::vector<TestOut>{
                     {R"({"job":"x"})", "A\nb", 10, R"({"f":"1"})", R"({"m":"1"})"},
                     {R"({"job":"x"})", "c", 10, R"({"f":"1"})", R"({"m":"1"})"},
                 }));
}

TEST(MultilineStage, StreamsAndFilesDoNotMix) {
  const std::vector<TestLine> lines = {
      {"A 1", "{}", 1, "", "", "F@1"},
      {"A 2", "{}", 1, "", "", "G@1"},
      {"of 1", "{}", 1, "", "", "F@2"},
      {"A 3", R"({"x":"y"})", 1, "", "", "F@3"},
      {"of 2", "{}", 1, "", "", "G@2"},
      {"of 3", R"({"x":"y"})", 1, "", "", "F@4"},
      {"no block yet", R"({"x":"z"})", 1, "", "", "F@5"},
  };
  EXPECT_EQ(LinesOf(RunStages("- multiline: {firstline: ^A}", lines)),
            (Texts{"no block yet", "A 1\nof 1", "A 2\nof 2", "A 3\nof 3"}));
}

TEST(MultilineStage, AnEmptyLineAtTheStartIsALine) {
  const std::vector<TestLine> lines = Lines({"A", "b", "", "c"});
  const std::string yaml = "- multiline: {firstline: ^A, max_lines: 2}";
  EXPECT_EQ(LinesOf(RunStages(yaml, lines)), (Texts{"A\nb", "\nc"}));
  TestPipeline pipeline(yaml, true);
  for (const TestLine& line : lines) pipeline.Feed(line);
  pipeline.pipeline().ReleaseAll();
  EXPECT_EQ(LinesOf(pipeline.out()), (Texts{"A\nb", "c"}));
  EXPECT_EQ(pipeline.drops(),
            (std::vector<TestDrop>{{"", "multiline: empty line at the start of a block"}}));
}

TEST(MultilineStage, ABlockThatNothingIsAddedToLeaves) {
  TestPipeline pipeline("- multiline: {firstline: ^A, max_wait_time: 5s}");
  EXPECT_EQ(pipeline.pipeline().deadline_ns(), Stage::kNever);
  pipeline.Feed({"A", "{}", 1});
  pipeline.steady_ns = 3 * kNsPerSecond;
  pipeline.Feed({"A other", R"({"x":"y"})", 2});
  pipeline.steady_ns = 4 * kNsPerSecond;
  pipeline.Feed({"b", "{}", 3});
  EXPECT_EQ(pipeline.pipeline().deadline_ns(), 8 * kNsPerSecond);
  pipeline.steady_ns = 8 * kNsPerSecond;
  pipeline.pipeline().OnTime();
  EXPECT_EQ(LinesOf(pipeline.out()), Texts{"A other"});
  EXPECT_EQ(pipeline.pipeline().deadline_ns(), 9 * kNsPerSecond);
  pipeline.steady_ns = 9 * kNsPerSecond;
  pipeline.pipeline().OnTime();
  // What follows is a block of its own, with what the first line had.
  pipeline.Feed({"late", "{}", 4});
  pipeline.Feed({"A", "{}", 5});
  EXPECT_EQ(LinesOf(pipeline.out()), (Texts{"A other", "A\nb", "late"}));
  EXPECT_EQ(pipeline.out().back().ts_ns, 1);
}

TEST(MultilineStage, ABlockLeavesInTimeAlsoWhereThereIsAlwaysSomethingToRead) {
  TestPipeline pipeline("- multiline: {firstline: ^A}");
  pipeline.Feed({"A", R"({"x":"y"})"});
  pipeline.steady_ns = 10 * kNsPerSecond;
  for (uint64_t i = 0; i <= MultilineStage::kMaxPassing; ++i) pipeline.Feed({"x"});
  ASSERT_EQ(pipeline.out().size(), MultilineStage::kMaxPassing + 2);
  EXPECT_EQ(pipeline.out()[MultilineStage::kMaxPassing].line, "A");
}

class Positions : public EntrySink {
 public:
  explicit Positions(MultilineStage::Options options) {
    pipeline_.Add(*MultilineStage::Make(std::move(options)));
  }
  void Feed(std::string_view line, std::string_view src, std::string_view labels = "{}") {
    Record record;
    record.labels = *table_.FromJson(labels);
    record.line = Line::Bytes(line);
    record.src = src;
    pipeline_.Process(record);
  }
  Texts Take() { return std::exchange(out_, {}); }
  Pipeline& pipeline() { return pipeline_; }
  LabelTable& table() { return table_; }

 private:
  void OnEntry(StageEntry& entry) override {
    std::string out = std::string(entry.line().text) + " " + std::string(entry.src);
    if (entry.pos != Record::kPosIsNext) out += " pos=" + std::to_string(entry.pos);
    out_.push_back(out);
  }
  void OnDrop(StageEntry& entry, std::string_view reason) override {
    out_.push_back("dropped " + std::string(reason) + " " + std::string(entry.src));
  }
  void Wait(int64_t) override {}
  LabelTable table_;
  Pipeline pipeline_{&table_, this};
  Texts out_;
};

TEST(MultilineStage, NoPositionPassesALineThatIsHeld) {
  Positions p({.firstline = "^A", .max_lines = 3});
  p.Feed("orphan", "F@7");
  p.Feed("A", "F@9");
  p.Feed("b", "F@11");
  p.Feed("other", "F@17", R"({"x":"y"})");
  p.Feed("A2", "F@20");
  EXPECT_EQ(p.Take(), (Texts{"orphan F@7", "other F@17 pos=7", "A\nb F@11 pos=17"}));
  p.Feed("c", "F@22");
  p.Feed("d", "F@24");  // the third line
  p.Feed("e", "F@26");
  EXPECT_FALSE(p.pipeline().OnMark({Mark::Kind::kPos, "", "F@30"}));
  EXPECT_EQ(p.Take(), (Texts{"A2\nc\nd F@24"}));
  p.table().Clear();
  EXPECT_TRUE(p.pipeline().OnMark({Mark::Kind::kGap, "", "F@50"}));
  EXPECT_EQ(p.Take(), (Texts{"e F@26 pos=30"}));
  p.Feed("no block any more", "F@60");
  EXPECT_EQ(p.Take(), (Texts{"no block any more F@60"}));
}

TEST(MultilineStage, WhatIsHeldIsBounded) {
  Positions p({.firstline = "^A", .max_bytes = 8, .max_streams = 2});
  p.Feed("A1", "F@1");
  p.Feed("A2", "G@1");
  p.Feed("A3", "H@1");  // a third stream: the oldest is forgotten
  EXPECT_EQ(p.Take(), (Texts{"A1 F@1"}));
  p.Feed("forgotten", "F@2");
  p.Feed("xxx", "H@2");  // eight bytes and more
  EXPECT_EQ(p.Take(), (Texts{"forgotten F@2", "A2 G@1"}));
  p.Feed("yyyy", "H@3");
  EXPECT_EQ(p.Take(), (Texts{"A3\nxxx H@2"}));
  p.Feed("longer than all", "H@4");
  EXPECT_EQ(p.Take(), (Texts{"yyyy H@3", "longer than all H@4"}));
  p.Feed("A longer than all", "H@5");
  p.Feed("zz", "H@6");
  p.pipeline().ReleaseAll();
  EXPECT_EQ(p.Take(), (Texts{"A longer than all H@5", "zz H@6"}));
}

TEST(MultilineStage, WrongConfigurationsAreRefused) {
  const std::pair<const char*, const char*> cases[] = {
      {"- multiline: {max_lines: 10}",
       "t.yml:1:14: multiline: expected firstline, what the first line of an event matches"},
      {"- multiline: {firstline: a, max_lines: -1}",
       "t.yml:1:40: max_lines: expected a whole number, 0 for no limit, not '-1'"},
      {"- multiline: {firstline: a, max_wait_time: 3}",
       "t.yml:1:44: max_wait_time: expected a duration with its unit, as 500ms, 10s or 1h30m, not "
       "'3'"},
      {"- multiline: {firstline: '('}", "t.yml:1:26: regular expression '(': missing ): ("},
      {"- multiline: {firstlin: a}",
       "t.yml:1:15: unknown key 'firstlin' in multiline; did you mean 'firstline'?"},
  };
  for (const auto& [yaml, error] : cases) EXPECT_EQ(BuildError(yaml), error) << yaml;
}

}  // namespace
}  // namespace glp::stages
