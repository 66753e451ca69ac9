#include "base/units.h"

#include <gtest/gtest.h>

namespace glp {
namespace {

TEST(Units, Durations) {
  struct {
    std::string_view text;
    int64_t ns;
  } cases[] = {{"0", 0},
               {"1h30m", 5'400'000'000'000},
               {"500ms", 500'000'000},
               {"1.5s", 1'500'000'000},
               {"2d", 172'800'000'000'000},
               {"1w", 604'800'000'000'000},
               {"-5m", -300'000'000'000},
               {"10us", 10'000},
               {"1µs", 1'000},
               {"3ns", 3}};
  for (const auto& c : cases) {
    auto ns = ParseDurationNs(c.text);
    ASSERT_TRUE(ns.ok()) << c.text;
    EXPECT_EQ(*ns, c.ns) << c.text;
  }
  for (std::string_view bad : {"", "5", "m", "1x", "1h 30m", "300y9999999999y", "1..5s"}) {
    EXPECT_FALSE(ParseDurationNs(bad).ok()) << bad;
  }
}

TEST(Units, DurationsPrintAsGoDoes) {
  struct {
    int64_t ns;
    std::string_view text;
  } cases[] = {{0, "0s"},
               {1, "1ns"},
               {1'500, "1.5µs"},
               {500'000'000, "500ms"},
               {1'500'000'000, "1.5s"},
               {5'400'000'000'000, "1h30m0s"},
               {-60'000'000'000, "-1m0s"}};
  for (const auto& c : cases) EXPECT_EQ(FormatDuration(c.ns), c.text);
}

TEST(Units, Sizes) {
  struct {
    std::string_view text;
    uint64_t bytes;
  } cases[] = {{"0", 0},
               {"512", 512},
               {"64K", 65'536},
               {"1MB", 1'000'000},
               {"1MiB", 1'048'576},
               {"1.5k", 1'536},
               {"2G", 2'147'483'648},
               {"10 B", 10}};
  for (const auto& c : cases) {
    auto size = ParseSizeBytes(c.text);
    ASSERT_TRUE(size.ok()) << c.text;
    EXPECT_EQ(*size, c.bytes) << c.text;
  }
  for (std::string_view bad : {"", "x", "-1", "1Z", "1KBB"}) {
    EXPECT_FALSE(ParseSizeBytes(bad).ok()) << bad;
  }
  EXPECT_EQ(FormatSize(1'960'000), "2.0 MB");
}

}  // namespace
}  // namespace glp
