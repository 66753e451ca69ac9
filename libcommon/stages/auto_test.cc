#include "stages/auto.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/json_text.h"
#include "base/time.h"
#include "stages/pipeline_fixture.h"

namespace glp::stages {
namespace {

constexpr char kSyslog[] = "Jun  4 05:06:07 h sshd[1]: text";
constexpr char kKlog[] = "I0102 15:04:05.000000 1 a.go:1] text";
constexpr char kClf[] = R"(h - - [10/Oct/2000:13:55:36 -0700] "GET /" 200 1)";
constexpr char kJournal[] = R"({"__REALTIME_TIMESTAMP":"1700000000000000","MESSAGE":"text"})";

std::string Docker(const std::string& line, const std::string& stream = "stdout") {
  std::string out = R"({"log":")";
  AppendJsonEscaped(&out, line + "\n");
  return out + R"(","stream":")" + stream + R"(","time":"2019-01-01T01:00:00.000000001Z"})";
}
std::string Cri(const std::string& line) {
  return "2019-01-01T01:00:00.000000001Z stdout F " + line;
}

class AutoTest : public testing::Test {
 protected:
  AutoTest() : pipeline_("- auto:") {
    stage_ = dynamic_cast<AutoStage*>(pipeline_.pipeline().stages()[0].get());
  }
  // "docker(stdout json, stderr plain) 3" for each file.
  Texts Decisions() const {
    Texts out;
    for (const auto& d : stage_->decisions()) {
      std::string text(d.format.empty() ? "?" : d.format);
      if (!d.stdout_format.empty()) text += " stdout:" + std::string(d.stdout_format);
      if (!d.stderr_format.empty()) text += " stderr:" + std::string(d.stderr_format);
      out.push_back(d.id + " " + text + " " + std::to_string(d.lines));
    }
    return out;
  }
  const TestOut& Feed(const std::string& line, const std::string& src = "F@1") {
    pipeline_.Feed({.line = line, .src = src});
    return pipeline_.out().back();
  }

  TestPipeline pipeline_;
  AutoStage* stage_;
};

TEST_F(AutoTest, FindsOutEachFormat) {
  Feed(kSyslog, "A@1");
  Feed(kKlog, "B@1");
  Feed(kClf, "C@1");
  Feed(kJournal, "D@1");
  Feed(R"({"a":1})", "E@1");
  Feed("a=1 b=2", "F@1");
  Feed(Docker(kKlog), "G@1");
  Feed(Docker(kSyslog, "stderr"), "G@2");
  Feed(Cri(kClf), "H@1");
  Feed("text", "I@1");
  for (int i = 0; i < 10; ++i) Feed("text", "J@1");
  Feed(Docker("text"), "K@1");
  EXPECT_EQ(Decisions(), (Texts{"A syslog 1", "B klog 1", "C clf 1", "D journal 1", "E json 1",
                                "F logfmt 1", "G docker stdout:klog stderr:syslog 2",
                                "H cri stdout:clf 1", "I ? 1", "J plain 10", "K docker 1"}));
}

TEST_F(AutoTest, ParsesAsTheStagesDo) {
  EXPECT_EQ(Feed(kClf, "A@1").fields, RunStages("- clf:", {{kClf}})[0].fields);
  EXPECT_EQ(FormatTimestamp(pipeline_.out().back().ts_ns), "2000-10-10T20:55:36.000000000Z");
  EXPECT_EQ(Feed(kSyslog, "B@1").fields, RunStages("- syslog:", {{kSyslog}})[0].fields);
  EXPECT_EQ(Feed(kKlog, "C@1").fields, RunStages("- klog:", {{kKlog}})[0].fields);
  EXPECT_EQ(Feed(kJournal, "D@1").line, "text");
}

TEST_F(AutoTest, TheTimeOfTheWrapperCounts) {
  for (const std::string& line :
       {Docker(kSyslog), Docker(kKlog), Docker(kClf), Docker(R"({"ts":1e9})"),
        Docker("time=2022-01-01T00:00:00Z a=b")}) {
    Feed(line, line + "@1");
    EXPECT_EQ(FormatTimestamp(pipeline_.out().back().ts_ns), "2019-01-01T01:00:00.000000001Z");
  }
}

TEST_F(AutoTest, AnotherLineIsMarkedAndABlankOneIsNot) {
  Feed(kKlog);
  EXPECT_EQ(Feed("goroutine 1 [running]:").fields,
            R"({"__error__":"klog: not of the form I0102 15:04:05.000000 PID FILE:LINE] TEXT"})");
  EXPECT_EQ(Feed("  ").fields, "");
  EXPECT_EQ(pipeline_.Failures().size(), 1u);
}

TEST_F(AutoTest, ADecisionThatTheNextLinesContradictIsTakenBack) {
  Texts decided;
  stage_->set_on_decision([&](const AutoStage::FileDecision& d, StageEntry&) {
    decided.push_back(d.id + " " + std::string(d.format));
  });
  Feed(kSyslog);
  for (int i = 0; i < 17; ++i) Feed("some text " + std::to_string(i));
  EXPECT_EQ(Decisions(), Texts{"F ? 18"});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Feed("some text").fields, "");
  EXPECT_EQ(Decisions(), Texts{"F plain 28"});
  EXPECT_EQ(decided, (Texts{"F syslog", "F plain"}));
}

TEST_F(AutoTest, ADecisionBeyondDoubtStays) {
  for (int i = 0; i < 100; ++i) Feed(kSyslog);
  for (int i = 0; i < 1000; ++i) Feed("some text");
  EXPECT_EQ(Decisions(), Texts{"F syslog 1100"});
}

TEST_F(AutoTest, AMarkOfAnEarlierStageIsNoMisfit) {
  for (int i = 0; i < 50; ++i) {
    pipeline_.Feed({.line = kKlog, .fields = R"({"__error__":"before"})", .src = "F@1"});
  }
  EXPECT_EQ(Decisions(), Texts{"F klog 50"});
}

TEST_F(AutoTest, WhatIsKeptOfFilesIsBounded) {
  for (int i = 0; i < 10'001; ++i) Feed("a=1 b=2", "F" + std::to_string(i) + "@1");
  EXPECT_EQ(stage_->decisions().size(), 1u);
  EXPECT_EQ(stage_->forgotten_files(), 10'000u);
}

TEST_F(AutoTest, PlainTextIsNothingElse) {
  const char* const lines[] = {
      "2015-10-18 18:01:47,978 INFO [main] org.x.Y: Created MRAppMaster for application",
      "[Sun Dec 04 04:47:44 2005] [notice] workerEnv.init() ok /etc/httpd",
      "17/06/09 20:10:40 INFO executor.X: Registered signal handlers for [TERM, HUP]",
      "081109 203615 148 INFO dfs.DataNode$PacketResponder: PacketResponder 1",
      "2023-01-02T15:04:05Z INFO main: starting",
      "INFO: a=1 is not b",
      "Error: x=1",
      "Jun was a good month: really",
      "I0102 is a number",
      "GET / HTTP/1.1",
      "127.0.0.1 - - said hello",
      "{not json}",
      "<html>",
      "<13 points>"};
  for (const char* line : lines) {
    for (int i = 0; i < 10; ++i) Feed(line, std::string(1, line[0]) + line + "@1");
  }
  for (const auto& d : stage_->decisions()) EXPECT_EQ(d.format, "plain") << d.id;
}

}  // namespace
}  // namespace glp::stages
