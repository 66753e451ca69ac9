#include "wire/text_runs.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <random>

#include "base/strings.h"

namespace glp::wire {
namespace {

using Texts = std::vector<KeyedText>;

std::string ReadAll(TextRuns* runs) {
  std::string out;
  while (*runs->Next()) {
    out += std::string(runs->head()) + "=";
    while (*runs->Read("+", &out)) {
    }
    out += ";";
  }
  return out;
}

void Write(const Texts& texts, TextRuns* runs) {
  std::vector<const KeyedText*> sorted;
  for (const KeyedText& text : texts) sorted.push_back(&text);
  ASSERT_TRUE(runs->Write(sorted).ok());
}

TEST(TextRunsTest, MergesByKey) {
  const struct {
    std::vector<Texts> runs;
    std::string want;
  } cases[] = {
      {{}, ""},
      {{{}}, ""},
      {{{{"a", "A", "1"}}}, "A=1;"},
      {{{{"a", "A", "1"}, {"b", "B", "2"}}, {{"b", "B", "3"}, {"c", "C", "4"}}}, "A=1;B=2+3;C=4;"},
      {{{{"b", "B", "2"}}, {{"a", "A", "1"}}, {{"b", "B", ""}}, {{"b", "B", "5"}}}, "A=1;B=2+5;"},
      {{{{"", "E", "x"}}, {{"", "E", "y"}, {"a", "", "1"}}}, "E=x+y;=1;"},
  };
  for (const auto& one : cases) {
    TextRuns runs(::testing::TempDir());
    for (const Texts& texts : one.runs) Write(texts, &runs);
    EXPECT_EQ(ReadAll(&runs), one.want);
  }
}

TEST(TextRunsTest, PassesOverWhatIsNotRead) {
  TextRuns runs(::testing::TempDir());
  Write({{"a", "A", std::string(1 << 20, 'x')}, {"b", "B", "1"}}, &runs);
  Write({{"a", "A", std::string(1 << 20, 'y')}, {"b", "B", "2"}}, &runs);
  std::string some;
  ASSERT_TRUE(*runs.Next());
  ASSERT_TRUE(*runs.Read("+", &some));
  EXPECT_LT(some.size(), 200u << 10);
  ASSERT_TRUE(*runs.Next());
  some.clear();
  while (*runs.Read("+", &some)) {
  }
  EXPECT_EQ(some, "1+2");
  EXPECT_FALSE(*runs.Next());
}

TEST(TextRunsTest, LongTextsOfSeveralRunsHaveOneSeparatorEach) {
  TextRuns runs(::testing::TempDir());
  std::string want;
  for (const char c : {'x', 'y', 'z'}) {
    Write({{"a", "A", std::string(200'000, c)}}, &runs);
    want += (want.empty() ? "" : "+") + std::string(200'000, c);
  }
  EXPECT_GT(runs.size_bytes(), 600'000u);
  EXPECT_EQ(ReadAll(&runs), "A=" + want + ";");
}

// Against one map of all: runs of any sizes, keys in few or in many of them, texts left unread.
TEST(TextRunsTest, ManyRunsAreAsOne) {
  std::mt19937 random(1);
  const auto below = [&random](uint32_t n) { return random() % n; };
  for (int round = 0; round < 20; ++round) {
    TextRuns runs(::testing::TempDir());
    std::map<std::string, std::vector<std::string>> want;
    const uint32_t keys = 1 + below(300);
    for (uint32_t run = below(80); run > 0; --run) {
      std::map<std::string, std::string> texts;
      for (uint32_t i = below(40); i > 0; --i) {
        texts["key " + std::to_string(below(keys))] = std::string(below(5), 'a' + run % 26);
      }
      Texts sorted;
      for (const auto& [key, text] : texts) {
        sorted.push_back({key, "head of " + key, text});
        auto& all = want[key];
        if (!text.empty()) all.push_back(text);
      }
      Write(sorted, &runs);
    }
    for (const auto& [key, texts] : want) {
      ASSERT_TRUE(*runs.Next());
      EXPECT_EQ(runs.head(), "head of " + key);
      std::string got;
      const bool reads_all = below(4) > 0;
      while (*runs.Read("+", &got) && reads_all) {
      }
      if (reads_all) {
        EXPECT_EQ(got, Join(texts, "+"));
      }
    }
    EXPECT_FALSE(*runs.Next());
  }
}

TEST(TextRunsTest, SaysWhereItCannotWrite) {
  TextRuns runs("/nowhere/at/all");
  const KeyedText text{"a", "A", "1"};
  const Status status = runs.Write({&text});
  EXPECT_EQ(status.code(), Code::kIo);
  EXPECT_NE(status.message().find("/nowhere/at/all"), std::string::npos) << status.message();
}

}  // namespace
}  // namespace glp::wire
