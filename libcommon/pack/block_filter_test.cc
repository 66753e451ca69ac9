#include "pack/block_filter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace glp::pack {
namespace {

constexpr uint64_t kLarge = 1 << 20;

BlockFilter FilterOf(const std::vector<std::string>& values, uint64_t block_bytes = kLarge) {
  BlockFilterBuilder builder;
  for (const std::string& value : values) builder.Add(value);
  return *BlockFilter::Parse(builder.Build({}, false, block_bytes));
}

std::string RandomHex(std::mt19937_64* random, size_t size) {
  std::string out;
  while (out.size() < size) out.push_back("0123456789abcdef"[(*random)() % 16]);
  return out;
}

TEST(BlockFilter, EveryPieceOfAValueMayBeThere) {
  std::mt19937_64 random(7);
  std::vector<std::string> values;
  for (size_t i = 0; i < 2000; ++i) values.push_back(RandomHex(&random, random() % 40));
  values.push_back(std::string("any \0\xff bytes", 12));
  const BlockFilter filter = FilterOf(values);
  for (const std::string& value : values) {
    EXPECT_TRUE(filter.MayBeginWith(value)) << value;
    EXPECT_TRUE(filter.MayEndWith(value)) << value;
    for (size_t from = 0; from < value.size(); ++from) {
      EXPECT_TRUE(filter.MayHold(value.substr(from, random() % 12))) << value;
    }
  }
  std::string upper = values[0];
  std::transform(upper.begin(), upper.end(), upper.begin(), ::toupper);
  EXPECT_TRUE(filter.MayHold(upper));
}

TEST(BlockFilter, MostOtherPiecesAreNot) {
  std::mt19937_64 random(7);
  std::vector<std::string> values;
  for (size_t i = 0; i < 2000; ++i) values.push_back(RandomHex(&random, 16));
  const BlockFilter filter = FilterOf(values);
  size_t of5 = 0, of8 = 0, of16 = 0;
  for (size_t i = 0; i < 1000; ++i) {
    of5 += filter.MayHold(RandomHex(&random, 5)) ? 1 : 0;
    of8 += filter.MayHold(RandomHex(&random, 8)) ? 1 : 0;
    of16 += filter.MayHold(RandomHex(&random, 16)) ? 1 : 0;
  }
  EXPECT_LT(of5, 650u);
  EXPECT_LT(of8, 200u);
  EXPECT_LT(of16, 10u);
}

TEST(BlockFilter, ShortPiecesSayNothingButThoseAtTheEndsOfValuesDo) {
  const BlockFilter filter = FilterOf({"4711", "99", "0815abc"});
  EXPECT_TRUE(filter.MayHold("zzzz"));
  EXPECT_TRUE(filter.MayBeginWith("zzz"));
  EXPECT_TRUE(filter.MayEndWith("zzz"));
  EXPECT_TRUE(filter.MayBeginWith("0815"));
  EXPECT_TRUE(filter.MayEndWith("5ABC"));
  EXPECT_FALSE(filter.MayBeginWith("815a"));
  EXPECT_FALSE(filter.MayEndWith("815a"));
  EXPECT_TRUE(filter.MayHold("0815a"));
  EXPECT_FALSE(filter.MayHold("4711a"));
  EXPECT_FALSE(FilterOf({}).MayHold("abcde"));
  EXPECT_TRUE(FilterOf({}).MayHold("abcd"));
}

TEST(BlockFilter, IsBoundedByItsBlock) {
  std::mt19937_64 random(7);
  BlockFilterBuilder builder;
  for (size_t i = 0; i < 20000; ++i) builder.Add(RandomHex(&random, 16));
  const std::string bytes = builder.Build({}, false, 1000);
  EXPECT_LT(bytes.size(), 64u);
  EXPECT_TRUE(BlockFilter::Parse(bytes)->MayHold("0123456789"));
  // And the builder is empty again.
  EXPECT_FALSE(BlockFilter::Parse(builder.Build({}, false, kLarge))->MayHold("0123456789"));
}

TEST(BlockFilter, WhereThereIsLittleRoomWordsAndJoinsStayAndAShareOfTheRest) {
  std::mt19937_64 random(7);
  const auto number = [&] { return std::to_string(random() % 900 + 100); };
  BlockFilterBuilder builder;
  std::vector<std::string> values, joins;
  for (size_t i = 0; i < 4000; ++i) values.push_back(RandomHex(&random, 16));
  values.push_back("Received");
  for (size_t i = 0; i < 500; ++i) {
    const std::string address = number() + "." + number() + "." + number();
    joins.emplace_back(JoinOf(address, 0, 4, 7));
  }
  for (const std::string& value : values) builder.Add(value);
  for (const std::string& join : joins) builder.AddJoin(join);
  const BlockFilter filter = *BlockFilter::Parse(builder.Build({}, false, 400000));
  for (const std::string& value : values) {
    EXPECT_TRUE(filter.MayHold(value) && filter.MayBeginWith(value) && filter.MayEndWith(value));
    EXPECT_TRUE(filter.MayHold(value.substr(3, 6))) << value;
  }
  for (const std::string& join : joins) EXPECT_TRUE(filter.MayHoldJoin(join)) << join;
  size_t words = 0, other_joins = 0, ids = 0;
  for (size_t i = 0; i < 1000; ++i) {
    std::string word;
    while (word.size() < 6) word.push_back(static_cast<char>('g' + random() % 20));
    words += filter.MayHold(word) ? 1 : 0;
    const std::string address = number() + "." + number() + "." + number();
    other_joins += filter.MayHoldJoin(JoinOf(address, 0, 4, 7)) ? 1 : 0;
    ids += filter.MayHold(RandomHex(&random, 16)) ? 1 : 0;
  }
  EXPECT_LT(words, 400u);
  EXPECT_LT(other_joins, 650u);
  EXPECT_LT(ids, 150u);
}

TEST(BlockFilter, ColumnsOfOneWidthAndOfManyAreTheSame) {
  BlockFilterBuilder builder;
  builder.Add(ValueList{.text = "abc12abc13abc12", .width = 5, .count = 3});
  const std::string of_width = builder.Build({}, false, kLarge);
  const uint32_t starts[] = {0, 5, 10, 15};
  builder.Add(ValueList{.text = "abc12abc13abc12", .starts = starts, .count = 3});
  EXPECT_EQ(builder.Build({}, false, kLarge), of_width);
}

TEST(BlockFilter, TemplatesAreKept) {
  BlockFilterBuilder builder;
  builder.Add("value1");
  for (const std::vector<uint32_t>& templates :
       {std::vector<uint32_t>{}, {0}, {0, 1, 2}, {3, 200, 70000}}) {
    const auto filter = BlockFilter::Parse(builder.Build(templates, !templates.empty(), kLarge));
    EXPECT_EQ(filter->templates(), templates);
    EXPECT_EQ(filter->has_whole(), !templates.empty());
  }
}

TEST(BlockFilter, DamageIsSeen) {
  BlockFilterBuilder builder;
  builder.Add("value1");
  const std::string bytes = builder.Build(std::vector<uint32_t>{1, 5}, true, kLarge);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(BlockFilter::Parse(bytes.substr(0, size))) << size;
    std::string flipped = bytes;
    flipped[size] = static_cast<char>(flipped[size] ^ 0x10);
    EXPECT_FALSE(BlockFilter::Parse(flipped)) << size;
  }
  EXPECT_FALSE(BlockFilter::Parse(bytes + "x"));
}

}  // namespace
}  // namespace glp::pack
