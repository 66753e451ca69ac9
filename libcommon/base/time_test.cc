#include "base/time.h"

#include <gtest/gtest.h>

#include <random>

namespace glp {
namespace {

TEST(Time, FormatsNineDigitsAndZ) {
  EXPECT_EQ(FormatTimestamp(0), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(FormatTimestamp(1767571200009977721), "2026-01-05T00:00:00.009977721Z");
  EXPECT_EQ(FormatTimestamp(-1), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(FormatTimestamp(INT64_MIN), "1677-09-21T00:12:43.145224192Z");
  EXPECT_EQ(FormatTimestamp(INT64_MAX), "2262-04-11T23:47:16.854775807Z");
}

TEST(Time, RoundTripOfRandomTimes) {
  std::mt19937_64 rng(1);
  for (int i = 0; i < 20000; ++i) {
    int64_t ts = static_cast<int64_t>(rng());
    std::string text = FormatTimestamp(ts);
    ASSERT_EQ(ParseTimestampExact(text), ts) << text;
    ASSERT_EQ(ParseRfc3339(text), ts) << text;
  }
}

TEST(Time, ReadsRfc3339Leniently) {
  struct {
    std::string_view text;
    int64_t ts;
  } cases[] = {
      {"2026-01-05T00:00:00Z", 1767571200000000000},
      {"2026-01-05T01:00:00+01:00", 1767571200000000000},
      {"2026-01-04 18:30:00.5-05:30", 1767571200500000000},
      {"2026-01-05T00:00:00.1234567899Z", 1767571200123456789},
      {"2024-02-29T00:00:00Z", 1709164800000000000},
  };
  for (const auto& c : cases) EXPECT_EQ(ParseRfc3339(c.text), c.ts) << c.text;
  for (std::string_view bad :
       {"", "2026-01-05", "2026-01-05T00:00:00", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-01-05T24:00:00Z", "2026-01-05T00:00:00.Z", "2026-01-05T00:00:00Zx",
        "2026-01-05T00:00:00+0100", "9999-01-01T00:00:00Z"}) {
    EXPECT_FALSE(ParseRfc3339(bad)) << bad;
  }
}

}  // namespace
}  // namespace glp
