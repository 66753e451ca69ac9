// The stages pattern and decolorize; what they work with is tested in codec.
#include <gtest/gtest.h>

#include <string>

#include "stages/pipeline_fixture.h"

namespace glp::stages {
namespace {

TEST(PatternStage, CapturesBecomeFields) {
  const std::string yaml = R"(- pattern: {expression: '<ip> <_> [<time>] "<method> <path>"'})";
  EXPECT_EQ(
      FieldsOf(RunStages(yaml, {{R"(1.2.3.4 - [now] "GET /x")"}, {""}, {"1.2.3.4"}})),
      (Texts{
          R"({"ip":"1.2.3.4","method":"GET","path":"/x","time":"now"})",
          R"({"__error__":"pattern: no match"})",
          R"({"__error__":"pattern: the text ends before the first of these captures","__error_details__":"time","ip":"1.2.3.4"})"}));
  EXPECT_EQ(FieldsOf(RunStages("- pattern: {pattern: 'x<a>'}", {{"xy"}, {"y"}})),
            (Texts{R"({"a":"y"})", R"({"__error__":"pattern: no match"})"}));
  EXPECT_EQ(FieldsOf(RunStages("- pattern: {pattern: 'g<a>', source: job}", {{"x"}})),
            Texts{R"({"a":"olden"})"});
  EXPECT_EQ(FieldsOf(RunStages("- pattern: {pattern: '<a>', source: nope}", {{"x"}})),
            Texts{R"({"__error__":"pattern: no field or label 'nope'"})"});
}

TEST(PatternStage, WrongOptionsAreRefused) {
  EXPECT_EQ(BuildError("- pattern: {}"),
            "t.yml:1:12: pattern: expected an expression, as in `expression: '<ip> - <_>'`");
  EXPECT_EQ(BuildError("- pattern: {expression: x}"),
            "t.yml:1:25: pattern: at least one capture is required");
  EXPECT_EQ(BuildError("- pattern: {expression: <a>, pattern: <b>}"),
            "t.yml:1:39: pattern: this is another name of expression; expected one of both");
}

TEST(DecolorizeStage, TakesColoursOutOfTheLine) {
  const std::string bad = "\xFF\x1b[1mx";
  for (const char* yaml : {"- decolorize:", "- decolorize: {}"}) {
    EXPECT_EQ(LinesOf(RunStages(yaml, {{"plain"},
                                       {"\x1b[31mred\x1b[0m \"x\""},
                                       {"a\tb"},
                                       {"\xC2\x9B"
                                        "1mb"},
                                       {bad}})),
              (Texts{"plain", "red \"x\"", "a\tb", "b", "\xFFx"}));
  }
}

TEST(DecolorizeStage, OrOutOfAField) {
  const std::string yaml = "- decolorize: {source: f}";
  const auto out = RunStages(
      yaml, {{.line = "\x1b[1mx", .fields = R"({"f":"\u001b[1my"})"}, {.line = "\x1b[1mx"}});
  EXPECT_EQ(out[0].line, "\x1b[1mx");
  EXPECT_EQ(FieldsOf(out), (Texts{R"({"f":"y"})", R"({"__error__":"decolorize: no field 'f'"})"}));
}

}  // namespace
}  // namespace glp::stages
