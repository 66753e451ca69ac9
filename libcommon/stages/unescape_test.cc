#include "stages/unescape.h"

#include <gtest/gtest.h>

#include <string>

namespace glp::stages {
namespace {

struct Case {
  std::string_view raw, want;
};

TEST(Unescape, DecodesWhatApacheNginxAndGoWrite) {
  const Case cases[] = {
      {"", ""},
      {"plain", "plain"},
      {R"(say \"hi\")", "say \"hi\""},
      {R"(a\\b)", "a\\b"},
      {R"(\n\t\r\a\b\f\v\/)", "\n\t\r\a\b\f\v/"},
      {R"(\x22\xD0\x9f)", "\"\xD0\x9F"},
      {R"(\u00e9\U0001F600\u20AC)", "\xC3\xA9\xF0\x9F\x98\x80\xE2\x82\xAC"},
      {R"(\x\xg1\x1)", R"(\x\xg1\x1)"},
      {R"(\u12\ud83d\U00110000)", R"(\u12\ud83d\U00110000)"},
      {R"(\q\)", R"(\q\)"},
      {R"(end\\)", "end\\"},
      {R"(\x00)", std::string_view("\0", 1)},
  };
  Arena arena;
  for (const Case& c : cases) EXPECT_EQ(Unescape(c.raw, arena), c.want) << c.raw;
  EXPECT_EQ(UnescapeOnly(R"(\"\\\]\n\)", "\"\\]", arena), R"("\]\n\)");
}

TEST(FindQuote, PassesEscapedOnes) {
  EXPECT_EQ(FindQuote(R"(ab"c)", 0, '"'), 2u);
  EXPECT_EQ(FindQuote(R"(a\"b"c)", 0, '"'), 4u);
  EXPECT_EQ(FindQuote(R"(a\\"b")", 0, '"'), 3u);
  EXPECT_EQ(FindQuote(R"(a\)", 0, '"'), std::string_view::npos);
  EXPECT_EQ(FindQuote(R"(a\")", 0, '"'), std::string_view::npos);
  EXPECT_EQ(FindQuote(R"("a"b")", 1, '"'), 2u);
  EXPECT_EQ(FindQuote("", 0, '"'), std::string_view::npos);
  std::string many;
  for (int i = 0; i < 1 << 20; ++i) many += R"(\")";
  EXPECT_EQ(FindQuote(many, 0, '"'), std::string_view::npos);
}

}  // namespace
}  // namespace glp::stages
