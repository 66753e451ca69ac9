#include "codec/pattern_miner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "base/strings.h"

namespace glp::codec {
namespace {

using Lines = std::vector<std::string>;

// "COUNT PATTERN" of each.
Lines PatternsOf(const PatternMiner& miner) {
  Lines texts;
  for (const PatternMiner::Pattern& pattern : miner.Patterns()) {
    texts.push_back(std::to_string(pattern.count) + " " + pattern.text);
  }
  return texts;
}

Lines Mine(const Lines& lines, PatternMiner::Options options = {}) {
  PatternMiner miner(options);
  int64_t ts_ns = 0;
  for (const std::string& line : lines) miner.Add({line, ++ts_ns});
  return PatternsOf(miner);
}

const std::vector<std::string> kNames = {"alice", "bob",  "carol", "dave", "erin", "frank", "grace",
                                         "heidi", "ivan", "judy",  "karl", "lena", "mike",  "nina"};

Lines ForNames(const std::string& before, const std::string& after, size_t count = 14) {
  Lines lines;
  for (size_t i = 0; i < count; ++i) lines.push_back(before + kNames[i] + after);
  return lines;
}

TEST(PatternMinerTest, NumbersVaryFromTheFirstLine) {
  EXPECT_EQ(Mine({"took 5ms", "took 17ms"}), Lines{"2 took <_>"});
  EXPECT_EQ(Mine({"a", "b", "a"}), (Lines{"2 a", "1 b"}));
}

TEST(PatternMinerTest, WordsVaryWhenThereAreManyOfThem) {
  EXPECT_EQ(Mine(ForNames("user ", " logged in", 5)), Lines{"5 user <_> logged in"});
  EXPECT_EQ(Mine(ForNames("user ", " logged in", 4)).size(), 4u);
  // The less there is around it, the more it takes.
  EXPECT_EQ(Mine(ForNames("hello ", "", 11)).size(), 11u);
  EXPECT_EQ(Mine(ForNames("hello ", "", 12)), Lines{"12 hello <_>"});
  EXPECT_EQ(Mine(ForNames("", "")).size(), 14u);
}

TEST(PatternMinerTest, WordsOfOutcomeNeverVary) {
  Lines lines = ForNames("test of ", " has PASSED today");
  for (const std::string& line : ForNames("test of ", " has FAILED today")) lines.push_back(line);
  EXPECT_EQ(Mine(lines),
            (Lines{"14 test of <_> has FAILED today", "14 test of <_> has PASSED today"}));
}

TEST(PatternMinerTest, PlacesThatVaryTogether) {
  Lines lines;
  for (size_t i = 0; i < 14; ++i) {
    lines.push_back("{\"user\":\"" + kNames[i] + "\",\"mail\":\"" + kNames[i] +
                    " of x\",\"msg\":\"welcome back\"}");
  }
  EXPECT_EQ(Mine(lines), Lines{R"(14 {"user":"<_>","mail":"<_>","msg":"welcome back"})"});
}

TEST(PatternMinerTest, MessagesAreTakenApart) {
  Lines lines;
  for (const std::string& name : kNames) {
    lines.push_back("level=info msg=\"user " + name + " came in\" agent=\"curl of " + name + "\"");
  }
  lines.emplace_back("level=info msg=\"cache is cold\" agent=\"curl of x\"");
  EXPECT_EQ(Mine(lines), (Lines{"14 level=info msg=\"user <_> came in\" agent=\"<_>\"",
                                "1 level=info msg=\"cache is cold\" agent=\"curl of x\""}));
}

TEST(PatternMinerTest, DifferentMessagesOfOneFormStayApart) {
  Lines lines = ForNames("user ", " logged in");
  for (const std::string& line : ForNames("host ", " went down")) lines.push_back(line);
  lines.emplace_back("disk sda became slow");
  EXPECT_EQ(Mine(lines),
            (Lines{"14 host <_> went down", "14 user <_> logged in", "1 disk sda became slow"}));
}

Lines Mixture() {
  Lines lines;
  for (int i = 0; i < 40; ++i) {
    for (const std::string& name : kNames) {
      lines.push_back("user " + name + " logged in from host " +
                      kNames[static_cast<size_t>(i) % 14]);
      lines.push_back("GET /" + name + "/" + std::to_string(i) + " took " + std::to_string(i) +
                      "ms");
    }
    lines.push_back("only " + std::string(static_cast<size_t>(i), 'x'));
    lines.push_back("");
  }
  return lines;
}

TEST(PatternMinerTest, TheOrderOfLinesDoesNotMatter) {
  Lines lines = Mixture();
  const Lines expected = Mine(lines);
  EXPECT_EQ(expected[0], "560 GET <_> took <_>");
  EXPECT_EQ(expected[1], "560 user <_> logged in from host <_>");
  std::mt19937 random(7);
  for (int i = 0; i < 20; ++i) {
    std::shuffle(lines.begin(), lines.end(), random);
    EXPECT_EQ(Mine(lines), expected);
  }
}

TEST(PatternMinerTest, ExamplesAndTimesDoNotDependOnTheOrder) {
  std::vector<PatternMiner::Line> lines = {
      {"took 5ms", 50, 0}, {"took 4ms", 40, 1}, {"took 3ms", 30, 1}, {"took 2ms", 30, 1}};
  std::sort(lines.begin(), lines.end(),
            [](const auto& a, const auto& b) { return a.text < b.text; });
  do {
    PatternMiner miner({});
    for (const PatternMiner::Line& line : lines) {
      if (std::string* note = miner.Add(line)) *note = line.text;
    }
    const std::vector<PatternMiner::Pattern> patterns = miner.Patterns();
    ASSERT_EQ(patterns.size(), 1u);
    EXPECT_EQ(patterns[0].example, "took 2ms");
    EXPECT_EQ(patterns[0].note, "took 2ms");
    EXPECT_EQ(patterns[0].example_ns, 30);
    ASSERT_EQ(patterns[0].slots.size(), 2u);
    EXPECT_EQ(patterns[0].slots[0].count, 1u);
    EXPECT_EQ(patterns[0].slots[1].count, 3u);
    EXPECT_EQ(patterns[0].slots[1].first_ns, 30);
    EXPECT_EQ(patterns[0].slots[1].last_ns, 40);
  } while (std::next_permutation(lines.begin(), lines.end(),
                                 [](const auto& a, const auto& b) { return a.text < b.text; }));
}

TEST(PatternMinerTest, ABaselineSaysWhatVaries) {
  PatternMiner::Options options;
  options.baseline = 0;
  PatternMiner miner(options);
  // One name in the good run, all of them in the other.
  miner.Add({"cannot find module alice in path", 1, 0});
  for (const std::string& line : ForNames("cannot find module ", " in path")) {
    miner.Add({line, 2, 1});
  }
  EXPECT_EQ(PatternsOf(miner),
            (Lines{"13 cannot find module <_> in path", "2 cannot find module alice in path"}));

  // Many in the good run: another one is nothing new.
  PatternMiner known(options);
  for (const std::string& line : ForNames("user ", " logged in", 6)) known.Add({line, 1, 0});
  known.Add({"user zoe logged in", 2, 1});
  EXPECT_EQ(PatternsOf(known), Lines{"7 user <_> logged in"});
}

TEST(PatternMinerTest, LevelsOfLinesGoBeforeTheirWords) {
  PatternMiner miner({});
  miner.Add({"request failed", 1, 0, PatternMiner::Level::kOther});
  miner.Add({"request failed", 1, 0, PatternMiner::Level::kUnknown});
  miner.Add({"request done", 1, 0, PatternMiner::Level::kError});
  const std::vector<PatternMiner::Pattern> patterns = miner.Patterns();
  EXPECT_EQ(patterns[0].slots[0].errors, 1u);
  EXPECT_EQ(patterns[1].slots[0].errors, 1u);
}

// A word of letters for a number: masks do not see it.
std::string WordOf(uint32_t number) {
  std::string word;
  for (int i = 0; i < 6; ++i, number /= 20) word += "bcdfghjklmnpqrstvwxz"[number % 20];
  return word;
}

TEST(PatternMinerTest, MemoryIsBounded) {
  PatternMiner::Options options;
  options.max_shapes = 100;
  PatternMiner miner(options);
  uint32_t number = 0;
  for (int i = 0; i < 5000; ++i) {
    miner.Add({"often came", 1});
    // No two words of it come again: nothing to merge.
    std::string line;
    for (int word = 0; word < 3; ++word) line += WordOf(number += 7919) + " ";
    miner.Add({line, 1, 1});
    miner.Add({"user " + WordOf(number) + " logged in", 1});
  }
  uint64_t count = 0, other = 0;
  const std::vector<PatternMiner::Pattern> patterns = miner.Patterns();
  EXPECT_LE(patterns.size(), 100u);
  EXPECT_EQ(patterns[0].text, "often came");
  EXPECT_EQ(patterns[0].count, 5000u);
  EXPECT_EQ(patterns[1].text, "user <_> logged in");
  EXPECT_GE(patterns[1].count, 4900u);
  for (const PatternMiner::Pattern& pattern : patterns) count += pattern.count;
  for (const PatternMiner::Slot& slot : miner.other()) other += slot.count;
  EXPECT_EQ(count + other, 15'000u);
  EXPECT_GT(other, 0u);
}

TEST(PatternMinerTest, BytesAreBoundedToo) {
  PatternMiner::Options options;
  options.max_text_bytes = 10'000;
  PatternMiner miner(options);
  for (uint32_t i = 0; i < 1000; ++i) miner.Add({WordOf(i * 7919) + std::string(100, 'x'), 1});
  size_t bytes = 0;
  for (const PatternMiner::Pattern& pattern : miner.Patterns()) bytes += pattern.text.size();
  EXPECT_LE(bytes, 10'000u);
}

TEST(PatternMinerTest, AnyLine) {
  const std::string huge(10 << 20, 'x');
  const std::string binary("\0\1\2\xff\xfe\n\x1b[", 8);
  PatternMiner miner({});
  for (const std::string& line : {huge, huge + "y", binary, std::string()}) miner.Add({line, 1});
  const std::vector<PatternMiner::Pattern> patterns = miner.Patterns();
  ASSERT_EQ(patterns.size(), 3u);
  EXPECT_EQ(patterns[0].count, 2u);
  EXPECT_EQ(patterns[0].example.size(), PatternMask::kMaxLineBytes);
  for (const PatternMiner::Pattern& pattern : patterns) EXPECT_TRUE(IsValidUtf8(pattern.text));
  EXPECT_EQ(patterns[1].text, "");
  EXPECT_EQ(PatternMiner({}).Patterns().size(), 0u);
}

}  // namespace
}  // namespace glp::codec
