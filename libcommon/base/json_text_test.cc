#include "base/json_text.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <random>

#include "base/strings.h"

namespace glp {
namespace {

std::string Escape(std::string_view text) {
  std::string out;
  AppendJsonEscaped(&out, text);
  return out;
}

TEST(JsonText, EscapesWhatJsonAsksFor) {
  EXPECT_EQ(Escape("plain text"), "plain text");
  EXPECT_EQ(Escape("a\"b\\c\nd\te\rf\bg\fh"), R"(a\"b\\c\nd\te\rf\bg\fh)");
  EXPECT_EQ(Escape(std::string_view("\0\x01\x1f\x7f", 4)), "\\u0000\\u0001\\u001f\x7f");
  EXPECT_EQ(Escape("grüße €"), "grüße €");
}

TEST(JsonText, RefusesWhatIsNoString) {
  std::string pad(16, ' ');
  for (std::string bad : {"no end", "bad \\x escape\"", "tab\t\"", "end in backslash\\"}) {
    std::string text = bad + pad;
    EXPECT_EQ(ScanJsonString(text.data(), text.data() + bad.size()).end, nullptr) << bad;
  }
}

TEST(JsonText, RefusesBadUnicodeEscapes) {
  for (std::string_view bad :
       {R"(\ud800)", R"(\udc00)", R"(\ud800\u0041)", R"(\u12)", R"(\u12g4)"}) {
    std::string out;
    EXPECT_FALSE(AppendJsonUnescaped(&out, bad)) << bad;
    std::string text = std::string(bad) + "\"" + std::string(16, ' ');
    EXPECT_EQ(ScanJsonString(text.data(), text.data() + bad.size() + 1).end, nullptr) << bad;
  }
  std::string out;
  ASSERT_TRUE(AppendJsonUnescaped(&out, R"(\u00e9\ud83d\ude00\/)"));
  EXPECT_EQ(out, "é😀/");
}

// Random bytes: escaping and back gives the same, and simdjson reads the same string.
TEST(JsonText, RoundTripAgreesWithSimdjson) {
  std::mt19937 rng(7);
  simdjson::dom::parser parser;
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    size_t size = rng() % 90;
    while (text.size() < size) {
      constexpr std::string_view kPieces[] = {"\"", "\\", "\n", "abc", "é", "\x01", "€", " "};
      text += rng() % 3 == 0 ? std::string(kPieces[rng() % 8]) : std::string(1, 'a' + rng() % 26);
    }
    std::string escaped = Escape(text);
    std::string json = "\"" + escaped + "\"" + std::string(16, 'x');
    JsonStringScan scan = ScanJsonString(json.data() + 1, json.data() + json.size() - 16);
    ASSERT_EQ(scan.end, json.data() + 1 + escaped.size());
    ASSERT_EQ(scan.has_escapes, escaped.find('\\') != std::string::npos);
    std::string back;
    ASSERT_TRUE(AppendJsonUnescaped(&back, escaped));
    ASSERT_EQ(back, text);
    std::string_view theirs = parser.parse("\"" + escaped + "\"").get_string();
    ASSERT_EQ(theirs, text);
  }
}

}  // namespace
}  // namespace glp
