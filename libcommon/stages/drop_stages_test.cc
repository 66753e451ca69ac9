// The stages that let lines go no further: drop, limit, sampling.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "stages/pipeline_fixture.h"

namespace glp::stages {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

// The lines that pass, of these.
Texts Kept(std::string_view yaml, const Texts& lines) {
  std::vector<TestLine> in;
  for (const std::string& line : lines) in.push_back({line});
  return LinesOf(RunStages(yaml, in));
}

TEST(DropStage, ByAnExpressionOfTheLine) {
  EXPECT_EQ(Kept("- drop: {expression: '.*debug.*'}", {"a debug line", "a info line"}),
            Texts{"a info line"});
  EXPECT_EQ(Kept("- drop: {expression: '^#'}", {"#x", "y #"}), Texts{"y #"});
  EXPECT_EQ(Kept("- drop: {expression: '(?<a>x)|(?P<a>y)'}", {"x", "y", "z"}), Texts{"z"});
  EXPECT_EQ(Kept("- drop: {expression: 'a.b'}", {"a\xFF"
                                                 "b",
                                                 "a\nb", "ab"}),
            (Texts{"a\nb", "ab"}));
}

TEST(DropStage, TellsWhatWasDroppedAndWhy) {
  TestPipeline pipeline(
      "- drop: {expression: one}\n- drop: {expression: two, drop_counter_reason: mine}");
  for (std::string_view line : {"one", "two", "three"}) pipeline.Feed({std::string(line)});
  EXPECT_EQ(pipeline.drops(), (std::vector<TestDrop>{{"one", "drop_stage"}, {"two", "mine"}}));
}

TEST(DropStage, BySource) {
  constexpr char kRegex[] = R"(
- regex: {expression: '(?:a=(?P<a>\S*))? ?(?:b=(?P<b>\S+))?'}
)";
  auto kept = [&](std::string_view drop) {
    return Kept(std::string(kRegex) + std::string(drop), {"a=1 b=2", "a=12", "a=1;2"});
  };
  EXPECT_EQ(kept("- drop: {source: a, value: 1}"), (Texts{"a=12", "a=1;2"}));
  EXPECT_EQ(kept("- drop: {source: a, expression: '^1'}"), Texts());
  EXPECT_EQ(kept("- drop: {source: a, expression: '^1$'}"), (Texts{"a=12", "a=1;2"}));
  EXPECT_EQ(kept("- drop: {source: [a, b], value: '1;2'}"), (Texts{"a=12", "a=1;2"}));
  EXPECT_EQ(kept("- drop: {source: [a, b], value: '1--2', separator: '--'}"),
            (Texts{"a=12", "a=1;2"}));
  EXPECT_EQ(kept("- drop: {source: [a, nowhere], value: '1;2'}"), (Texts{"a=1 b=2", "a=12"}));
  EXPECT_EQ(kept("- drop: {source: [a, b, job], expression: '^1;2;golden$'}"),
            (Texts{"a=12", "a=1;2"}));
  // Only whether they are there: all of them.
  EXPECT_EQ(kept("- drop: {source: [a, nowhere]}"), (Texts{"a=1 b=2", "a=12", "a=1;2"}));
  EXPECT_EQ(kept("- drop: {source: [a, job]}"), Texts());
}

TEST(DropStage, ByLengthInBytes) {
  EXPECT_EQ(Kept("- drop: {longer_than: 10b}", {"short", "exactly10b", "this is too long"}),
            (Texts{"short", "exactly10b"}));
  EXPECT_EQ(Kept("- drop: {longer_than: 3}", {"\"\"\"", "\"\"\"\"", "\xC3\xA4\xC3\xA4"}),
            Texts{"\"\"\""});
  const std::string kilo(1024, 'x');
  EXPECT_EQ(Kept("- drop: {longer_than: 1 KB}", {kilo, kilo + "x"}), Texts{kilo});
  EXPECT_EQ(Kept("- drop: {longer_than: '8'}", {"12345678", "123456789"}), Texts{"12345678"});
}

