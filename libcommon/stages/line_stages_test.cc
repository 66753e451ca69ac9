// The stages that change the line: output, replace, template, pack.
#include <gtest/gtest.h>

#include <string>

#include "stages/pipeline_fixture.h"

namespace glp::stages {
namespace {

TEST(OutputStage, TakesAFieldOrALabel) {
  EXPECT_EQ(LinesOf(RunStages(R"(
- regex: {expression: 'msg=(?P<msg>\w*)'}
- output: {source: msg}
)",
                              {{"a msg=hello"}, {"none"}, {"msg="}})),
            (Texts{"hello", "none", ""}));
  EXPECT_EQ(LinesOf(RunStages("- output: {source: job}", {{"x"}})), Texts{"golden"});
}

TEST(OutputStage, WithoutTheSourceTheLinePassesWithTheReason) {
  TestPipeline pipeline("- output: {source: msg}");
  pipeline.Feed({"x"});
  ASSERT_EQ(pipeline.out().size(), 1u);
  EXPECT_EQ(pipeline.out()[0].line, "x");
  EXPECT_EQ(pipeline.out()[0].fields, R"({"__error__":"output: no field or label 'msg'"})");
  EXPECT_EQ(pipeline.Failures(),
            (std::map<std::string, uint64_t>{{"output: no field or label 'msg'", 1}}));
  EXPECT_EQ(BuildError("- output: {}"), "t.yml:1:11: output: expected a source");
}

}  // namespace
}  // namespace glp::stages
