#include "stages/match.h"

#include <gtest/gtest.h>

#include <string>

#include "stages/pipeline_fixture.h"

namespace glp::stages {
namespace {

constexpr std::string_view kNested = R"(
- regex: {expression: 'app=(?P<app>\w+)'}
- match:
    selector: '{job="golden"} |= "app"'
    stages:
      - regex: {expression: 'k=(?P<k>\w+)'}
      - match:
          selector: '{job=~"gold.*"} |~ "(?i)DROP"'
          action: drop
          drop_counter_reason: unwanted
      - output: {source: k}
- regex: {expression: '(?P<all>.*)'}
)";

TEST(MatchStage, BlocksStandInBlocksAndWhatDoesNotMatchGoesOnBehindThem) {
  TestPipeline pipeline(kNested);
  pipeline.Feed({"app=a k=one"});
  pipeline.Feed({"app=a k=two please drop"});
  pipeline.Feed({"k=three"});
  pipeline.Feed({"app=a k=four", R"({"job":"other"})"});
  EXPECT_EQ(LinesOf(pipeline.out()), (Texts{"one", "k=three", "app=a k=four"}));
  EXPECT_EQ(pipeline.drops(), (std::vector<TestDrop>{{"app=a k=two please drop", "unwanted"}}));
  EXPECT_EQ(pipeline.out()[2].fields, R"({"all":"app=a k=four","app":"a"})");
}

struct Selects {
  const char *selector, *labels, *line;
  bool matches;
};
const Selects kSelects[] = {
    {R"({foo=""})", "{}", "", true},
    {R"({foo=""})", R"({"foo":"x"})", "", false},
    {R"({foo!="bar"})", "{}", "", true},
    {R"({foo="bar",bar!~"te.*"})", R"({"foo":"bar"})", "", true},
    {R"({bar=~"es"})", R"({"bar":"test"})", "", false},
    {R"({bar=~".*"})", "{}", "", true},
    {R"({bar=~".+"})", "{}", "", false},
    {R"({bar=~"(?i)TEST|baz"})", R"({"bar":"test"})", "", true},
    {R"({bar=~".*"} != "a" |= "b")", "{}", "b", true},
    {R"({bar=~".*"} != "a" |= "b")", "{}", "ab", false},
    {R"({bar=~".*"}|~ "\\d+x"!~`y$`)", "{}", "12x", true},
    {R"({bar=~".*"}|~ "\\d+x"!~`y$`)", "{}", "12xy", false},
    {R"({bar=~".*"} |= "\"q\"")", "{}", "a \"q\"\n", true},
};

TEST(MatchStage, SelectorsAreAnchoredAndFiltersAreNot) {
  for (const Selects& c : kSelects) {
    for (bool as_promtail : {false, true}) {
      std::string yaml = R"([{"match": {"action": "drop", "selector": )";
      AppendJsonString(&yaml, c.selector);
      TestPipeline pipeline(yaml + "}}]", as_promtail);
      for (int i = 0; i < 2; ++i) {  // the second time the matchers' answer is remembered
        pipeline.Feed({c.line, c.labels});
        pipeline.table().Clear();
      }
      EXPECT_EQ(pipeline.drops().size(), c.matches ? 2u : 0u) << c.selector << " " << c.line;
      for (const TestDrop& drop : pipeline.drops()) EXPECT_EQ(drop.reason, "match_stage");
    }
  }
}

TEST(MatchStage, ItsBlockExtractsTheLabelsAnew) {
  // The label's value takes the place of the field's; names that are no labels now stay.
  const std::vector<TestOut> out = RunStages(R"(
- regex: {expression: 'job=(?P<job>\w+)'}
- match: {selector: '{job="golden"}', stages: [output: {source: job}]}
)",
                                             {{"job=field"}});
  EXPECT_EQ(LinesOf(out), Texts{"golden"});
  EXPECT_EQ(FieldsOf(out), Texts{R"({"job":"golden"})"});
  // A label that a stage added is a source in a block behind it.
  EXPECT_EQ(LinesOf(RunStages(R"(
- match: {selector: '{}', stages: [cri: , output: {source: stream}]}
)",
                              {{"2019-01-01T01:00:00Z stderr F x"}})),
            Texts{"stderr"});
}

TEST(MatchStage, LinesHeldInABlockGoOnBehindTheStageThatHeldThem) {
  constexpr std::string_view kStages = R"yaml(
- match:
    selector: '{job="golden"} |~ "^(A|a)"'
    stages:
      - multiline: {firstline: '^A'}
      - regex: {expression: '(?s)(?P<all>.*)'}
- match: {selector: '{job="golden"} |= "never"', action: drop}
)yaml";
  EXPECT_EQ(
      LinesOf(RunStages(kStages, {{"A one"}, {"between"}, {"a more"}, {"A never"}, {"a dropped"}})),
      (Texts{"between", "A one\na more"}));
}