TEST(DropStage, ByAge) {
  TestPipeline pipeline("- drop: {older_than: 24h, drop_counter_reason: line_too_old}");
  const int64_t limit = pipeline.now_ns - 24 * 3600 * kSecond;
  pipeline.Feed({"old", "{}", limit - 1});
  pipeline.Feed({"young", "{}", limit});
  pipeline.Feed({"of the future", "{}", pipeline.now_ns + kSecond});
  EXPECT_EQ(LinesOf(pipeline.out()), (Texts{"young", "of the future"}));
  EXPECT_EQ(pipeline.drops(), (std::vector<TestDrop>{{"old", "line_too_old"}}));
}

TEST(DropStage, AllOfItMustHold) {
  EXPECT_EQ(Kept("- drop: {longer_than: 8, expression: x}", {"x", "xxxxxxxxxxxx", "yyyyyyyyyyyy"}),
            (Texts{"x", "yyyyyyyyyyyy"}));
  EXPECT_EQ(Kept("- drop: {longer_than: 3, source: job, value: golden}", {"abc", "abcd"}),
            Texts{"abc"});
}

TEST(DropStage, ErrorsNameTheirPlace) {
  struct Case {
    std::string yaml, error;
  };
  for (const Case& c : std::vector<Case>{
           {"{}",
            "t.yml:1:9: drop: expected at least one of source, expression, older_than and "
            "longer_than"},
           {"{source: level, value: error, expression: err}",
            "t.yml:1:32: drop: expected a value or an expression, not both"},
           {"{value: error}",
            "t.yml:1:17: drop: a value is compared with a source; expected a source, too"},
           {"{expression: '('}", "t.yml:1:22: regular expression '(': missing ): ("},
           {"{source: []}", "t.yml:1:18: drop: source: expected the name of a field or label"},
           {"{source: {a: b}}", "t.yml:1:18: source: expected a list of texts, not a mapping"},
           {"{longer_than: big}",
            "t.yml:1:23: longer_than: expected a number of bytes, as 65536 or 64KB, not 'big'"},
           {"{older_than: 5}",
            "t.yml:1:22: older_than: expected a duration with its unit, as "
            "500ms, 10s or 1h30m, not '5'"},
           {"{expresion: x}",
            "t.yml:1:10: unknown key 'expresion' in drop; did you mean 'expression'?"},
       }) {
    EXPECT_EQ(BuildError("- drop: " + c.yaml), c.error);
  }
}

TEST(LimitStage, DropsWhatIsAboveTheRate) {
  TestPipeline pipeline("- limit: {rate: 10, burst: 2, drop: true}");
  for (std::string_view line : {"1", "2", "3"}) pipeline.Feed({std::string(line)});
  pipeline.steady_ns += kSecond / 10;
  for (std::string_view line : {"4", "5"}) pipeline.Feed({std::string(line)});
  pipeline.steady_ns += 100 * kSecond;
  for (std::string_view line : {"6", "7", "8"}) pipeline.Feed({std::string(line)});
  EXPECT_EQ(LinesOf(pipeline.out()), (Texts{"1", "2", "4", "6", "7"}));
  EXPECT_EQ(pipeline.drops(), (std::vector<TestDrop>{{"3", "ratelimit_drop_stage"},
                                                     {"5", "ratelimit_drop_stage"},
                                                     {"8", "ratelimit_drop_stage"}}));
  EXPECT_TRUE(pipeline.waits().empty());
}

TEST(LimitStage, WaitsWhereNothingMayBeDropped) {
  TestPipeline pipeline("- limit: {rate: '50', burst: '1'}");
  for (int i = 0; i < 101; ++i) pipeline.Feed({"x"});
  EXPECT_EQ(pipeline.out().size(), 101u);
  EXPECT_TRUE(pipeline.drops().empty());
  EXPECT_NEAR(static_cast<double>(pipeline.steady_ns), 2.0 * kSecond, 1e6);
}

TEST(LimitStage, ByLabelEachValueHasItsOwn) {
  TestPipeline pipeline("- limit: {rate: 1, burst: 1, drop: true, by_label_name: app}");
  for (int i = 0; i < 2; ++i) {
    for (std::string_view labels : {R"({"app":"a"})", R"({"app":"b"})", R"({"x":"y"})"}) {
      pipeline.Feed({"x", std::string(labels)});
    }
  }
  EXPECT_EQ(LabelsOf(pipeline.out()),
            (Texts{R"({"app":"a"})", R"({"app":"b"})", R"({"x":"y"})", R"({"x":"y"})"}));
}

