#include "base/strings.h"

#include <gtest/gtest.h>

namespace glp {
namespace {

TEST(Strings, SplitKeepsEmptyParts) {
  EXPECT_EQ(Split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(Split("", ','), (std::vector<std::string_view>{""}));
}

TEST(Strings, NumbersMustBeWhole) {
  EXPECT_EQ(ParseInt64("-9223372036854775808"), INT64_MIN);
  for (std::string_view bad : {"", " 1", "1 ", "+1", "9223372036854775808", "0x1"}) {
    EXPECT_FALSE(ParseInt64(bad)) << bad;
  }
}

TEST(Strings, NearestFindsTyposOnly) {
  std::vector<std::string> names = {"--follow", "--label", "--exclude"};
  EXPECT_EQ(Nearest("--folow", names), "--follow");
  EXPECT_EQ(Nearest("--quite-different", names), "");
}

TEST(Strings, LabelNames) {
  for (std::string_view good : {"a", "_a1", "A_b"}) EXPECT_TRUE(IsLabelName(good)) << good;
  for (std::string_view bad : {"", "1a", "a-b", "a.b", "é"}) EXPECT_FALSE(IsLabelName(bad)) << bad;
}

TEST(Strings, Base64RoundTripAndRefusals) {
  struct {
    std::string_view bytes, text;
  } cases[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"\xff\xfe", "//4="}};
  for (const auto& c : cases) {
    EXPECT_EQ(Base64Encode(c.bytes), c.text);
    std::string back;
    EXPECT_TRUE(Base64Decode(c.text, &back));
    EXPECT_EQ(back, c.bytes);
  }
  std::string out;
  for (std::string_view bad : {"Zg", "Zg=", "Zh==", "Z===", "Zm9v=", "Z g=", "Zg==Zg=="}) {
    EXPECT_FALSE(Base64Decode(bad, &out)) << bad;
  }
}

TEST(Strings, TerminalNeverSeesControlCharacters) {
  EXPECT_EQ(EscapeForTerminal("a\x1b[31m\tb\n\xff\xc2\x9b é"),
            "a\\x1b[31m\tb\\x0a\\xff\\xc2\\x9b é");
}

}  // namespace
}  // namespace glp
