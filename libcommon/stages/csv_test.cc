#include "stages/csv.h"

#include <gtest/gtest.h>

#include <string>

#include "stages/pipeline_fixture.h"

namespace glp::stages {
namespace {

TEST(Csv, ReadsColumns) {
  EXPECT_EQ(FieldsOf(RunStages("- csv: {columns: [a, b, c]}", {{"1,2,3"},
                                                               {",,"},
                                                               {"x y , \"z\",\"q\""},
                                                               {R"("a,b","say ""hi""","""")"},
                                                               {"1,2,3\r"},
                                                               {"\"l1\nl2\",2,3"},
                                                               {R"("","a""",3)"}})),
            (Texts{R"({"a":"1","b":"2","c":"3"})", R"({"a":"","b":"","c":""})",
                   R"({"a":"x y ","b":" \"z\"","c":"q"})",
                   R"({"a":"a,b","b":"say \"hi\"","c":"\""})", R"({"a":"1","b":"2","c":"3"})",
                   R"({"a":"l1\nl2","b":"2","c":"3"})", R"({"a":"","b":"a\"","c":"3"})"}));
}

TEST(Csv, AWrongNumberOfValuesIsMarkedAndWhatIsThereStays) {
  EXPECT_EQ(
      FieldsOf(RunStages("- csv: {columns: [a, b]}", {{"1"}, {"1,2,3,4"}, {""}, {"1,"}})),
      (Texts{
          R"({"__error__":"csv: another number of values than columns","__error_details__":"1 values, 2 columns","a":"1"})",
          R"({"__error__":"csv: another number of values than columns","__error_details__":"4 values, 2 columns","a":"1","b":"2","column_3":"3","column_4":"4"})",
          R"({"__error__":"csv: another number of values than columns","__error_details__":"1 values, 2 columns","a":""})",
          R"({"a":"1","b":""})"}));
}

TEST(Csv, BadQuotesAreMarked) {
  EXPECT_EQ(
      FieldsOf(RunStages("- csv: {columns: [a, b]}", {{"1,\"2"}, {"1,\"2\" x,3"}, {"1,\"2\"\"x"}})),
      (Texts{R"({"__error__":"csv: a quote is not closed","a":"1"})",
             R"({"__error__":"csv: something stands behind a closing quote","a":"1"})",
             R"({"__error__":"csv: a quote is not closed","a":"1"})"}));
}

TEST(Csv, SeparatorAndQuoteAreFree) {
  EXPECT_EQ(FieldsOf(RunStages(R"(- csv: {columns: [a, b], separator: "\t", quote: "'"})",
                               {{"1\t'2\t3'"}})),
            Texts{R"({"a":"1","b":"2\t3"})"});
  EXPECT_EQ(FieldsOf(RunStages(R"(- csv: {columns: [a, b], separator: '\t', quote: ''})",
                               {{"\"1\t2\""}})),
            Texts{R"({"a":"\"1","b":"2\""})"});
  EXPECT_EQ(FieldsOf(RunStages("- csv: {columns: [a, ''], separator: ;}", {{"1;2"}})),
            Texts{R"({"a":"1","column_2":"2"})"});
}

TEST(Csv, TheHeaderOfEachFileNamesItsColumns) {
  TestPipeline pipeline("- csv: {header: true}");
  pipeline.Feed({.line = "\xEF\xBB\xBFtime,\"le\"\"vel\",,", .src = "A@21"});
  pipeline.Feed({.line = "x,y", .src = "B@5"});
  pipeline.Feed({.line = "1,2,3,4", .src = "A@29"});
  pipeline.Feed({.line = "5,6", .src = "B@10"});
  pipeline.Feed({.line = "a,b", .src = "C@100"});
  ASSERT_EQ(pipeline.drops().size(), 2u);
  EXPECT_EQ(pipeline.drops()[0].reason, "csv_header");
  EXPECT_EQ(
      FieldsOf(pipeline.out()),
      (Texts{
          R"({"column_3":"3","column_4":"4","le\"vel":"2","time":"1"})", R"({"x":"5","y":"6"})",
          R"({"__error__":"csv: the line that names the columns was read by an earlier run; name them with `columns`"})"}));
}

TEST(Csv, TheMarkOfAFileSaysWhetherItsFirstLineComes) {
  TestPipeline pipeline("- csv: {header: true}");
  auto open = [&](const std::string& src, const std::string& start) {
    const std::string mark =
        R"({"mark":"file","src":")" + src + R"(","path":"f","start":)" + start + "}";
    EXPECT_TRUE(pipeline.pipeline().OnMark({Mark::Kind::kFile, mark, src}));
  };
  open("A@0", "0");
  pipeline.Feed({.line = "x", .src = "A@90"});  // as wrapped by something
  pipeline.Feed({.line = "1", .src = "A@99"});
  open("A@99", "99");
  pipeline.Feed({.line = "2", .src = "A@101"});
  open("B@2", "2");
  pipeline.Feed({.line = "3", .src = "B@4"});
  EXPECT_EQ(
      FieldsOf(pipeline.out()),
      (Texts{
          R"({"x":"1"})", R"({"x":"2"})",
          R"({"__error__":"csv: the line that names the columns was read by an earlier run; name them with `columns`"})"}));
}

TEST(Csv, AHeaderIsOnlyDroppedWhereColumnsAreGiven) {
  TestPipeline pipeline("- csv: {header: true, columns: [a, b]}");
  pipeline.Feed({.line = "x,y", .src = "A@5"});
  pipeline.Feed({.line = "1,2", .src = "A@10"});
  pipeline.Feed({.line = "3,4", .src = "B@99"});
  EXPECT_EQ(pipeline.drops().size(), 1u);
  EXPECT_EQ(FieldsOf(pipeline.out()), (Texts{R"({"a":"1","b":"2"})", R"({"a":"3","b":"4"})"}));
}

TEST(Csv, WithoutASourceFilesAreToldByTheirLabels) {
  TestPipeline pipeline("- csv: {header: true}");
  pipeline.Feed({"x", R"({"f":"1"})"});
  pipeline.Feed({"y", R"({"f":"2"})"});
  pipeline.Feed({"1", R"({"f":"1"})"});
  pipeline.Feed({"2", R"({"f":"2"})"});
  EXPECT_EQ(FieldsOf(pipeline.out()), (Texts{R"({"x":"1"})", R"({"y":"2"})"}));
}

TEST(Csv, WrongOptionsAreRefused) {
  EXPECT_EQ(BuildError("- csv: {}"),
            "t.yml:1:8: csv: expected columns, as in `columns: [time, level]`, or `header: true`");
  EXPECT_EQ(BuildError("- csv: {columns: [a], separator: '::'}"),
            "t.yml:1:34: separator: expected one character (of one byte), not '::'");
  EXPECT_EQ(BuildError("- csv: {columns: [a], quote: 'ab'}"),
            "t.yml:1:30: quote: expected one character (of one byte) or \"\", not 'ab'");
  EXPECT_EQ(BuildError("- csv: {columns: [a], quote: ','}"),
            "t.yml:1:30: quote: the same as the separator");
}

TEST(Csv, HostileLinesAreBounded) {
  TestPipeline pipeline("- csv: {columns: [a]}");
  std::string doubled;
  while (doubled.size() < (2 << 20)) doubled += "\"a\"\"b\",";
  for (const std::string& line : {std::string(2 << 20, ','), std::string((2 << 20) + 1, '"'),
                                  doubled, std::string(2 << 20, 'x')}) {
    pipeline.Feed({line});
    EXPECT_EQ(pipeline.out().back().line, line);
  }
  EXPECT_EQ(pipeline.Failures(),
            (std::map<std::string, uint64_t>{{"csv: a quote is not closed", 1},
                                             {"csv: more than 10000 values", 2}}));
}

}  // namespace
}  // namespace glp::stages
