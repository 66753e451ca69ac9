#include "stages/syslog.h"

#include <gtest/gtest.h>

#include <string>

#include "base/time.h"
#include "stages/pipeline_fixture.h"

namespace glp::stages {
namespace {

// 2023-11-14T22:13:20Z
constexpr int64_t kNow = 1'700'000'000'000'000'000;

struct Case {
  std::string line;
  const char* time;  // "" for that of reading
  const char* fields;
};

void Check(std::string_view yaml, const std::vector<Case>& cases, int64_t now_ns = kNow) {
  for (const Case& c : cases) {
    const auto out = RunStages(yaml, {{.line = c.line, .ts_ns = now_ns}});
    ASSERT_EQ(out.size(), 1u);
    EXPECT_EQ(out[0].fields, c.fields) << c.line;
    const std::string want = *c.time == '\0' ? FormatTimestamp(now_ns) : c.time;
    EXPECT_EQ(FormatTimestamp(out[0].ts_ns), want) << c.line;
    EXPECT_EQ(out[0].line, c.line);
  }
}

TEST(Syslog, ReadsRfc5424) {
  Check(
      "- syslog:",
      {
          {"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \xEF\xBB\xBF'su root' "
           "failed",
           "2003-10-11T22:14:15.003000000Z",
           R"({"app":"su","facility":"auth","host":"mymachine.example.com","level":"critical","message":"'su root' failed","msgid":"ID47","severity":"crit"})"},
          {"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time",
           "2003-08-24T12:14:15.000003000Z",
           R"({"app":"myproc","facility":"local4","host":"192.0.2.1","level":"info","message":"%% It's time","pid":"8710","severity":"notice"})"},
          {R"(<0>1 - - - - - [exampleSDID@32473 iut="3" eventSource="a \"b\" \\ \] \n c"][x y.z=""] m)",
           "",
           R"({"facility":"kern","level":"critical","message":"m","sd_exampleSDID_32473_eventSource":"a \"b\" \\ ] \\n c","sd_exampleSDID_32473_iut":"3","sd_x_y_z":"","severity":"emerg"})"},
          {"<191>1 2003-10-11T22:14:15Z h a p m [id]", "2003-10-11T22:14:15.000000000Z",
           R"({"app":"a","facility":"local7","host":"h","level":"debug","message":"","msgid":"m","pid":"p","severity":"debug"})"},
          {"<14>1 2003-10-11T22:14:15Z h a p m -", "2003-10-11T22:14:15.000000000Z",
           R"({"app":"a","facility":"user","host":"h","level":"info","message":"","msgid":"m","pid":"p","severity":"info"})"},
          {"57 <14>1 2003-10-11T22:14:15Z h a p m - counted", "2003-10-11T22:14:15.000000000Z",
           R"({"app":"a","facility":"user","host":"h","level":"info","message":"counted","msgid":"m","pid":"p","severity":"info"})"},
      });
}

