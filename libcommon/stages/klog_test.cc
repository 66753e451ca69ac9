#include "stages/klog.h"

#include <gtest/gtest.h>

#include <string>

#include "base/time.h"
#include "stages/pipeline_fixture.h"

namespace glp::stages {
namespace {

constexpr int64_t kNow = 1'700'000'000'000'000'000;  // 2023-11-14T22:13:20Z

struct Case {
  const char* line;
  const char* time;
  const char* fields;
};

TEST(Klog, ReadsLines) {
  const Case cases[] = {
      {"I0102 15:04:05.000123    1234 controller.go:12] Starting it",
       "2023-01-02T15:04:05.000123000Z",
       R"({"file":"controller.go","level":"info","line":"12","message":"Starting it","pid":"1234"})"},
      {"W1231 23:59:59.999999 1 a/b.go:1] ", "2022-12-31T23:59:59.999999000Z",
       R"({"file":"a/b.go","level":"warn","line":"1","message":"","pid":"1"})"},
      {"E20191005 15:04:05.000000 7 x.cc:99] [id] text", "2019-10-05T15:04:05.000000000Z",
       R"({"file":"x.cc","level":"error","line":"99","message":"[id] text","pid":"7"})"},
      {R"(F0102 15:04:05.000000 1 a.go:1] "Pod \"x\" gone" pod="kube-system/a b" n=3 err="exit \"1\"" obj={Name:foo Bar:[1 2]} list=["a b" "c"] level="low" <nil>)",
       "2023-01-02T15:04:05.000000000Z",
       R"({"err":"exit \"1\"","file":"a.go","level":"fatal","level_extracted":"low","line":"1","list":"[\"a b\" \"c\"]","message":"Pod \"x\" gone","n":"3","obj":"{Name:foo Bar:[1 2]}","pid":"1","pod":"kube-system/a b"})"},
      {R"(I0102 15:04:05.000000 1 a.go:1] "not closed)", "2023-01-02T15:04:05.000000000Z",
       R"({"file":"a.go","level":"info","line":"1","message":"\"not closed","pid":"1"})"},
      {R"(I0102 15:04:05.000000 1 a.go:1] "quoted" but text, a=1)",
       "2023-01-02T15:04:05.000000000Z",
       R"({"file":"a.go","level":"info","line":"1","message":"quoted","pid":"1"})"},
      {"I0131 15:04:05.000000 1 a.go:1] x", "2023-01-31T15:04:05.000000000Z",
       R"({"file":"a.go","level":"info","line":"1","message":"x","pid":"1"})"},
  };
  for (const Case& c : cases) {
    const auto out = RunStages("- klog:", {{.line = c.line, .ts_ns = kNow}});
    EXPECT_EQ(out[0].fields, c.fields) << c.line;
    EXPECT_EQ(FormatTimestamp(out[0].ts_ns), c.time) << c.line;
    EXPECT_EQ(out[0].line, c.line);
  }
}

TEST(Klog, WhatDoesNotFitIsMarked) {
  for (const char* line :
       {"", "hello", "I0102 15:04:05.000000 a.go:1] x", "I0102 15:04:05.000000 1 a.go] x",
        "D0102 15:04:05.000000 1 a.go:1] x", "I0102 15:04:05.000000 1 a.go:x] x",
        "I0102 15:04:05.000000 1 main a.go:1] x", "I0102 15:04:05.000000 1 a.go:1"}) {
    EXPECT_EQ(RunStages("- klog:", {{line}})[0].fields,
              R"({"__error__":"klog: not of the form I0102 15:04:05.000000 PID FILE:LINE] TEXT"})")
        << line;
    EXPECT_FALSE(LooksLikeKlog(line));
  }
  const auto out = RunStages("- klog:", {{"I0231 15:04:05.000000 1 a.go:1] x"}});
  EXPECT_EQ(out[0].ts_ns, 1000);
  EXPECT_EQ(
      out[0].fields,
      R"({"__error__":"klog: no time that can be read","file":"a.go","level":"info","line":"1","message":"x","pid":"1"})");
  EXPECT_FALSE(LooksLikeKlog("I0231 15:04:05.000000 1 a.go:1] x"));
  EXPECT_TRUE(LooksLikeKlog("I0228 15:04:05.000000 1 a.go:1] x"));
}

TEST(Klog, LocationIsTheZoneOfItsTimes) {
  const auto out = RunStages("- klog: {location: America/New_York}",
                             {{.line = "I0702 15:04:05.000000 1 a.go:1] x", .ts_ns = kNow}});
  EXPECT_EQ(FormatTimestamp(out[0].ts_ns), "2023-07-02T19:04:05.000000000Z");
}

TEST(Klog, HostileLinesAreBounded) {
  TestPipeline pipeline("- klog:");
  const std::string head = R"(I0102 15:04:05.000000 1 a.go:1] "m")";
  std::string pairs = head, quotes = head;
  while (pairs.size() < (2 << 20)) pairs += " a=1";
  while (quotes.size() < (2 << 20)) quotes += " a={\"";
  for (const std::string& line : {pairs, quotes, head + " a=" + std::string(2 << 20, '['),
                                  head + std::string(2 << 20, ' ')}) {
    pipeline.Feed({line});
    EXPECT_EQ(pipeline.out().back().line, line);
  }
  EXPECT_EQ(pipeline.Failures(),
            (std::map<std::string, uint64_t>{{"klog: more than 10000 keys", 1}}));
}

}  // namespace
}  // namespace glp::stages
