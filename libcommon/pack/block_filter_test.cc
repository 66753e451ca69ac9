#include "pack/block_filter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "base/hash.h"
#include "pack/varint.h"

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

std::vector<std::string> RandomJoins(std::mt19937_64* random, size_t count) {
  std::vector<std::string> out;
  while (out.size() < count) out.push_back(RandomHex(random, 7));
  return out;
}

size_t CountHeld(const BlockFilter& filter, const std::vector<std::string>& joins) {
  return static_cast<size_t>(std::count_if(
      joins.begin(), joins.end(), [&](const auto& join) { return filter.MayHoldJoin(join); }));
}

TEST(BlockFilter, OfAnyNumberOfKeysAllAreThere) {
  std::mt19937_64 random(7);
  BlockFilterBuilder builder;
  for (const size_t count : {0, 1, 2, 20, 63, 64, 65, 1000, 4711, 100000}) {
    const std::vector<std::string> joins = RandomJoins(&random, count);
    const std::vector<std::string> values = RandomJoins(&random, count / 3);
    for (const uint64_t block_bytes : {count / 2, 2 * count, 5 * count, kLarge}) {
      for (const std::string& join : joins) builder.AddJoin(join);
      for (const std::string& value : values) builder.Add(value);
      const std::string bytes = builder.Build({}, false, block_bytes);
      EXPECT_LE(bytes.size(), block_bytes * 8 / 92 + 64);
      const BlockFilter filter = *BlockFilter::Parse(bytes);
      EXPECT_EQ(CountHeld(filter, joins), count);
      for (const std::string& value : values) EXPECT_TRUE(filter.MayHold(value)) << value;
    }
  }
}

TEST(BlockFilter, AKeyHasABitAndATenthToHalveWhatIsSaidInError) {
  const struct {
    double bits_per_key;
    size_t min_of_10000, max_of_10000;
  } cases[] = {{1.1, 4700, 5500}, {1.6, 3500, 4200}, {2.2, 2300, 3100}, {3, 1300, 2100}};
  std::mt19937_64 random(7);
  const std::vector<std::string> joins = RandomJoins(&random, 30000);
  const std::vector<std::string> others = RandomJoins(&random, 10000);
  for (const auto& c : cases) {
    BlockFilterBuilder builder;
    for (const std::string& join : joins) builder.AddJoin(join);
    const double bits = c.bits_per_key * static_cast<double>(joins.size());
    const auto block_bytes = static_cast<uint64_t>(bits / 8 * 92 / 8);
    const BlockFilter filter = *BlockFilter::Parse(builder.Build({}, false, block_bytes));
    EXPECT_GE(CountHeld(filter, others), c.min_of_10000) << c.bits_per_key;
    EXPECT_LE(CountHeld(filter, others), c.max_of_10000) << c.bits_per_key;
  }
}

// As FORMAT.md has it: the column where the row of a key begins.
uint64_t StartOf(std::string_view key, uint64_t columns) {
  uint64_t hash = 0;
  std::memcpy(&hash, key.data(), key.size());
  hash *= 0x9E3779B97F4A7C15;
  hash = (hash ^ (hash >> 32)) * 0xD6E8FEB86659FD93;
  uint64_t word = (hash >> 42) + 0x9E3779B97F4A7C15;
  word = (word ^ (word >> 29)) * 0xBF58476D1CE4E5B9;
  word = (word ^ (word >> 32)) * 0x94D049BB133111EB;
  return ((word ^ (word >> 29)) >> 32) * (columns - 63) >> 32;
}

