#include "display.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace glp::query {
namespace {

TEST(Display, WidthsAreThoseOfCodePoints) {
  const struct {
    std::string_view text;
    size_t width;
  } kCases[] = {
      {"", 0},
      {"abc", 3},
      {"é", 1},
      {"e\u0301", 1},  // a mark that combines
      {"日本語", 6},
      {"한글", 4},
      {"ｆｕｌｌ", 8},
      {"🚀", 2},
      {"→…─", 3},
      {"a\u200bb", 2},          // a blank without width
      {"\xff\xfe", 2},          // bytes that are no text
      {"\xe6\x97", 2},          // cut off
      {"\xed\xa0\x80", 3},      // half of a pair of UTF-16
      {"\xf4\x90\x80\x80", 4},  // behind the last code point
  };
  for (const auto& [text, width] : kCases) EXPECT_EQ(DisplayWidth(text), width) << text;
}

TEST(Display, CellsHaveNoControlCharacters) {
  const struct {
    std::string_view text, shown;
  } kCases[] = {
      {"", ""},
      {"a b", "a b"},
      {"日\t\r\n", "日\\t\\r\\n"},
      {"\x1b[31m", "\\x1b[31m"},
      {std::string_view("\0", 1), "\\x00"},
      {"\x7f", "\\x7f"},
      {"\u009b", "\\xc2\\x9b"},
      {"\xff\xe6\x97", "\\xff\\xe6\\x97"},
  };
  for (const auto& [text, shown] : kCases) {
    EXPECT_EQ(EscapeCell(text), shown);
    EXPECT_EQ(IsPlainAscii(text), EscapeCell(text) == text && DisplayWidth(text) == text.size() &&
                                      text.find("日") == text.npos);
  }
}

TEST(Display, PlainAsciiIsToldAtEveryPlace) {
  for (size_t size = 0; size < 20; ++size) {
    EXPECT_TRUE(IsPlainAscii(std::string(size, ' ')));
    EXPECT_TRUE(IsPlainAscii(std::string(size, '~')));
    for (size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        for (const char around : {' ', '~'}) {
          std::string text(size, around);
          text[at] = static_cast<char>(byte);
          ASSERT_EQ(IsPlainAscii(text), byte >= ' ' && byte <= '~')
              << size << " " << at << " " << byte;
        }
      }
    }
  }
}

TEST(Display, CutsAtCodePointsAndLeavesRoomForTheEllipsis) {
  const struct {
    std::string_view text;
    size_t width;
    std::string_view cut;
  } kCases[] = {
      {"abc", 3, "abc"},
      {"abcd", 3, "ab…"},
      {"abc", 1, "…"},
      {"", 1, ""},
      {"日本", 4, "日本"},
      {"日本語", 4, "日…"},
      {"日本語", 5, "日本…"},
      {"日本", 1, "…"},
      {"e\u0301x", 2, "e\u0301x"},
      {"e\u0301xy", 2, "e\u0301…"},
  };
  for (const auto& [text, width, cut] : kCases) {
    EXPECT_EQ(CutToWidth(text, width, true), cut) << text << " " << width;
    EXPECT_LE(DisplayWidth(CutToWidth(text, width, true)), width);
  }
  EXPECT_EQ(CutToWidth("abcd", 3, false), "ab~");
}

}  // namespace
}  // namespace glp::query
