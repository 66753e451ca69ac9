#include "stages/clf.h"

#include <gtest/gtest.h>

#include <string>

#include "base/time.h"
#include "stages/pipeline_fixture.h"

namespace glp::stages {
namespace {

struct Case {
  const char* line;
  const char* fields;
};

TEST(Clf, ReadsAccessLogs) {
  const Case cases[] = {
      {R"(127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326)",
       R"({"bytes":"2326","host":"127.0.0.1","method":"GET","path":"/apache_pb.gif","protocol":"HTTP/1.0","status":"200","user":"frank"})"},
      {R"(::1 id - [10/Oct/2000:13:55:36 -0700] "POST /a b?c=1 HTTP/2.0" 500 - "http://r/" "Mozilla \"x\" \\ \xD0\x9F")",
       R"({"agent":"Mozilla \"x\" \\ П","host":"::1","ident":"id","method":"POST","path":"/a b?c=1","protocol":"HTTP/2.0","referer":"http://r/","status":"500"})"},
      {R"(h - john doe [x] [10/Oct/2000:13:55:36 -0700] "-" 408 0 "-" "-")",
       R"({"bytes":"0","host":"h","status":"408","user":"john doe [x]"})"},
      {R"(h - - [10/Oct/2000:13:55:36 -0700] "\x16\x03\x01" 400 157 "-" "-" "1.2.3.4" rt=0.012 )",
       "{\"bytes\":\"157\",\"extra\":\"\\\"1.2.3.4\\\" rt=0.012 \",\"host\":\"h\","
       "\"request\":\"\\u0016\\u0003\\u0001\",\"status\":\"400\"}"},
      {R"(h - - [10/Oct/2000:13:55:36 -0700] "GET /" 200 1 0.5)",
       R"({"bytes":"1","extra":"0.5","host":"h","method":"GET","path":"/","status":"200"})"},
      {R"(h - - [10/Oct/2000:13:55:36 -0700] "hello" 400 1)",
       R"({"bytes":"1","host":"h","request":"hello","status":"400"})"},
      {R"(example.com:443 1.2.3.4 - u [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 1)",
       R"({"bytes":"1","host":"1.2.3.4","method":"GET","path":"/","protocol":"HTTP/1.1","status":"200","user":"u","vhost":"example.com:443"})"},
      {R"(1.2.3.4:5678 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 1)",
       R"({"bytes":"1","host":"1.2.3.4:5678","method":"GET","path":"/","protocol":"HTTP/1.1","status":"200"})"},
  };
  for (const Case& c : cases) {
    const auto out = RunStages("- clf:", {{c.line}});
    EXPECT_EQ(out[0].fields, c.fields) << c.line;
    EXPECT_EQ(out[0].line, c.line);
    EXPECT_EQ(FormatTimestamp(out[0].ts_ns), "2000-10-10T20:55:36.000000000Z") << c.line;
  }
}

TEST(Clf, WhatDoesNotFitIsMarked) {
  const std::string why =
      R"({"__error__":"clf: not HOST IDENT USER [10/Oct/2000:13:55:36 -0700] \"REQUEST\" STATUS BYTES"})";
  for (const char* line : {"", "hello", R"(h - - [10/Oct/2000:13:55:36 -0700])",
                           R"(h - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1 200 1)",
                           R"(h - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" two 1)",
                           R"(h - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 1)",
                           R"(h - - [10/Oct/2000 13:55] "GET / HTTP/1.1" 200 1)"}) {
    const auto out = RunStages("- clf:", {{line}});
    EXPECT_EQ(out[0].fields, why) << line;
    EXPECT_EQ(out[0].ts_ns, 1000);
  }
  const auto out = RunStages("- clf:", {{R"(h - - [31/Feb/2000:13:55:36 -0700] "GET /" 200 1)"}});
  EXPECT_EQ(out[0].ts_ns, 1000);
  EXPECT_EQ(
      out[0].fields,
      R"({"__error__":"clf: no time that can be read","__error_details__":"31/Feb/2000:13:55:36 -0700","bytes":"1","host":"h","method":"GET","path":"/","status":"200"})");
}

TEST(Combined, WantsRefererAndAgent) {
  const std::string line = R"(h - - [10/Oct/2000:13:55:36 +0000] "GET /" 200 1)";
  EXPECT_EQ(
      FieldsOf(RunStages("- combined:", {{line}, {line + R"( "r" "a")"}, {line + R"( "r)"}})),
      (Texts{
          R"({"__error__":"combined: no \"REFERER\" and \"AGENT\"","bytes":"1","host":"h","method":"GET","path":"/","status":"200"})",
          R"({"agent":"a","bytes":"1","host":"h","method":"GET","path":"/","referer":"r","status":"200"})",
          R"({"__error__":"combined: no \"REFERER\" and \"AGENT\"","bytes":"1","extra":"\"r","host":"h","method":"GET","path":"/","status":"200"})",
      }));
}

TEST(Clf, HostileLinesAreReadInLinearTime) {
  TestPipeline pipeline("- clf:");
  std::string brackets;
  while (brackets.size() < (2 << 20)) brackets += " [";
  const std::string head = R"(h - - [10/Oct/2000:13:55:36 -0700] ")";
  for (const std::string& line :
       {brackets, head + std::string(2 << 20, '\\'), head + std::string(2 << 20, '"'),
        std::string(2 << 20, ' '), head + "GET " + std::string(2 << 20, ' ') + "\" 200 1"}) {
    pipeline.Feed({line});
    EXPECT_EQ(pipeline.out().back().line, line);
  }
}

}  // namespace
}  // namespace glp::stages
