#include "stages/journal.h"

#include <gtest/gtest.h>

#include <string>

#include "base/time.h"
#include "stages/pipeline_fixture.h"

namespace glp::stages {
namespace {

constexpr char kEntry[] =
    R"({"__CURSOR":"s=1;i=2","__REALTIME_TIMESTAMP":"1700000000123456","_HOSTNAME":"node1","PRIORITY":"3","_SYSTEMD_UNIT":"sshd.service","SYSLOG_IDENTIFIER":"sshd","_PID":"42","TWICE":["a","b"],"GONE":null,"MESSAGE":"Failed \"x\""})";

TEST(Journal, TakesLineTimeAndFields) {
  const auto out = RunStages("- journal:", {{kEntry}});
  EXPECT_EQ(out[0].line, "Failed \"x\"");
  EXPECT_EQ(FormatTimestamp(out[0].ts_ns), "2023-11-14T22:13:20.123456000Z");
  EXPECT_EQ(
      out[0].fields,
      R"({"__journal__hostname":"node1","__journal__pid":"42","__journal__systemd_unit":"sshd.service","__journal_priority":"3","__journal_priority_keyword":"error","__journal_syslog_identifier":"sshd","app":"sshd","host":"node1","level":"error","pid":"42","unit":"sshd.service"})");
}

TEST(Journal, TheShortFieldsMayBeAllAndTheLineMayStay) {
  const auto out = RunStages("- journal: {all: false, json: true}", {{kEntry}});
  EXPECT_EQ(out[0].line, kEntry);
  EXPECT_EQ(out[0].fields,
            R"({"app":"sshd","host":"node1","level":"error","pid":"42","unit":"sshd.service"})");
  const std::string fields = RunStages("- journal: {json: true}", {{kEntry}})[0].fields;
  EXPECT_NE(fields.find(R"("__journal_message":"Failed \"x\"")"), std::string::npos) << fields;
}

TEST(Journal, AListOfNumbersIsTheExactBytes) {
  auto line_of = [](const std::string& message) {
    return RunStages("- journal:",
                     {{R"({"__REALTIME_TIMESTAMP":"1","MESSAGE":)" + message + "}"}})[0];
  };
  EXPECT_EQ(line_of("[104, 105,0,255]").line, std::string("hi\0\xFF", 4));
  EXPECT_EQ(line_of("[]").line, "");
  EXPECT_EQ(line_of("[]").fields, "");
  for (const char* bad : {"[256]", "[-1]", "[1.5]", "[\"a\"]", "[[1]]", "{}", "{\"a\":1}"}) {
    EXPECT_EQ(line_of(bad).fields,
              R"({"__error__":"journal: MESSAGE is neither a text nor a list of bytes"})")
        << bad;
  }
}

TEST(Journal, WhatDoesNotFitIsMarkedAndStays) {
  EXPECT_EQ(
      FieldsOf(RunStages(
          "- journal:",
          {{"x"}, {R"({"MESSAGE":"a"})"}, {R"({"__REALTIME_TIMESTAMP":"1","MESSAGE":null})"}})),
      (Texts{
          R"({"__error__":"journal: not a JSON object"})",
          R"({"__error__":"journal: no __REALTIME_TIMESTAMP that can be read"})",
          R"({"__error__":"journal: no MESSAGE, or a null one: journalctl writes long ones with --all"})",
      }));
}

TEST(Journal, NamesThatNobodyKnowsAreBounded) {
  TestPipeline pipeline("- journal:");
  for (int i = 0; i < 3000; ++i) {
    pipeline.Feed(
        {R"({"__REALTIME_TIMESTAMP":"1","MESSAGE":"","N)" + std::to_string(i) + R"(":"v"})"});
    ASSERT_EQ(pipeline.out().back().fields, R"({"__journal_n)" + std::to_string(i) + R"(":"v"})");
  }
}

}  // namespace
}  // namespace glp::stages
