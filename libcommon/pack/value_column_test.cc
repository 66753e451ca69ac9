#include "pack/value_column.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <random>

#include "pack/number_bits.h"

namespace glp::pack {
namespace {

// Texts as a list; of one width where all have one and `fixed` is set.
struct Texts {
  std::string text;
  std::vector<uint32_t> starts{0};
  uint32_t width = 0;

  explicit Texts(const std::vector<std::string>& all, bool fixed) {
    for (const std::string& one : all) {
      text += one;
      starts.push_back(static_cast<uint32_t>(text.size()));
    }
    if (fixed) width = static_cast<uint32_t>(all.at(0).size());
  }
  ValueList list() const {
    return {text, width, width > 0 ? std::span<const uint32_t>() : starts, starts.size() - 1};
  }
};

std::string Encoded(const ValueList& list) {
  std::string bytes;
  ValueEncoder(3).Encode(list, &bytes);
  return bytes;
}

// The size of the coding, after a look that it gives back what was put in.
size_t RoundTrip(const std::vector<std::string>& all, bool fixed) {
  const Texts texts(all, fixed);
  const std::string bytes = Encoded(texts.list());
  ValueDecoder decoder;
  Values values;
  Status status = decoder.Decode(bytes, all.size(), texts.text.size(), &values);
  EXPECT_TRUE(status.ok()) << status.message();
  if (!status.ok()) return 0;
  EXPECT_EQ(values.size(), all.size());
  EXPECT_EQ(values.text(), texts.text);
  for (size_t i = 0; i < all.size(); ++i) EXPECT_EQ(values.At(i), all[i]) << i;
  for (const std::string& one : all) EXPECT_TRUE(ShapeOf(bytes).MayHold(one, false)) << one;
  if (!texts.text.empty()) {
    EXPECT_FALSE(decoder.Decode(bytes, all.size(), texts.text.size() - 1, &values).ok());
  }
  return bytes.size();
}

std::vector<std::string> Made(size_t count, const std::function<std::string(size_t)>& make) {
  std::vector<std::string> all;
  for (size_t i = 0; i < count; ++i) all.push_back(make(i));
  return all;
}

std::string Random(std::mt19937_64* rng, size_t size, std::string_view alphabet) {
  std::string text;
  for (size_t i = 0; i < size; ++i) text += alphabet[(*rng)() % alphabet.size()];
  return text;
}

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kUpper = "0123456789ABCDEF";
constexpr std::string_view kWord = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

TEST(Values, OfOneWidth) {
  std::mt19937_64 rng(1);
  std::string every_byte;
  for (int c = 0; c < 256; ++c) every_byte.push_back(static_cast<char>(c));
  for (const std::string_view alphabet :
       {kDigits, kHex, kUpper, kWord, std::string_view(every_byte)}) {
    for (size_t width = 1; width <= 40; ++width) {
      for (const size_t count : {1, 2, 3, 17, 300}) {
        RoundTrip(Made(count, [&](size_t) { return Random(&rng, width, alphabet); }), true);
        if (HasFailure()) FAIL() << "width " << width << ", " << count << " of " << alphabet;
      }
    }
  }
}

TEST(Values, OfAnyLength) {
  std::mt19937_64 rng(2);
  for (const std::string_view alphabet : {kDigits, kHex, kWord, std::string_view("\0\n\xff", 3)}) {
    for (const size_t most : {1, 5, 18, 19, 20, 300}) {
      RoundTrip(Made(200, [&](size_t) { return Random(&rng, rng() % (most + 1), alphabet); }),
                false);
      RoundTrip(Made(200, [&](size_t) { return std::to_string(rng() >> rng() % 64); }), false);
    }
  }
  RoundTrip({}, false);
  RoundTrip({""}, false);
  RoundTrip({"", "", ""}, false);
  RoundTrip({"", "a", ""}, false);
  RoundTrip({"0", "00", "000"}, false);
  RoundTrip({std::string(1 << 20, 'x'), "", std::string(1 << 20, 'y')}, false);
}

TEST(Values, TakeWhatTheirChanceAsksFor) {
  std::mt19937_64 rng(3);
  constexpr size_t kCount = 20000;
  // Bits of a value, at most.
  EXPECT_LT(RoundTrip(Made(kCount, [&](size_t) { return Random(&rng, 5, kDigits); }), true),
            kCount * 16.75 / 8);
  EXPECT_LT(RoundTrip(Made(kCount, [&](size_t) { return Random(&rng, 8, kHex); }), true),
            kCount * 32.1 / 8);
  EXPECT_LT(RoundTrip(Made(kCount, [&](size_t) { return Random(&rng, 12, kUpper); }), true),
            kCount * 48.1 / 8);
  EXPECT_LT(RoundTrip(Made(kCount, [](size_t i) { return std::to_string(1000000 + 3 * i); }), true),
            200u);
  EXPECT_LT(RoundTrip(Made(kCount, [&](size_t) { return std::to_string(rng() % 100000); }), false),
            kCount * 17.0 / 8);
  // Values that come back.
  const auto pool = Made(100, [&](size_t) { return Random(&rng, 20, kDigits); });
  EXPECT_LT(RoundTrip(Made(kCount, [&](size_t) { return pool[rng() % pool.size()]; }), true),
            kCount * 7.3 / 8);
  const auto words = Made(100, [&](size_t) { return Random(&rng, 1 + rng() % 30, kWord); });
  EXPECT_LT(RoundTrip(Made(kCount, [&](size_t) { return words[rng() % words.size()]; }), false),
            kCount * 7.3 / 8);
  EXPECT_LT(RoundTrip(std::vector<std::string>(kCount, "all alike"), true), 20u);
}

TEST(Values, AreRefusedWhereTheyCannotBe) {
  std::mt19937_64 rng(4);
  const std::vector<std::vector<std::string>> lists = {
      Made(50, [&](size_t) { return Random(&rng, 7, kDigits); }),
      Made(50, [](size_t i) { return std::to_string(1000 + i); }),
      Made(50, [&](size_t) { return Random(&rng, 9, kHex); }),
      Made(50, [&](size_t) { return Random(&rng, rng() % 9, kWord); }),
      Made(50, [&](size_t) { return std::to_string(rng() % 1000); }),
      Made(200, [&](size_t i) { return std::to_string(10000000 + 7919 * (i * i % 30)); }),
      Made(20, [](size_t) { return std::string("alike"); })};
  ValueDecoder decoder;
  Values values;
  for (const auto& all : lists) {
    const bool fixed = std::all_of(all.begin(), all.end(), [&](const std::string& one) {
      return one.size() == all[0].size();
    });
    const Texts texts(all, fixed);
    const std::string bytes = Encoded(texts.list());
    for (size_t cut = 0; cut < bytes.size(); ++cut) {
      // Whatever it says, it reads nothing outside (sanitizers look) and keeps to its bounds.
      if (decoder.Decode(std::string_view(bytes).substr(0, cut), all.size(), 1 << 16, &values)
              .ok()) {
        EXPECT_LE(values.text().size(), 1u << 16);
      }
    }
    for (size_t at = 0; at < bytes.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string bad = bytes;
        bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
        if (decoder.Decode(bad, all.size(), 1 << 16, &values).ok()) {
          EXPECT_LE(values.text().size(), 1u << 16);
        }
      }
    }
    EXPECT_FALSE(decoder.Decode("", all.size(), 1 << 16, &values).ok());
  }
}

TEST(Numbers, OfAnySize) {
  std::vector<uint64_t> numbers = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, UINT64_MAX, UINT64_MAX - 1};
  for (unsigned bit = 0; bit < 64; ++bit) {
    for (const int64_t near : {-1, 0, 1}) {
      numbers.push_back((uint64_t{1} << bit) + static_cast<uint64_t>(near));
    }
  }
  for (const uint64_t number : numbers) {
    const unsigned c = ClassOf(number);
    ASSERT_TRUE(IsClass(c)) << number;
    ASSERT_EQ(LeastOf(c) | (number & ((uint64_t{1} << BitsOf(c)) - 1)), number);
  }
  std::mt19937_64 rng(5);
  for (size_t i = 0; i < 5000; ++i) numbers.push_back(rng() >> rng() % 64);
  std::string bytes;
  ValueEncoder(3).EncodeNumbers(numbers, &bytes);
  std::vector<uint64_t> got;
  ValueDecoder decoder;
  ASSERT_TRUE(decoder.DecodeNumbers(bytes, numbers.size(), &got).ok());
  EXPECT_EQ(got, numbers);
  EXPECT_FALSE(decoder.DecodeNumbers(bytes, numbers.size() + 1, &got).ok());
  EXPECT_FALSE(decoder.DecodeNumbers(bytes + "x", numbers.size(), &got).ok());
}

