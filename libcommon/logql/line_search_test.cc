#include "logql/line_search.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "logql/ast.h"

namespace glp::logql {
namespace {

std::string RandomText(std::mt19937* random, std::string_view alphabet, size_t max_size) {
  std::string out((*random)() % (max_size + 1), ' ');
  for (char& c : out) c = alphabet[(*random)() % alphabet.size()];
  return out;
}

bool ContainsFolded(std::string_view line, std::string_view literal) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (size_t at = 0; at + literal.size() <= line.size(); ++at) {
    size_t i = 0;
    while (i < literal.size() && lower(line[at + i]) == lower(literal[i])) ++i;
    if (i == literal.size()) return true;
  }
  return false;
}

TEST(LiteralFinder, AgreesWithASlowSearch) {
  std::mt19937 random(1);
  for (int i = 0; i < 100000; ++i) {
    const std::string_view alphabet = i % 2 == 0 ? "ab" : "abAB.\xc3";
    // Exactly as long as it is: reading outside of it is found by the sanitizers.
    const std::string text = RandomText(&random, alphabet, i % 3 == 0 ? 20 : 200);
    const std::vector<char> line(text.begin(), text.end());
    std::string literal = RandomText(&random, alphabet, 12);
    if (random() % 2 == 0 && text.size() > 30) {
      literal = text.substr(random() % 20, random() % 30);
    }
    const std::string_view view(line.data(), line.size());
    EXPECT_EQ(LiteralFinder(literal, false).IsIn(view), text.find(literal) != std::string::npos)
        << text << " / " << literal;
    EXPECT_EQ(LiteralFinder(literal, true).IsIn(view), ContainsFolded(text, literal))
        << text << " / " << literal;
  }
}

TEST(LineSearch, KnowsRegexesThatAreLiterals) {
  for (const char* pattern : {"error", "error|panic", "(error|panic)", "(?:a|b)", ".*error.*",
                              "(?i)timeout", "a\\.b\\[c\\]", "", ".*", "a|"}) {
    EXPECT_TRUE((*LineSearch::ForRegex(pattern))->is_literal()) << pattern;
  }
  for (const char* pattern : {"err.r", "^error", "error$", "(?i)kiosk", "(?i)\u00e9", "a+", "[ab]",
                              "a{2}", "(a)(b)", "\\d", "a\\.*", "(?s)a"}) {
    EXPECT_FALSE((*LineSearch::ForRegex(pattern))->is_literal()) << pattern;
  }
}

// Every way that ForRegex may choose gives what RE2 alone gives.
TEST(LineSearch, AgreesWithRe2) {
  const char* const kPatterns[] = {"error",
                                   "(?i)error",
                                   "error|panic|fatal",
                                   "(?i)(?:reset|refused)",
                                   ".*ab.*",
                                   ".*?ab|ba.*",
                                   "(?i)connection (reset|refused).*port [0-9]+9",
                                   "port \\d+ failed",
                                   "a.b",
                                   "^ab",
                                   "ab$",
                                   "(?i)kiosk",
                                   "(?i)K",
                                   "(?i)s+k",
                                   "(?i)a.*s",
                                   "K",
                                   "[kK]ab",
                                   "\\x{212a}b",
                                   "(?i:ab)c",
                                   "a\\.b",
                                   "ab?c",
                                   "(ab|ba)c",
                                   "(a|b)(c|d)",
                                   "(abc)?d",
                                   "\\bab\\b",
                                   "(?m)^b$",
                                   "a\\x62c",
                                   "\u00e9a",
                                   "(?i)\u00c9a",
                                   "[\u00e9e]a",
                                   "x*",
                                   "a|b|",
                                   "\\Qa.b\\E",
                                   "[^a]b",
                                   "(?-i)ab",
                                   "k.*s.*k",
                                   "(?i)ab(?-i)CD",
                                   "\\141b",
                                   "\\pLb",
                                   "(abc|bcd|cde|dab|aaa|bbb)x.*ab"};
  const char* const kWords[] = {"error",  "ERROR",       "panic",
                                "Fatal",  "reset",       "refused",
                                "RESET",  "connection ", "Connection ",
                                " port ", "119",         "port 12 failed",
                                "kiosk",  "KIOSK",       "\u212aio\u017fk",
                                "\u017f", "\u212a",      "s",
                                "k",      "a",           "b",
                                "A",      "B",           "c",
                                "d",      "C",           "D",
                                "x",      ".",           "ab",
                                "ba",     "\n",          " ",
                                "\u00e9", "\u00c9",      "e",
                                "abc"};
  std::mt19937 random(2);
  for (const char* pattern : kPatterns) {
    const auto search = LineSearch::ForRegex(pattern);
    ASSERT_TRUE(search.ok()) << search.status().message();
    const auto re2 = *CompileRegex(pattern, false);
    for (int i = 0; i < 4000; ++i) {
      std::string line;
      for (int words = random() % 12; words > 0; --words) {
        line += kWords[random() % std::size(kWords)];
      }
      EXPECT_EQ((*search)->Matches(line), re2::RE2::PartialMatch(line, *re2))
          << pattern << " / " << line;
    }
  }
}

TEST(LineSearch, BytesThatAreNotUtf8CountAsOneCharacterEach) {
  EXPECT_TRUE((*LineSearch::ForRegex("^a.b$"))
                  ->Matches("a\xff"
                            "b"));
  EXPECT_TRUE((*LineSearch::ForRegex("^a..b$"))
                  ->Matches("a\xe2\x82"
                            "b"));
  EXPECT_TRUE((*LineSearch::ForRegex("^a..b$"))
                  ->Matches("a\u00e9\xff"
                            "b"));
  EXPECT_FALSE((*LineSearch::ForRegex("^a.b$"))
                   ->Matches("a\xe2\x82"
                             "b"));
  EXPECT_TRUE((*LineSearch::ForRegex("x\\x{FFFD}"))->Matches("x\xff"));
  EXPECT_TRUE(LineSearch::ForLiteral("a\xff")->Matches("xa\xff"));
}

TEST(LineFilter, AlternativesAreAnyOfThem) {
  using Op = LineFilter::Op;
  const struct {
    Op op;
    bool with_one, with_none;
  } kCases[] = {{Op::kContains, true, false},
                {Op::kMatch, true, false},
                {Op::kNotContains, false, true},
                {Op::kNotMatch, false, true}};
  for (const auto& c : kCases) {
    const auto filter = MakeLineFilter(c.op, {"aa", "bb"});
    ASSERT_TRUE(filter.ok());
    EXPECT_EQ(filter->Passes("x bb x"), c.with_one);
    EXPECT_EQ(filter->Passes("x aa bb x"), c.with_one);
    EXPECT_EQ(filter->Passes("x"), c.with_none);
    EXPECT_EQ(filter->Passes(""), c.with_none);
  }
  EXPECT_TRUE(MakeLineFilter(Op::kContains, {""})->Passes(""));
  EXPECT_FALSE(MakeLineFilter(Op::kNotContains, {""})->Passes("x"));
}

TEST(LineFilter, SaysWhichRegexesAreLiterals) {
  const auto filter = MakeLineFilter(LineFilter::Op::kMatch, {"abc", "a\\.c", "(?i)abd", "a.c"});
  ASSERT_TRUE(filter.ok());
  EXPECT_TRUE(filter->alternatives[0].is_literal);
  EXPECT_FALSE(filter->alternatives[1].is_literal);
  EXPECT_FALSE(filter->alternatives[2].is_literal);
  EXPECT_FALSE(filter->alternatives[3].is_literal);
  for (const auto& alternative : filter->alternatives) EXPECT_NE(alternative.regex, nullptr);
}

TEST(Matcher, IsAnchoredAndItsDotMatchesNewline) {
  using Op = Matcher::Op;
  const struct {
    Op op;
    const char* value;
    const char* label;
    bool matches;
  } kCases[] = {
      {Op::kEqual, "x", "x", true},         {Op::kEqual, "", "", true},
      {Op::kNotEqual, "x", "", true},       {Op::kMatch, "a|b", "ab", false},
      {Op::kMatch, "a|b", "b", true},       {Op::kMatch, "a.b", "a\nb", true},
      {Op::kMatch, ".*", "", true},         {Op::kMatch, ".+", "", false},
      {Op::kNotMatch, "a.*", "xa", true},   {Op::kNotMatch, "a.*", "ax", false},
      {Op::kMatch, "(?i)ABC", "abc", true},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(MakeMatcher("l", c.op, c.value)->Matches(c.label), c.matches)
        << c.value << " / " << c.label;
  }
  EXPECT_EQ(MakeMatcher("l", Op::kMatch, "(").status().message(),
            "error parsing regexp: missing closing ): `(`");
}

}  // namespace
}  // namespace glp::logql
