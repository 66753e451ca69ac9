#include "codec/decolorize.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <random>
#include <string>

#include "codec/golden_cases.h"

namespace glp::codec {
namespace {

TEST(Decolorize, AnswersAsRecorded) {
  ForEachGoldenCase("decolorize", [](const GoldenCase& c) {
    std::string scratch = "left over";
    EXPECT_EQ(Decolorize(c.Text("line"), &scratch), c.Text("output")) << c.json();
  });
}

TEST(Decolorize, ALineWithoutSequencesIsNotCopied) {
  std::string scratch;
  for (std::string_view line : {"", "plain", "\xc2\x9a \xe2\x82\x9b", "\x9b", "\x1b", "\x1b[x"}) {
    EXPECT_EQ(Decolorize(line, &scratch).data(), line.data());
  }
}

// The words of the header as an expression, run over all lines of a small alphabet.
TEST(Decolorize, IsWhatTheExpressionSays) {
  const RE2 expression(
      "[\\x{1b}\\x{9b}][\\[\\]()#;?]*(?:[a-zA-Z0-9;]*\\x{07}|"
      "(?:\\d{1,4}(?:;\\d{0,4})*)?[\\dA-PRZcf-ntqry=><~])");
  ASSERT_TRUE(expression.ok()) << expression.error();
  constexpr std::string_view kParts[] = {"\x1b", "\xc2\x9b", "[", ";", "1", "2345", "m",    "x",
                                         "\a",   "?",        "=", "]", "Q", "K",    "\xc3", "é"};
  std::mt19937 random(7);
  std::string scratch;
  for (int i = 0; i < 200'000; ++i) {
    std::string line;
    for (unsigned n = random() % 12; n > 0; --n) line += kParts[random() % std::size(kParts)];
    // RE2 takes no bytes that are not UTF-8: a lead byte alone stays out of the comparison.
    if (line.find("\xc3") != std::string::npos && line.find("é") == std::string::npos) continue;
    std::string want = line;
    RE2::GlobalReplace(&want, expression, "");
    ASSERT_EQ(Decolorize(line, &scratch), want) << testing::PrintToString(line);
  }
}

TEST(Decolorize, HostileLinesTakeLinearTime) {
  std::string scratch;
  for (std::string_view part : {"\x1b[", "\x1b", "\x1b;", "\xc2", "\x9b", "\x1b[1;"}) {
    std::string line;
    while (line.size() < (4 << 20)) line += part;
    EXPECT_LE(Decolorize(line, &scratch).size(), line.size());
  }
  EXPECT_EQ(Decolorize("\x1b" + std::string(4 << 20, ';'), &scratch).size(), (4u << 20) + 1);
}

}  // namespace
}  // namespace glp::codec
