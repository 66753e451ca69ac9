#include "codec/logfmt.h"

#include <gtest/gtest.h>

#include <string>

namespace glp::codec {
namespace {

// "a=1|b" and an '!' for each error.
std::string Scan(std::string_view line, bool go_on) {
  LogfmtScanner scanner(line);
  std::string out, scratch;
  for (;;) {
    LogfmtScanner::Step step = scanner.Next(&scratch);
    if (step == LogfmtScanner::Step::kEnd) break;
    if (!out.empty()) out += '|';
    if (step == LogfmtScanner::Step::kError) {
      out += '!';
      if (!go_on) break;
      continue;
    }
    out += std::string(scanner.key());
    if (scanner.has_value()) out += "=" + std::string(scanner.value());
  }
  return out;
}

struct Case {
  std::string_view line;
  const char* want;  // going on behind errors, as Loki does
};
const Case kCases[] = {
    {"", ""},
    {"a=1 b=2", "a=1|b=2"},
    {"a= b=1", "a=|b=1"},
    {"a", "a"},
    {"plain text here", "plain|text|here"},
    {"=", "!"},
    {"=1", "!"},
    {"= a=1", "!|a=1"},
    {"a==1", "!"},
    {"a=b=c d=1", "!|d=1"},
    {"a=\"x\"", "a=x"},
    {"a=\"\" b=1", "a=|b=1"},
    {"a=\"x b=1", "!"},
    {"b=1 a=\"x", "b=1|!"},
    {"a=\"\\u0041\\u00e9\"", "a=A\xC3\xA9"},
    {"a=\"\\ud83d\\ude00\"", "a=\xF0\x9F\x98\x80"},
    {"a=\"\\\"", "!"},
    {"a=\"x\\\\\" b=1", "a=x\\|b=1"},
    {"a=\"say \\\"hi\\\"\" b=1", "a=say \"hi\"|b=1"},
    {"a=\"x\"y b=1", "a=x|y|b=1"},
    {"a=x\"y\" b=1", "!|b=1"},
    {"a\"b=1 c=2", "!|c=2"},
    {"\"a b\"=1 c=2", "!|!|c=2"},
    {"a=1\nb=2\rc=3\td=4", "a=1|b=2|c=3|d=4"},
    {"  a=1  b=2  ", "a=1|b=2"},
    {"a=1,b=2", "!"},
    {"a={\"x\":1} b=2", "!|b=2"},
    {"a=http://x/ b=2", "a=http://x/|b=2"},
    {std::string_view("a=b\0c d=1", 9), "a=b|c|d=1"},
    {"a\xFF"
     "b=1 c=2",
     "!|c=2"},
    {"a=\"x\ny\" b=1", "a=x\ny|b=1"},
    {"a=\"\\u12\"  b=1", "!|b=1"},
    {"a=\"\\U0001F600\"", "!"},
    {"a=1 == b=2", "a=1|!|b=2"},
    {"a=\"b\"c=\"d\"", "a=b|c=d"},
    {"level=info msg=\"hello world\" dur=1.5s", "level=info|msg=hello world|dur=1.5s"},
};

TEST(Logfmt, ReadsAsLokiDoes) {
  for (const Case& c : kCases) EXPECT_EQ(Scan(c.line, true), c.want) << c.line;
}

TEST(Logfmt, AnErrorSaysWhatAndWhere) {
  LogfmtScanner scanner("ok=1 bad=x\"y late=1");
  std::string scratch;
  EXPECT_EQ(scanner.Next(&scratch), LogfmtScanner::Step::kPair);
  EXPECT_EQ(scanner.Next(&scratch), LogfmtScanner::Step::kError);
  EXPECT_EQ(scanner.error_offset(), 10u);
  EXPECT_NE(scanner.error().find("quote"), std::string_view::npos);
}

}  // namespace
}  // namespace glp::codec
