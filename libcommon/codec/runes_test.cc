#include "codec/runes.h"

#include <gtest/gtest.h>

#include <string>

namespace glp::codec {
namespace {

TEST(Runes, ReadsWhatItWrites) {
  for (uint32_t c = 0; c <= 0x10FFFF; c = c < 0x900 ? c + 1 : c + 61) {
    if (c >= 0xD800 && c < 0xE000) continue;
    char bytes[4];
    std::string text(bytes, EncodeRune(c, bytes));
    Rune back = DecodeRune(text + "x");
    EXPECT_EQ(back.value, c);
    EXPECT_EQ(back.size, text.size());
  }
  EXPECT_EQ(CountRunes("h\xC3\xA9llo \xE6\x97\xA5"), 7u);
  EXPECT_EQ(RunesPrefix("h\xC3\xA9llo", 2), 3u);
  EXPECT_EQ(RunesPrefix("h\xC3\xA9llo", 99), 6u);
}

TEST(Runes, WhatIsNotUtf8IsOneByte) {
  for (std::string_view bad : {"\x80", "\xFF", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80",
                               "\xF4\x90\x80\x80", "\xC3", "\xE6\x97", "\xF0\x9F\x98"}) {
    EXPECT_EQ(DecodeRune(bad).value, kBadRune);
    EXPECT_EQ(DecodeRune(bad).size, 1u);
  }
  char bytes[4];
  EXPECT_EQ(std::string(bytes, EncodeRune(0xD800, bytes)), "\xEF\xBF\xBD");
  EXPECT_EQ(std::string(bytes, EncodeRune(0x110000, bytes)), "\xEF\xBF\xBD");
}

TEST(Runes, HasCases) {
  struct Case {
    uint32_t rune, upper, lower, title;
  };
  for (const Case& c : std::initializer_list<Case>{
           {'a', 'A', 'a', 'A'},
           {'Z', 'Z', 'z', 'Z'},
           {'1', '1', '1', '1'},
           {0xE9, 0xC9, 0xE9, 0xC9},
           {0xDF, 0xDF, 0xDF, 0xDF},
           {0x131, 'I', 0x131, 'I'},
           {0x130, 0x130, 'i', 0x130},
           {0x1C6, 0x1C4, 0x1C6, 0x1C5},
           {0x1C5, 0x1C4, 0x1C6, 0x1C5},
           {0x3C3, 0x3A3, 0x3C3, 0x3A3},
           {0x3C2, 0x3A3, 0x3C2, 0x3A3},
           {0x416, 0x416, 0x436, 0x416},
           {0x1E9E, 0x1E9E, 0xDF, 0x1E9E},
           {0x2160, 0x2160, 0x2170, 0x2160},
           {0x10428, 0x10400, 0x10428, 0x10400},
           {0x65E5, 0x65E5, 0x65E5, 0x65E5},
       }) {
    EXPECT_EQ(ToUpper(c.rune), c.upper) << std::hex << c.rune;
    EXPECT_EQ(ToLower(c.rune), c.lower) << std::hex << c.rune;
    EXPECT_EQ(ToTitle(c.rune), c.title) << std::hex << c.rune;
  }
  // A capital that has a small letter is made of it again, but for the few that share one.
  int alone = 0;
  for (uint32_t c = 0x80; c < 0x1F000; ++c) {
    uint32_t upper = ToUpper(c);
    if (upper != c && ToLower(upper) != c) ++alone;
  }
  EXPECT_LT(alone, 40);
}

TEST(Runes, HasClasses) {
  EXPECT_TRUE(IsLetter(0xE9) && IsLetter(0x65E5) && !IsLetter('1') && !IsLetter(0x2028));
  EXPECT_TRUE(IsDigit('7') && IsDigit(0x663) && !IsDigit(0xBD));
  EXPECT_TRUE(IsSpace(' ') && IsSpace(0xA0) && IsSpace(0x3000) && !IsSpace(0x200B));
  EXPECT_TRUE(IsPrint('a') && IsPrint(0x65E5) && !IsPrint(0x7F) && !IsPrint(0x2028));
  EXPECT_TRUE(IsUpper(0xC9) && IsLower(0xE9) && !IsUpper(0x1C5));
}

}  // namespace
}  // namespace glp::codec
