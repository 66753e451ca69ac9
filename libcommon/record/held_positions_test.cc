#include "record/held_positions.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace glp {
namespace {

Record At(const std::string& src) {
  Record record;
  record.src = src;
  return record;
}

TEST(HeldPositions, SayWhatIsInFrontOfTheFirstHeld) {
  HeldPositions positions;
  const std::string a = "F@10", b = "F@20", c = "F@30";
  Record first = At(a), second = At(b), third = At(c);
  const uint64_t n1 = positions.Begin(first), n2 = positions.Begin(second);
  EXPECT_TRUE(positions.Leave(n2, false, &second));
  EXPECT_EQ(second.pos, 0u);
  const uint64_t n3 = positions.Begin(third);
  EXPECT_TRUE(positions.Leave(n1, true, &first));
  EXPECT_EQ(first.pos, 20u);  // the third is not out yet
  EXPECT_FALSE(positions.Leave(n3, false, &third));
  EXPECT_EQ(third.pos, Record::kPosIsNext);
}

TEST(HeldPositions, LeaveRecordsWithoutASourceAlone) {
  HeldPositions positions;
  Record record;
  EXPECT_FALSE(positions.Leave(positions.Begin(record), true, &record));
}

TEST(HeldPositions, WithholdMarksThatWouldPassWhatIsHeld) {
  HeldPositions positions;
  const std::string src = "F@10";
  Record record = At(src);
  const uint64_t number = positions.Begin(record);
  Mark mark;
  mark.kind = Mark::Kind::kPos;
  mark.src = "F@40";
  EXPECT_FALSE(positions.OnMark(mark));
  mark.src = "G@40";
  EXPECT_TRUE(positions.OnMark(mark));
  // What leaves last says for the mark how far all is dealt with.
  EXPECT_TRUE(positions.Leave(number, true, &record));
  EXPECT_EQ(record.pos, 40u);
}

// Whatever leaves in whatever order: no position passes a record that is still held, and at the end
// the last position said is that of the last record.
TEST(HeldPositions, NeverPassWhatIsHeld) {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    HeldPositions positions;
    struct Out {
      uint64_t number;
      uint64_t start;
      std::string src;
    };
    std::vector<Out> held;
    std::map<std::string, uint64_t> next, told;
    const auto leave = [&](size_t i, bool was_held) {
      const Out out = held[i];
      held.erase(held.begin() + static_cast<std::ptrdiff_t>(i));
      Record record = At(out.src);
      positions.Leave(out.number, was_held, &record);
      const Source dealt = DealtWith(record);
      const std::string id(dealt.id);
      EXPECT_GE(dealt.next, told[id]) << "positions go forward";
      told[id] = dealt.next;
      for (const Out& other : held) {
        if (ParseSource(other.src).id == id) {
          EXPECT_LE(dealt.next, other.start);
        }
      }
    };
    for (int i = 0; i < 60; ++i) {
      const std::string id(1, static_cast<char>('A' + random() % 2));
      const uint64_t start = next[id];
      next[id] += 1 + random() % 9;
      const std::string src = id + "@" + std::to_string(next[id]);
      held.push_back({positions.Begin(At(src)), start, src});
      if (random() % 2 == 0) leave(held.size() - 1, false);
      while (!held.empty() && random() % 3 == 0) leave(random() % held.size(), true);
    }
    while (!held.empty()) leave(random() % held.size(), true);
    for (const auto& [id, end] : next) EXPECT_EQ(told[id], end);
  }
}

}  // namespace
}  // namespace glp