TEST(Syslog, WhatIsWrongWithRfc5424IsSaidAndTheHeadStays) {
  Check(
      "- syslog:",
      {
          {"<14>1 2003-10-11T22:14:15Z h a", "",
           R"({"__error__":"syslog: RFC 5424's head is not whole","facility":"user","host":"h","level":"info","message":"a","severity":"info"})"},
          {R"(<14>1 2003-10-11T22:14:15Z h a p m [id a="x] m)", "2003-10-11T22:14:15.000000000Z",
           R"({"__error__":"syslog: RFC 5424's structured data is missing or damaged","app":"a","facility":"user","host":"h","level":"info","message":"[id a=\"x] m","msgid":"m","pid":"p","severity":"info"})"},
          {"<14>1 2003-10-11T22:14:15Z h a p m text", "2003-10-11T22:14:15.000000000Z",
           R"({"__error__":"syslog: RFC 5424's structured data is missing or damaged","app":"a","facility":"user","host":"h","level":"info","message":"text","msgid":"m","pid":"p","severity":"info"})"},
          {"<14>1 2003-13-11T22:14:15Z h a p m - x", "",
           R"({"__error__":"syslog: no time that can be read","__error_details__":"2003-13-11T22:14:15Z","app":"a","facility":"user","host":"h","level":"info","message":"x","msgid":"m","pid":"p","severity":"info"})"},
      });
}

TEST(Syslog, ReadsRfc3164AndFiles) {
  Check(
      "- syslog:",
      {
          {"<34>Oct 11 22:14:15 mymachine su: 'su root' failed", "2023-10-11T22:14:15.000000000Z",
           R"({"app":"su","facility":"auth","host":"mymachine","level":"critical","message":"'su root' failed","severity":"crit"})"},
          {"Jun  4 05:06:07 combo sshd(pam_unix)[19939]: authentication failure; uid=0",
           "2023-06-04T05:06:07.000000000Z",
           R"x({"app":"sshd(pam_unix)","host":"combo","message":"authentication failure; uid=0","pid":"19939"})x"},
          {"Jun 04 05:06:07.25 h postfix/smtpd[1]: x: y", "2023-06-04T05:06:07.250000000Z",
           R"({"app":"postfix/smtpd","host":"h","message":"x: y","pid":"1"})"},
          {"Jun 4 05:06:07 h kernel: [12.5] up", "2023-06-04T05:06:07.000000000Z",
           R"({"app":"kernel","host":"h","message":"[12.5] up"})"},
          {"Jun  4 05:06:07 combo last message repeated 3 times", "2023-06-04T05:06:07.000000000Z",
           R"({"host":"combo","message":"last message repeated 3 times"})"},
          {"Jun  4 05:06:07 h a::b: x", "2023-06-04T05:06:07.000000000Z",
           R"({"app":"a::b","host":"h","message":"x"})"},
          {"<13>Jun  4 05:06:07 logger[7]: no host", "2023-06-04T05:06:07.000000000Z",
           R"({"app":"logger","facility":"user","level":"info","message":"no host","pid":"7","severity":"notice"})"},
          {"<13>Jun  4 2019 05:06:07: %ASA-6-302015: Built", "2019-06-04T05:06:07.000000000Z",
           R"({"app":"%ASA-6-302015","facility":"user","level":"info","message":"Built","severity":"notice"})"},
          {"2023-01-02T15:04:05.123456+01:00 host systemd[1]: Started x.",
           "2023-01-02T14:04:05.123456000Z",
           R"({"app":"systemd","host":"host","message":"Started x.","pid":"1"})"},
          {"<30>2023-01-02T15:04:05Z host app: m", "2023-01-02T15:04:05.000000000Z",
           R"({"app":"app","facility":"daemon","host":"host","level":"info","message":"m","severity":"info"})"},
          {"Feb 29 00:00:00 h a: leap day of no year", "2020-02-29T00:00:00.000000000Z",
           R"({"app":"a","host":"h","message":"leap day of no year"})"},
      });
}

TEST(Syslog, WhatIsNoSyslogIsMarked) {
  Check(
      "- syslog:",
      {
          {"", "", R"({"__error__":"syslog: neither a priority nor a time at the start"})"},
          {"hello", "", R"({"__error__":"syslog: neither a priority nor a time at the start"})"},
          {"<192>Oct 11 22:14:15 h a: b", "",
           R"({"__error__":"syslog: neither a priority nor a time at the start"})"},
          {"<13>just text", "",
           R"({"__error__":"syslog: no time and host behind the priority","facility":"user","level":"info","message":"just text","severity":"notice"})"},
          {"Jun 31 25:00:00 h a: b", "",
           R"({"__error__":"syslog: no time that can be read","__error_details__":"Jun 31 25:00:00","app":"a","host":"h","message":"b"})"},
      });
}

TEST(Syslog, AYearIsAssumedAroundNewYear) {
  constexpr std::string_view kDecember = "Dec 31 23:59:59 h a: b",
                             kJanuary = "Jan  1 00:00:01 h a: b";
  const int64_t january = *ParseRfc3339("2024-01-02T00:00:00Z");
  const int64_t december = *ParseRfc3339("2023-12-31T23:59:00Z");
  auto time_of = [](std::string_view line, int64_t now_ns) {
    return FormatTimestamp(
        RunStages("- syslog:", {{.line = std::string(line), .ts_ns = now_ns}})[0].ts_ns);
  };
  EXPECT_EQ(time_of(kDecember, january), "2023-12-31T23:59:59.000000000Z");
  EXPECT_EQ(time_of(kJanuary, january), "2024-01-01T00:00:01.000000000Z");
  EXPECT_EQ(time_of(kJanuary, december), "2024-01-01T00:00:01.000000000Z");
  EXPECT_EQ(time_of(kDecember, december), "2023-12-31T23:59:59.000000000Z");
  EXPECT_EQ(time_of("Nov 20 00:00:00 h a: b", january), "2023-11-20T00:00:00.000000000Z");

  TestPipeline pipeline("- syslog:");
  EXPECT_TRUE(pipeline.pipeline().OnMark(
      {Mark::Kind::kFile,
       R"({"mark":"file","src":"F@0","path":"f","modified":"2019-02-01T00:00:00.000000000Z"})",
       "F@0"}));
  pipeline.Feed({.line = "Mar  1 00:00:00 h a: b", .ts_ns = january, .src = "F@10"});
  EXPECT_EQ(FormatTimestamp(pipeline.out()[0].ts_ns), "2018-03-01T00:00:00.000000000Z");
}

TEST(Syslog, LocationIsTheZoneOfTimesWithoutOne) {
  const auto out = RunStages("- syslog: {location: Europe/Berlin}",
                             {{.line = "Jul  1 12:00:00 h a: b", .ts_ns = kNow},
                              {.line = "Jan 10 12:00:00 h a: b", .ts_ns = kNow},
                              {.line = "Jan 10 12:01:00 h a: b", .ts_ns = kNow},
                              {.line = "<1>1 2023-07-01T12:00:00Z - - - - -", .ts_ns = kNow}});
  EXPECT_EQ(FormatTimestamp(out[0].ts_ns), "2023-07-01T10:00:00.000000000Z");
  EXPECT_EQ(FormatTimestamp(out[1].ts_ns), "2023-01-10T11:00:00.000000000Z");
  EXPECT_EQ(FormatTimestamp(out[2].ts_ns), "2023-01-10T11:01:00.000000000Z");
  EXPECT_EQ(FormatTimestamp(out[3].ts_ns), "2023-07-01T12:00:00.000000000Z");
  EXPECT_NE(BuildError("- syslog: {location: Europe/Berlim}").find("t.yml:1:22: location: "),
            std::string::npos);
}

TEST(Syslog, OutputMakesTheMessageTheLine) {
  const auto out = RunStages("- syslog: {output: true}",
                             {{"Jun  4 05:06:07 h a[1]: m x"}, {"no syslog"}, {"<14>1 broken"}});
  EXPECT_EQ(LinesOf(out), (Texts{"m x", "no syslog", "<14>1 broken"}));
  EXPECT_EQ(out[0].fields, R"({"app":"a","host":"h","pid":"1"})");
}

TEST(Syslog, SourceNamesAFieldOrALabel) {
  const TestLine line{.line = "x", .labels = R"({"l":"<13>Jun  4 05:06:07 h a: b"})", .fields = ""};
  EXPECT_EQ(
      RunStages("- syslog: {source: l}", {line})[0].fields,
      R"({"app":"a","facility":"user","host":"h","level":"info","message":"b","severity":"notice"})");
  EXPECT_EQ(RunStages("- syslog: {source: nope}", {line})[0].fields,
            R"({"__error__":"syslog: no field or label 'nope'"})");
}

TEST(Syslog, IsToldFromOtherText) {
  for (const char* line :
       {"Jun 14 15:16:01 combo sshd(pam_unix)[19939]: x", "<34>Oct 11 22:14:15 m su: x",
        "<34>1 2003-10-11T22:14:15.003Z h a - - - x", "2023-01-02T15:04:05+01:00 h systemd[1]: x",
        "2023-01-02T15:04:05+01:00 h kernel: x"}) {
    EXPECT_TRUE(LooksLikeSyslog(line)) << line;
  }
  for (const char* line :
       {"Jun 34 15:16:01 combo sshd[1]: x", "Jun 14 15:16:01 started the server", "<34>text",
        "2023-01-02T15:04:05Z INFO main: x", "2023-01-02T15:04:05Z INFO main[1]: x",
        "2023-01-02T15:04:05Z something happened: x", "Jun 14 15:16:01 INFO db: x", "",
        "2015-10-18 18:01:47,978 INFO [main] x: y"}) {
    EXPECT_FALSE(LooksLikeSyslog(line)) << line;
  }
}

TEST(Syslog, HostileLinesAreReadInLinearTime) {
  TestPipeline pipeline("- syslog:");
  const std::string head = "<1>1 - - - - - ";
  const size_t size = 2 << 20;
  std::string elements = head, params = head + "[i";
  while (elements.size() < size) elements += "[a]";
  while (params.size() < size) params += R"( a="")";
  for (const std::string& line :
       {elements, params + "]", head + "[" + std::string(size, 'a'),
        head + "[a b=\"" + std::string(size, '\\'), "<1>" + std::string(size, ' '),
        "Jun 14 15:16:01 " + std::string(size, ':'), "Jun 14 15:16:01 " + std::string(size, '[')}) {
    pipeline.Feed({line});
    EXPECT_EQ(pipeline.out().back().line, line);
  }
}

}  // namespace
}  // namespace glp::stages
