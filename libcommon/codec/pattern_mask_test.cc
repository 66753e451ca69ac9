#include "codec/pattern_mask.h"

#include <gtest/gtest.h>

#include <string>

#include "base/strings.h"
#include "codec/pattern.h"

namespace glp::codec {
namespace {

// The shape with ? for masks.
std::string Masked(std::string_view line) {
  PatternMask mask;
  std::string shape(mask.Mask(line));
  for (char& c : shape) {
    if (c == PatternMask::kMask) c = '?';
  }
  return shape;
}

struct Case {
  std::string_view in, out;
};

void Check(std::initializer_list<Case> cases) {
  for (const Case& one : cases) EXPECT_EQ(Masked(one.in), one.out) << one.in;
}

TEST(PatternMaskTest, Numbers) {
  Check({{"a 1 b", "a ? b"},
         {"a -1 b +2 c 3.5e-7", "a ? b ? c ?"},
         {"took 12ms", "took ?"},
         {"1,234 of 5%", "? of ?%"},
         {"worker12 v2 k8s utf8mb4", "worker? v? ? ?"},
         {"thread-12 pool-1-thread-7", "thread-? pool-?-thread-?"},
         {"x=1,y=-2", "x=?,y=?"},
         {"[1,2,3] (0x7ffe)", "[?] (?)"},
         {"no numbers here", "no numbers here"},
         {"", ""},
         {"7", "?"}});
}

TEST(PatternMaskTest, TimesAreOneMask) {
  Check({{"2026-01-05T00:00:00.033598746Z x", "? x"},
         {"2026-01-05 00:00:00,123 x", "? ? x"},
         {"[05/Jan/2026:10:11:12 +0100] x", "[? ?] x"},
         {"Jan  5 10:11:12 host x", "? host x"},
         {"Nov 23 10:11:12 host x", "? host x"},
         {"Mon Nov 23 10:58:29 UTC 2026 x", "? x"},
         {"Mon, 23 Nov 2026 10:58:29 GMT x", "? x"},
         {"23 November 2026, 10:58 AM: x", "?: x"},
         {"March on", "March on"},
         {"I0105 10:11:12.123456  17 file.go:3] x", "I? ? ? file.go:?] x"},
         {"E0105 10:11:12.123456  17 file.go:3] x", "E? ? ? file.go:?] x"}});
}

TEST(PatternMaskTest, IdsAndAddresses) {
  Check({{"10.0.0.1:8080 -> 10.0.0.2", "? -> ?"},
         {"46143b4b-eeec-62bb-beef-216a0f08a95c.", "?."},
         {"fe80::1 2001:db8::abcd", "? ?"},
         {"de:ad:be:ef:00:01 x", "? x"},
         {"client.cc:59:25: x", "client.cc:?: x"},
         {"commit 1a2b3c4 abcdefab", "commit ? ?"},
         {"java.lang.Object@6d06d69c", "java.lang.Object@?"},
         {"pod api-7d9f8b6c5-x2x7k api-7d9f8b6c5-bcdfg logs-pkk48", "pod api-? api-? logs-?"},
         {"request_id=abcdefgh x", "request_id=? x"},
         {R"({"traceId":"zyxwv","user":"bob","id":null})",
          R"({"traceId":"?","user":"bob","id":null})"},
         {"token=\"qwerty\" valid=yes", "token=\"?\" valid=yes"},
         {"id= x", "id= x"},
         {"blk_-3959 blk_17", "blk_? blk_?"}});
}

TEST(PatternMaskTest, TemporaryNames) {
  Check({{"/tmp/tmp.XkQzPwAb/out.txt", "/tmp/?/out.txt"},
         {"rm /tmp/foo: gone", "rm /tmp/?: gone"},
         {"/var/folders/zz/abc/T/x", "/var/folders/?/T/x"},
         {"in tmp.XkQzPwAb now", "in tmp.? now"},
         {R"(C:\Temp\abc\x)", R"(C:\Temp\?\x)"},
         {"/tmp", "/tmp"},
         {"/tmp/ x", "/tmp/ x"}});
}

TEST(PatternMaskTest, UnitsThatChangeWithTheNumber) {
  Check({{"in 900 ms", "in ?"},
         {"in 1.2 s.", "in ?."},
         {"in 1 minute ok", "in ? ok"},
         {"free 1.5 KB, used 3 MB", "free ?, used ?"},
         {R"("took":"1.1\u00b5s")", R"("took":"?")"},
         {"12 files", "? files"},
         {"4034 bytes", "? bytes"}});
}

TEST(PatternMaskTest, ColumnsOfAnyWidth) {
  Check({{"[  5%] Building", "[?%] Building"},
         {"[100%] Building", "[?%] Building"},
         {"  12 x", "? x"},
         {"took    5   x", "took ? x"},
         {"===== 5 passed in 0.12s ======", "? ? passed in ? ?"},
         {"--- x ...", "--- x ..."},
         {"x  \t\r", "x"}});
}

TEST(PatternMaskTest, KeepsWhatSaysHowItWent) {
  Check({{"0 errors, 3 warnings", "0 errors, ? warnings"},
         {"3 errors", "? errors"},
         {"Errors: 0, Failures: 0.", "Errors: 0, Failures: 0."},
         {"0 tests failed", "0 tests failed"},
         {"exit code 0", "exit code 0"},
         {"exit code 1", "exit code ?"},
         {R"({"level":50,"failed":0,"n":0})", R"({"level":50,"failed":0,"n":?})"},
         {"level=30 n=30", "level=30 n=?"},
         {"1.0 errors 10:00:0 failed", "? errors ? failed"}});
}

TEST(PatternMaskTest, AnyBytes) {
  Check({{"\x1b[31mERROR\x1b[0m x", "ERROR x"},
         {"50%\r100% done", "?% done"},
         {"a\x01\x02 b", "a? b"},
         {std::string_view("a\0b", 3), "a?b"},
         {"caf\xc3\xa9 12\xc2\xb5s", "caf\xc3\xa9 ?"},
         {"caf\xe9 x", "? x"},
         {"\x1b", "?"}});
}

TEST(PatternMaskTest, LongLinesEndInAMask) {
  EXPECT_EQ(Masked(std::string(100'000, 'x')), std::string(PatternMask::kMaxLineBytes, 'x') + "?");
  std::string words;
  for (int i = 0; i < 1000; ++i) words += "x ";
  EXPECT_EQ(Masked(words).size(), 2 * PatternMask::kMaxWords + 1);
  // Not in the middle of a character.
  std::string wide = "a";
  while (wide.size() < 2 * PatternMask::kMaxLineBytes) wide += "\xe2\x82\xac";
  EXPECT_TRUE(IsValidUtf8(CutForPattern(wide)));
  EXPECT_TRUE(IsValidUtf8(Masked(wide)));
}

// A pattern is good as a filter of Loki's: {} |> "pattern".
TEST(PatternMaskTest, ShapesMatchTheirLinesAsPatternFilters) {
  for (const std::string_view line :
       {"2026-01-05 10:00:00,123 INFO took  12 ms for /tmp/abc/out (id=k3v9)",
        "[ 45%] Building CXX object src/a.cc.o", "Jan  5 10:11:12 host sshd[17]: x from 10.0.0.1",
        R"({"level":"info","msg":"done","status":200,"id":"abc"})",
        "level=info msg=\"request done\" took=12ms"}) {
    std::string pattern;
    PatternMask mask;
    for (const char c : mask.Mask(line)) {
      if (c == PatternMask::kMask) {
        pattern += "<_>";
      } else {
        pattern += c;
      }
    }
    const Result<PatternFilter> filter = PatternFilter::Compile(pattern);
    ASSERT_TRUE(filter.ok()) << pattern;
    EXPECT_TRUE(filter->Matches(line)) << pattern;
  }
}

}  // namespace
}  // namespace glp::codec
