#include "codec/go_number.h"

#include <gtest/gtest.h>

#include <cmath>

namespace glp::codec {
namespace {

TEST(GoNumber, ReadsIntegers) {
  struct Case {
    std::string_view text;
    std::optional<int64_t> want;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"42", 42},
           {"-0x1F", -31},
           {"0b101", 5},
           {"0o17", 15},
           {"010", 8},
           {"08", std::nullopt},
           {"1_000", 1000},
           {"0x_ff", 255},
           {"_1", std::nullopt},
           {"1__0", std::nullopt},
           {"1_", std::nullopt},
           {"", std::nullopt},
           {"-", std::nullopt},
           {"0x", std::nullopt},
           {"--1", std::nullopt},
           {"9223372036854775807", INT64_MAX},
           {"-9223372036854775808", INT64_MIN},
           {"9223372036854775808", std::nullopt},
       }) {
    EXPECT_EQ(ParseGoInt(c.text), c.want) << c.text;
  }
  EXPECT_EQ(ParseGoUint("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(ParseGoUint("-1"), std::nullopt);
}

TEST(GoNumber, ReadsFloats) {
  struct Case {
    std::string_view text;
    std::optional<double> want;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"1.5", 1.5},
           {".5", 0.5},
           {"5.", 5},
           {"-1e3", -1000},
           {"+2", 2},
           {"1_0.5", 10.5},
           {"0x1p-2", 0.25},
           {"0x10", std::nullopt},
           {"1e400", std::nullopt},
           {"1e-400", 0},
           {"inf", HUGE_VAL},
           {"-Infinity", -HUGE_VAL},
           {"", std::nullopt},
           {".", std::nullopt},
           {"1e", std::nullopt},
           {"+-1", std::nullopt},
           {" 1", std::nullopt},
       }) {
    EXPECT_EQ(ParseGoFloat(c.text), c.want) << c.text;
  }
  EXPECT_TRUE(std::isnan(*ParseGoFloat("NaN")));
}

TEST(GoNumber, WritesFloats) {
  struct Case {
    double value;
    char verb;
    int precision;
    std::string_view want;
  };
  for (const Case& c : std::initializer_list<Case>{
           {0, 'g', -1, "0"},
           {100000, 'g', -1, "100000"},
           {1e6, 'g', -1, "1e+06"},
           {123456789, 'g', -1, "1.23456789e+08"},
           {0.0001, 'g', -1, "0.0001"},
           {0.00001, 'g', -1, "1e-05"},
           {-0.0, 'g', -1, "-0"},
           {1.5, 'f', -1, "1.5"},
           {1e21, 'f', -1, "1000000000000000000000"},
           {1e-7, 'f', -1, "0.0000001"},
           {1.25, 'e', -1, "1.25e+00"},
           {1234.5678, 'e', 2, "1.23e+03"},
           {1234.5678, 'f', 1, "1234.6"},
           {1, 'x', -1, "0x1p+00"},
           {3.14159, 'x', -1, "0x1.921f9f01b866ep+01"},
           {10.5, 'X', -1, "0X1.5P+03"},
           {HUGE_VAL, 'g', -1, "+Inf"},
       }) {
    EXPECT_EQ(FormatGoFloat(c.value, c.verb, c.precision), c.want) << c.want;
  }
}

}  // namespace
}  // namespace glp::codec
