#include "logql/format.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>

namespace glp::logql {
namespace {

TEST(FormatSampleValue, IsTheShortestTextWithoutExponent) {
  const struct {
    double value;
    const char* text;
  } kCases[] = {
      {0, "0"},
      {-0.0, "-0"},
      {3, "3"},
      {-17, "-17"},
      {0.1, "0.1"},
      {1.0 / 60, "0.016666666666666666"},
      {1e21, "1000000000000000000000"},
      {1e23, "100000000000000000000000"},
      {1e-7, "0.0000001"},
      {123456.789, "123456.789"},
      {std::numeric_limits<double>::infinity(), "+Inf"},
      {-std::numeric_limits<double>::infinity(), "-Inf"},
      {std::nan(""), "NaN"},
  };
  for (const auto& c : kCases) EXPECT_EQ(FormatSampleValue(c.value), c.text);
}

TEST(FormatSampleValue, ReadsBackAsTheSameNumber) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    const uint64_t bits = random();
    double value;
    std::memcpy(&value, &bits, sizeof(value));
    if (!std::isfinite(value)) continue;
    const std::string text = FormatSampleValue(value);
    EXPECT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
    EXPECT_EQ(text.find('e'), std::string::npos);
  }
}

TEST(Quote, EscapesAsGoDoes) {
  using namespace std::string_view_literals;
  const struct {
    std::string_view text, quoted;
  } kCases[] = {
      {""sv, "\"\""sv},
      {"a\"b\\c"sv, "\"a\\\"b\\\\c\""sv},
      {"\n\t\r\a\b\v\f"sv, R"("\n\t\r\a\b\v\f")"sv},
      {"\0\x1f\x7f"sv, R"("\x00\x1f\x7f")"sv},
      {"caf\xc3\xa9 \xe2\x98\x95"sv, "\"caf\xc3\xa9 \xe2\x98\x95\""sv},
      {"\xff\xc3"sv, R"("\xff\xc3")"sv},
      {"\xe2\x80\xa8"sv, R"("\u2028")"sv},
  };
  for (const auto& c : kCases) EXPECT_EQ(Quote(c.text), c.quoted);
}

TEST(FormatPrometheusDuration, UsesTheLargestUnits) {
  const struct {
    int64_t ms;
    const char* text;
  } kCases[] = {
      {0, "0s"},          {300'000, "5m"},        {5'400'000, "1h30m"},   {500, "500ms"},
      {86'400'000, "1d"}, {7 * 86'400'000, "1w"}, {8 * 86'400'000, "8d"}, {1'001, "1s1ms"}};
  for (const auto& c : kCases) EXPECT_EQ(FormatPrometheusDuration(c.ms * 1'000'000), c.text);
}

}  // namespace
}  // namespace glp::logql