TEST(LimitStage, ForgetsValuesOnlyWhenThereAreTwiceTooMany) {
  TestPipeline pipeline("- limit: {rate: 0.001, burst: 1, drop: true, by_label_name: app}");
  auto feed = [&](const std::string& app) { pipeline.Feed({"x", R"({"app":")" + app + "\"}"}); };
  feed("first");
  for (int i = 0; i < 15'000; ++i) feed(std::to_string(i));
  const size_t before = pipeline.out().size();
  feed("first");
  EXPECT_EQ(pipeline.out().size(), before);
  for (int i = 0; i < 30'000; ++i) feed("b" + std::to_string(i));
  const size_t after = pipeline.out().size();
  feed("first");
  EXPECT_EQ(pipeline.out().size(), after + 1);
}

TEST(LimitStage, ErrorsNameTheirPlace) {
  EXPECT_EQ(BuildError("- limit: {burst: 1}"),
            "t.yml:1:10: limit: expected a rate, in lines a second");
  EXPECT_EQ(BuildError("- limit: {rate: 0, burst: 1}"),
            "t.yml:1:17: limit: rate: expected more than 0 lines a second");
  EXPECT_EQ(BuildError("- limit: {rate: 1}"), "t.yml:1:10: limit: expected a burst, in lines");
  EXPECT_EQ(BuildError("- limit: {rate: 1, burst: 0}"),
            "t.yml:1:27: limit: burst: expected 1 line or more");
  EXPECT_EQ(BuildError("- limit: {rate: 1, burst: 1, by_label_name: a}"),
            "t.yml:1:45: limit: by_label_name needs `drop: true`: one value must not hold up all");
  EXPECT_EQ(BuildError("- limit: {rate: fast, burst: 1}"),
            "t.yml:1:17: rate: expected a number, not 'fast'");
}

TEST(SamplingStage, KeepsTheShareAskedFor) {
  auto kept = [](std::string_view rate) {
    TestPipeline pipeline("- sampling: {rate: " + std::string(rate) + "}");
    for (int i = 0; i < 20'000; ++i) pipeline.Feed({"x"});
    EXPECT_EQ(pipeline.out().size() + pipeline.drops().size(), 20'000u);
    if (!pipeline.drops().empty()) {
      EXPECT_EQ(pipeline.drops()[0].reason, "sampling_stage");
    }
    return static_cast<double>(pipeline.out().size()) / 20'000;
  };
  EXPECT_EQ(kept("0"), 0);
  EXPECT_EQ(kept("1"), 1);
  EXPECT_EQ(kept("1.0"), 1);
  EXPECT_NEAR(kept("0.25"), 0.25, 0.02);
  EXPECT_NEAR(kept("'0.01'"), 0.01, 0.005);
}

// With one sequence of chances the second would drop nothing, or all.
TEST(SamplingStage, TwoStagesDecideEachOnItsOwn) {
  TestPipeline pipeline("- sampling: {rate: 0.5}\n- sampling: {rate: 0.5}");
  for (int i = 0; i < 20'000; ++i) pipeline.Feed({"x"});
  EXPECT_NEAR(static_cast<double>(pipeline.out().size()) / 20'000, 0.25, 0.02);
}

// A line that is each time the first of its process must not always have the same lot.
TEST(SamplingStage, EachProcessHasItsOwnChance) {
  int kept = 0;
  for (int run = 0; run < 400; ++run) {
    TestPipeline pipeline("- sampling: {rate: 0.5}");
    pipeline.now_ns += run;
    pipeline.Feed({"x"});
    kept += static_cast<int>(pipeline.out().size());
  }
  EXPECT_GT(kept, 140);
  EXPECT_LT(kept, 260);
}

TEST(SamplingStage, ErrorsNameTheirPlace) {
  EXPECT_EQ(BuildError("- sampling: {}"),
            "t.yml:1:13: sampling: expected a rate, the share of lines that are kept");
  EXPECT_EQ(BuildError("- sampling: {rate: 1.5}"),
            "t.yml:1:20: sampling: rate: expected a number from 0 to 1");
  EXPECT_EQ(BuildError("- sampling: {rate: -1}"),
            "t.yml:1:20: sampling: rate: expected a number from 0 to 1");
}

}  // namespace
}  // namespace glp::stages
