#include "codec/go_time.h"

#include <gtest/gtest.h>

#include <string>

namespace glp::codec {
namespace {

struct Case {
  const char *format, *location, *text, *now_ns, *want_ns;
};
const Case kRecorded[] = {
#include "codec/go_time_cases.inc"
};

// Answers of the Go code that no user can want; see the header.
struct Difference {
  const char *format, *text;
};
const Difference kDifferent[] = {
    {"Unix", "-1.5"},
    {"Unix", "1700000000.-5"},
    {"Unix", "1700000000.+5"},
    {"Unix", "1700000000.99999999999999999999"},
    {"Jan _2 15:04:05 MST", "Jul 15 12:00:00 CEST"},
};

bool IsDifferent(const Case& c) {
  for (const Difference& d : kDifferent) {
    if (std::string(d.format) == c.format && std::string(d.text) == c.text) return true;
  }
  return false;
}

std::string Show(std::optional<int64_t> ns) { return ns ? std::to_string(*ns) : "none"; }

TEST(GoTime, AnswersAsRecorded) {
  for (const Case& c : kRecorded) {
    auto layout = TimeLayout::Compile(c.format, c.location);
    ASSERT_TRUE(layout.ok()) << c.format << ": " << layout.status().message();
    std::string got = Show(layout->Parse(c.text, std::stoll(c.now_ns)));
    std::string want = c.want_ns == nullptr ? "none" : c.want_ns;
    if (IsDifferent(c)) {
      EXPECT_NE(got, want) << "no longer different: " << c.format << " | " << c.text;
    } else {
      EXPECT_EQ(got, want) << c.format << " | " << c.location << " | " << c.text;
    }
  }
}

TEST(GoTime, DecidesOtherwiseWhereGoHasAccidents) {
  auto unix = TimeLayout::Compile("Unix");
  EXPECT_EQ(Show(unix->Parse("-1.5", 0)), "-1500000000");
  EXPECT_EQ(Show(unix->Parse("1700000000.-5", 0)), "none");
  auto named = TimeLayout::Compile("Jan _2 15:04:05 MST", "Europe/Berlin");
  EXPECT_EQ(Show(named->Parse("Jul 15 12:00:00 CEST", 1687521600000000000)), "1689415200000000000");
}

TEST(GoTime, UnknownLocationIsAUsageError) {
  auto layout = TimeLayout::Compile("2006-01-02", "Mars/Olympus");
  ASSERT_FALSE(layout.ok());
  EXPECT_EQ(layout.status().code(), Code::kUsage);
  EXPECT_NE(layout.status().message().find("Mars/Olympus"), std::string::npos);
}

TEST(GoTime, KnowsALayoutThatNamesNoPartOfATime) {
  EXPECT_FALSE(TimeLayout::Compile("YYYY-MM-DD'T'HH:mm:ss,SSS")->has_parts());
  EXPECT_TRUE(TimeLayout::Compile("2006-01-02")->has_parts());
  EXPECT_TRUE(TimeLayout::Compile("UnixMs")->has_parts());
}

}  // namespace
}  // namespace glp::codec