TEST(Times, OfAnyUnit) {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  std::mt19937_64 rng(6);
  std::vector<std::vector<int64_t>> tables = {
      {0}, {kMin}, {kMin, kMax}, {kMin, -1, 0, kMax}, {5, 5, 5}, {-7, -7, 12}};
  for (const int64_t unit : {1, 1000, 1000000, 1000000000}) {
    std::vector<int64_t> times = {1767571200000000000};
    for (size_t i = 0; i < 1000; ++i) {
      times.push_back(times.back() + unit * static_cast<int64_t>(rng() % 5000));
    }
    tables.push_back(times);
  }
  for (const std::vector<int64_t>& times : tables) {
    std::string bytes;
    ValueEncoder(3).EncodeTimes(times, &bytes);
    std::vector<int64_t> got;
    ValueDecoder decoder;
    Status status = decoder.DecodeTimes(bytes, times.front(), times.back(), times.size(), &got);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(got, times);
    if (times.back() < kMax) {
      EXPECT_FALSE(
          decoder.DecodeTimes(bytes, times.front(), times.back() + 1, times.size(), &got).ok());
    }
    EXPECT_LT(bytes.size(), 40 + times.size() * 13 / 8);
  }
}

TEST(Symbols, NarrowAndWide) {
  ValueDecoder decoder;
  for (const unsigned end : {1, 200, 256, 257, 65536}) {
    std::vector<uint16_t> symbols;
    for (unsigned i = 0; i < 3000; ++i) symbols.push_back(static_cast<uint16_t>(i * 7919 % end));
    symbols.push_back(static_cast<uint16_t>(end - 1));
    std::string bytes;
    ValueEncoder(3).EncodeSymbols(symbols, &bytes);
    std::vector<uint16_t> got;
    std::vector<uint32_t> counts;
    for (const size_t most : {size_t{end}, size_t{65536}}) {
      ASSERT_TRUE(decoder.DecodeSymbols(bytes, symbols.size(), most, &got, &counts).ok());
      EXPECT_EQ(got, symbols);
      std::vector<uint32_t> wanted(most);
      for (const uint16_t symbol : symbols) ++wanted[symbol];
      EXPECT_EQ(counts, wanted);
    }
    EXPECT_FALSE(decoder.DecodeSymbols(bytes, symbols.size() - 1, end, &got, &counts).ok());
    EXPECT_FALSE(decoder.DecodeSymbols(bytes, symbols.size(), end - 1, &got, &counts).ok());
  }
}

}  // namespace
}  // namespace glp::pack