TEST(MatchStage, WrongConfigurationsAreRefused) {
  const std::pair<const char*, const char*> cases[] = {
      {"- match: {stages: [output: {source: a}]}",
       "t.yml:1:10: match: expected a selector, as in {app=\"web\"} |= \"GET\""},
      {"- match: {selector: '{a=\"b\"}'}",
       "t.yml:1:10: match: expected stages, what to do with the lines of the selector, or action: "
       "drop"},
      {"- match: {selector: '{a=\"b\"}', stages: []}",
       "t.yml:1:10: match: expected stages, what to do with the lines of the selector, or action: "
       "drop"},
      {"- match: {selector: '{a=\"b\"}', action: drop, stages: [output: {source: a}]}",
       "t.yml:1:54: match: what is dropped goes through no stages; take them out, or the action "
       "drop"},
      {"- match: {selector: '{a=\"b\"}', action: Drop}",
       "t.yml:1:40: action: expected keep or drop, not 'Drop'"},
      {"- match: {selector: '{a=\"b\"}', stages: [outptu: {}]}",
       "t.yml:1:41: there is no stage 'outptu'; did you mean 'output'?"},
  };
  for (const auto& [yaml, error] : cases) EXPECT_EQ(BuildError(yaml), error) << yaml;
  const std::string error = BuildError("- match: {selector: '{a=b}', action: drop}");
  EXPECT_EQ(error.substr(0, 35), "t.yml:1:21: selector: parse error a") << error;
}

struct Decides {
  const char *selector, *line, *labels, *meta;
  bool matches;
};
const Decides kDecides[] = {
    {R"({app="web"} | json | status >= 500)", R"({"status":503})", R"({"app":"web"})", "", true},
    {R"({app="web"} | json | status >= 500)", R"({"status":200})", R"({"app":"web"})", "", false},
    {R"({app="web"} | json | status >= 500)", R"({"status":503})", R"({"app":"db"})", "", false},
    {R"({} | logfmt | level=~"warn|error" | took > 1s)", "level=warn took=1500ms", "{}", "", true},
    {R"({} | logfmt | level=~"warn|error" | took > 1s)", "level=warn took=15ms", "{}", "", false},
    {R"({} | trace_id="a1")", "x", "{}", R"({"trace_id":"a1"})", true},
    {R"({} | trace_id="a1")", "x", "{}", R"({"trace_id":"b2"})", false},
    {R"({} | app="web" or app="db")", "x", R"({"app":"db"})", "", true},
    {R"({} |> "<_> end" != "no")", "the end", "{}", "", true},
    {R"({} | json | line_format "{{.a}}" |= "b")", R"({"a":"b"})", "{}", "", true},
    {R"({} | json | line_format "{{.a}}" |= "b")", R"({"a":"c"})", "{}", "", false},
    {R"({} | json | __error__ != "")", "no json", "{}", "", true},
};

TEST(MatchStage, ASelectorMayBeAnyLogQueryAndOnlyDecides) {
  for (const Decides& c : kDecides) {
    std::string yaml =
        R"([{"match": {"stages": [{"static_labels": {"found": "yes"}}], "selector": )";
    AppendJsonString(&yaml, c.selector);
    yaml += "}}]";
    TestPipeline pipeline(yaml);
    for (int i = 0; i < 2; ++i) {
      pipeline.Feed({c.line, c.labels, 1, R"({"kept":"1"})", c.meta});
      pipeline.table().Clear();
    }
    for (const TestOut& out : pipeline.out()) {
      EXPECT_EQ(out.labels.find("found") != std::string::npos, c.matches)
          << c.selector << " " << c.line;
      EXPECT_EQ(out.line, c.line);
      EXPECT_EQ(out.fields, R"({"kept":"1"})");
      EXPECT_EQ(out.meta, c.meta);
    }
  }
}

TEST(MatchStage, ASelectorAsksForWhatWasExtracted) {
  const std::string yaml = R"Y(
- json: {expressions: {level: }}
- match: {selector: '{} | level = "error"', action: drop})Y";
  EXPECT_EQ(LinesOf(RunStages(yaml, {{R"({"level":"error"})"}, {R"({"level":"info"})"}, {"x"}})),
            (Texts{R"({"level":"info"})", "x"}));
}

TEST(MatchStage, AsPromtailOnlyWhatItsGrammarHas) {
  for (const char* selector : {R"({})", R"({a="b"} | json)", R"({a="b"} |= "x" or "y")",
                               R"({a="b"} |= ip("10.0.0.1"))", R"({a="b"} |> "<_>")"}) {
    std::string yaml = R"([{"match": {"action": "drop", "selector": )";
    AppendJsonString(&yaml, selector);
    yaml += "}}]";
    const std::string error = BuildError(yaml, true);
    EXPECT_EQ(error.substr(0, 31), "t.yml:1:43: selector: promtail ") << selector << ": " << error;
  }
}

}  // namespace
}  // namespace glp::stages
