#include "codec/regex.h"

#include <gtest/gtest.h>

#include <string>

namespace glp::codec {
namespace {

std::string Match(std::string_view expression, std::string_view text) {
  auto regex = GroupRegex::Compile(expression);
  if (!regex.ok()) return "usage";
  std::vector<std::string_view> values;
  if (!regex->Match(text, &values)) return "no";
  std::string out;
  for (size_t i = 0; i < values.size(); ++i) {
    out += (i == 0 ? "" : " ") + regex->names()[i] + "=" + std::string(values[i]);
  }
  return out;
}

struct Case {
  const char *expression, *text, *want;
};
const Case kCases[] = {
    {R"((?P<a>\d+))", "x12y34", "a=12"},
    {R"(^(?P<a>\d+)$)", "x12", "no"},
    {R"((?<a>\d+)-(?<b>\d+))", "1-2", "a=1 b=2"},
    {R"((\d)(?P<a>\d)(\d)(?P<b>\d))", "1234", "a=2 b=4"},
    {R"((?P<a>x)?(?P<b>y))", "y", "a= b=y"},
    {R"((?P<l>ERR\w*)|(?P<l>WRN\w*))", "some WRNING", "l=WRNING"},
    {R"((?P<alt>a|ab)(?P<rest>.*))", "abc", "alt=a rest=bc"},
    {R"(<(?P<lazy>.+?)>)", "<b>x</b>", "lazy=b"},
    {R"((?U)<(?P<u>.+)>)", "<b>x</b>", "u=b"},
    {R"((?P<w>\p{Greek}+))", "\xCE\xBB\xCF\x8C\xCE\xB3 is", "w=\xCE\xBB\xCF\x8C\xCE\xB3"},
    {R"([(?P<]+(?P<a>x))", "(?P<x", "a=x"},
    {R"(\(\?P<(?P<a>x))", "(?P<x", "a=x"},
    {R"(no groups)", "no groups", ""},
    {"^(?P<all>.*)$", "bad \xFF byte", "all=bad \xFF byte"},
    {"(?P<all>.*)", "bad \xFF byte", "all=bad \xFF byte"},
    {"(?P<word>\\w+)$", "bad \xFF byte", "word=byte"},
    {R"((?:pods)/(?P<namespace>\S+?)_(?P<pod>\S+)-\S+?-\S+?_\S+?/(?P<container>\S+?)/)",
     "/var/log/pods/kube-system_kube-flannel-ds-amd64-9x66j_28e71490-d614/kube-flannel/3.log",
     "namespace=kube-system pod=kube-flannel-ds container=kube-flannel"},
    {R"((?P<a>x)", "x", "usage"},
    {R"((?=x))", "x", "usage"},
};

TEST(GroupRegex, FirstMatchByName) {
  for (const Case& c : kCases) EXPECT_EQ(Match(c.expression, c.text), c.want) << c.expression;
}

TEST(GroupRegex, OfOneNameTheLastGroupWhereAskedFor) {
  auto regex = GroupRegex::Compile("(?P<a>x+)|(?P<b>y+)(?P<a>z+)?", GroupRegex::SameName::kLast);
  ASSERT_TRUE(regex.ok());
  ASSERT_EQ(regex->names(), (std::vector<std::string>{"a", "b"}));
  const struct {
    const char *text, *a, *b;
  } cases[] = {{"xx", "", ""}, {"yzz", "zz", "y"}, {"yy", "", "yy"}};
  for (const auto& c : cases) {
    std::vector<std::string_view> values;
    ASSERT_TRUE(regex->Match(c.text, &values));
    EXPECT_EQ(values[0], c.a) << c.text;
    EXPECT_EQ(values[1], c.b) << c.text;
  }
}

TEST(GroupRegex, WhatTakesTooMuchMemoryIsRefused) {
  auto regex = GroupRegex::Compile(R"((?P<a>(\pL\pN){500}))");
  ASSERT_FALSE(regex.ok());
  EXPECT_EQ(regex.status().message(),
            R"(regular expression '(?P<a>(\pL\pN){500})': compiled it takes more than 8 MiB; )"
            "smaller are those with fewer or shorter counted repetitions like {1000}");
  regex = GroupRegex::Compile(std::string(100'000, 'x') + "(");
  ASSERT_FALSE(regex.ok());
  EXPECT_LT(regex.status().message().size(), 700u);
}

TEST(GroupRegex, AnErrorShowsTheExpressionAndTheReason) {
  auto regex = GroupRegex::Compile("(?P<a>x");
  ASSERT_FALSE(regex.ok());
  EXPECT_EQ(regex.status().code(), Code::kUsage);
  EXPECT_NE(regex.status().message().find("'(?P<a>x': missing )"), std::string::npos)
      << regex.status().message();
}

std::string All(std::string_view expression, std::string_view text) {
  auto regex = GroupRegex::Compile(expression);
  EXPECT_TRUE(regex.ok());
  std::string out;
  regex->ForEachMatch(text, [&](std::span<const std::string_view> groups) {
    out += "[";
    for (size_t g = 0; g < groups.size(); ++g) {
      if (g > 0) out += ",";
      out += groups[g].data() == nullptr ? "-" : groups[g];
    }
    out += "]";
    return true;
  });
  return out;
}

TEST(GroupRegex, FindsAllMatchesAsGo) {
  EXPECT_EQ(All("a(b)?", "abxaab"), "[ab,b][a,-][ab,b]");
  EXPECT_EQ(All("(.*)", "ab"), "[ab,ab]");
  EXPECT_EQ(All("(.*)", "ab\nc"), "[ab,ab][c,c]");
  EXPECT_EQ(All("(x*)", "axb"), "[,][x,x][,]");
  EXPECT_EQ(All("x*", "\xC3\xA9\xC3\xA9"), "[][][]");
  EXPECT_EQ(All("(x*)", "\xFF\xFE"), "[,][,][,]");
  EXPECT_EQ(All("^a", "aaa"), "[a]");
  EXPECT_EQ(All("\\ba", "aa a"), "[a][a]");
  EXPECT_EQ(All("a", "b"), "");
  auto regex = GroupRegex::Compile("(?<x>a)(b)(?P<x>c)");
  ASSERT_TRUE(regex.ok());
  EXPECT_EQ(regex->group_names(), (std::vector<std::string>{"x", "", "x"}));
  EXPECT_TRUE(regex->Matches("1abc2"));
  EXPECT_FALSE(regex->Matches("1ab2"));
}

}  // namespace
}  // namespace glp::codec