TEST(BlockFilter, OfKeysThatWereChosenToBeSlowNothingIsTold) {
  std::mt19937_64 random(7);
  constexpr size_t kCount = 20000, kColumns = kCount + kCount / 20 + 64;
  std::vector<std::string> joins;
  while (joins.size() < kCount) {
    std::string join;  // of bytes that have the bit 0x20
    while (join.size() < 7) join.push_back(static_cast<char>('a' + random() % 26));
    if (StartOf(join, kColumns) < kColumns / 10) joins.push_back(join);
  }
  BlockFilterBuilder builder;
  for (const std::string& join : joins) builder.AddJoin(join);
  const std::string bytes = builder.Build({}, false, kLarge);
  EXPECT_LT(bytes.size(), 64u);
  EXPECT_EQ(CountHeld(*BlockFilter::Parse(bytes), joins), kCount);
  EXPECT_FALSE(BlockFilter::Parse(builder.Build({}, false, kLarge))->MayHoldJoin("1.2.3"));
}

TEST(BlockFilter, RibbonsThatDoNotFitAreDamage) {
  // Flags, templates, share; columns, layers and first of both; and what follows.
  const struct {
    std::vector<uint64_t> numbers;
    size_t bytes;
    bool is_good;
  } cases[] = {
      {{8, 0, 256, 64, 1, 64, 0, 0, 0}, 8, true},
      {{8, 0, 256, 0, 0, 0, 64, 1, 64}, 8, true},
      {{8, 0, 256, 64, 8, 0, 100, 1, 3}, 97, true},
      {{8, 0, 256, 0, 0, 0, 0, 0, 0}, 0, true},
      {{0, 0}, 0, true},
      {{0, 0, 256, 0}, 0, true},      // as older filters are
      {{7, 0, 256, 800}, 100, true},  // their bitmaps are not read
      {{16, 0, 256, 0, 0, 0, 0, 0, 0}, 0, false},
      {{8, 0, 257, 64, 1, 64, 0, 0, 0}, 8, false},
      {{8, 0, 256, 64, 1, 64, 0, 0, 0}, 7, false},
      {{8, 0, 256, 64, 1, 64, 0, 0, 0}, 9, false},
      {{8, 0, 256, 64, 1, 64, 0, 0}, 0, false},
      {{8, 0, 256, 63, 1, 63, 0, 0, 0}, 8, false},
      {{8, 0, 256, 64, 1, 65, 0, 0, 0}, 8, false},
      {{8, 0, 256, 64, 0, 64, 0, 0, 0}, 0, false},
      {{8, 0, 256, 64, 9, 64, 0, 0, 0}, 72, false},
      {{8, 0, 256, 0, 1, 0, 0, 0, 0}, 0, false},
      {{8, 0, 256, 0, 0, 1, 0, 0, 0}, 0, false},
      {{8, 0, 256, (1 << 22) + 1, 1, (1 << 22) + 1, 0, 0, 0}, (1 << 19) + 1, false},
      {{8, 0, 256, UINT64_MAX, 8, UINT64_MAX, 0, 0, 0}, 0, false},
      {{8, 0, 256, uint64_t{1} << 61, 8, uint64_t{1} << 61, 0, 0, 0}, 0, false},
  };
  for (const auto& c : cases) {
    std::string rest, bytes;
    for (const uint64_t number : c.numbers) AppendVarint(&rest, number);
    rest.append(c.bytes, '\xff');
    AppendFixed(&bytes, Hash64(rest));
    const std::optional<BlockFilter> filter = BlockFilter::Parse(bytes + rest);
    ASSERT_EQ(filter.has_value(), c.is_good) << &c - cases;
    if (!filter) continue;
    if (c.numbers[0] != 8) {
      EXPECT_TRUE(filter->MayHold("value") && filter->MayHoldJoin("1.2.3"));
      continue;
    }
    // Of layers of ones half of the rows are even; and nothing is beside them.
    std::mt19937_64 random(7);
    const std::vector<std::string> pieces = RandomJoins(&random, 1000);
    EXPECT_LT(CountHeld(*filter, pieces), 600u) << &c - cases;
    EXPECT_LT(std::count_if(pieces.begin(), pieces.end(),
                            [&](const auto& piece) { return filter->MayEndWith(piece); }),
              400);
  }
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
