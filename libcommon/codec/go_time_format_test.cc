#include "codec/go_time_format.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "base/time.h"
#include "codec/go_time_layout.h"
#include "codec/golden_cases.h"

namespace glp::codec {
namespace {

TEST(GoTimeFormat, WritesAsGo) {
  ForEachGoldenCase("timeformat", [](const GoldenCase& c) {
    auto zone = FindZone(c.Text("zone"));
    EXPECT_EQ(zone.ok(), c.Text("error").empty()) << c.json();
    if (!zone.ok()) return;
    EXPECT_EQ(FormatGoTime(c.Text("layout"), *ParseInt64(c.Text("ns")), *zone), c.Text("text"))
        << c.json();
  });
}

TEST(GoTimeFormat, HasTheCalendarOfEveryYear) {
  auto shown = [](int64_t unix_s) {
    std::string out;
    GoTime time;
    time.unix_s = unix_s;
    AppendGoTime(time, "2006-01-02 Mon 002 15:04:05", &out);
    return out;
  };
  EXPECT_EQ(shown(kZeroTimeS), "0001-01-01 Mon 001 00:00:00");
  EXPECT_EQ(shown(kZeroTimeS - 1), "0000-12-31 Sun 366 23:59:59");
  EXPECT_EQ(shown(0), "1970-01-01 Thu 001 00:00:00");
  EXPECT_EQ(shown(253'402'300'800), "10000-01-01 Sat 001 00:00:00");
  // Against the calendar of base/time.h, where that reaches.
  for (int64_t day = -100'000; day < 100'000; day += 97) {
    GoTime time;
    time.unix_s = day * 86'400 + 5;
    GoClock clock = ClockOf(time);
    CivilTime civil = ToCivil(time.unix_s * kNsPerSecond);
    EXPECT_EQ(clock.year, civil.year);
    EXPECT_EQ(clock.month, static_cast<int>(civil.month));
    EXPECT_EQ(clock.day, static_cast<int>(civil.day));
    EXPECT_EQ(UnixOf(clock.year, clock.month, clock.day, 5, time), time.unix_s);
  }
  // No second of int64 is out of range.
  EXPECT_NE(shown(INT64_MAX), "");
  EXPECT_NE(shown(INT64_MIN), "");
}

TEST(GoTimeFormat, DatesOutOfRangeMoveOn) {
  GoTime utc;
  EXPECT_EQ(UnixOf(2024, 14, 1, 0, utc), UnixOf(2025, 2, 1, 0, utc));
  EXPECT_EQ(UnixOf(2024, 0, 1, 0, utc), UnixOf(2023, 12, 1, 0, utc));
  EXPECT_EQ(UnixOf(2024, 3, 0, 0, utc), UnixOf(2024, 2, 29, 0, utc));
}

TEST(GoTimeFormat, FixedOffsetsAndUnknownNames) {
  GoTime time = GoTime::FromNs(-1);
  EXPECT_EQ(time.unix_s, -1);
  EXPECT_EQ(time.ns, 999'999'999);
  time.is_fixed = true;
  time.fixed_offset_s = -5400;
  std::string out;
  AppendGoTime(time, &out);
  EXPECT_EQ(out, "1969-12-31 22:29:59.999999999 -0130 -0130");
  EXPECT_FALSE(FindZone("Nope/Zone").ok());
  EXPECT_FALSE(FindZone("../../etc/passwd").ok());
  EXPECT_EQ(*FindZone("Europe/Berlin"), *FindZone("Europe/Berlin"));
}

TEST(GoTimeLayout, LongLayoutsAreLinear) {
  std::string out;
  AppendGoTime(GoTime(), std::string(1 << 20, '.'), &out);
  EXPECT_EQ(out.size(), size_t{1} << 20);
  EXPECT_EQ(NextTimePart("." + std::string(1 << 20, '0') + "1").part, TimePart::kZeroMonth);
}

}  // namespace
}  // namespace glp::codec
