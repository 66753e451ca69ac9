#include "codec/clock_zone.h"

#include <gtest/gtest.h>

#include "base/time.h"

namespace glp::codec {
namespace {

// What a zone's clocks show at noon UTC of a day in winter.
std::string Shown(std::string_view zone, const char* tz = nullptr) {
  const Result<ClockZone> found = ClockZone::Find(zone, tz);
  if (!found.ok()) return found.status().message();
  std::string out;
  ZonedTimestamps(*found).Append(*ParseRfc3339("2026-01-05T12:00:00.009977721Z"), &out);
  return out;
}

TEST(ClockZone, IsUtcAnOffsetOrAPlace) {
  constexpr char kNoon[] = "2026-01-05T12:00:00.009977721Z";
  for (std::string_view name : {"", "UTC", "utc", "GMT", "Z", "+00:00"}) {
    EXPECT_EQ(Shown(name), kNoon) << name;
  }
  EXPECT_EQ(Shown("+02:00"), "2026-01-05T14:00:00.009977721+02:00");
  EXPECT_EQ(Shown("+0545"), "2026-01-05T17:45:00.009977721+05:45");
  EXPECT_EQ(Shown("-03"), "2026-01-05T09:00:00.009977721-03:00");
  EXPECT_EQ(Shown("Europe/Berlin"), "2026-01-05T13:00:00.009977721+01:00");
  EXPECT_EQ(Shown("America/St_Johns"), "2026-01-05T08:30:00.009977721-03:30");
}

TEST(ClockZone, LocalIsWhatTzSays) {
  constexpr char kNoon[] = "2026-01-05T12:00:00.009977721Z";
  constexpr char kBerlin[] = "2026-01-05T13:00:00.009977721+01:00";
  EXPECT_EQ(Shown("Local", ""), kNoon);
  EXPECT_EQ(Shown("local", "UTC"), kNoon);
  EXPECT_EQ(Shown("Local", "UTC0"), kNoon);
  EXPECT_EQ(Shown("Local", "Europe/Berlin"), kBerlin);
  EXPECT_EQ(Shown("Local", ":Europe/Berlin"), kBerlin);
  EXPECT_EQ(Shown("Local", "/usr/share/zoneinfo/Europe/Berlin"), kBerlin);
  EXPECT_EQ(Shown("Local", "EST5"), "2026-01-05T07:00:00.009977721-05:00");
  EXPECT_EQ(Shown("Local", "<+0330>-3:30"), "2026-01-05T15:30:00.009977721+03:30");
  EXPECT_NE(Shown("Local", "CET-1CEST,M3.5.0,M10.5.0/3").find("TZ: time zone"), std::string::npos);
}

TEST(ClockZone, RefusesWhatIsNoZone) {
  for (std::string_view name : {"Europe/Nowhere", "+2", "+24:00", "+02:60", "+02-00", "+", "+0x:00",
                                "x", "../../etc/passwd"}) {
    const Result<ClockZone> zone = ClockZone::Find(name);
    ASSERT_FALSE(zone.ok()) << name;
    EXPECT_EQ(zone.status().code(), Code::kUsage);
  }
  EXPECT_NE(Shown("Europe/Berln").find("did you mean Europe/Berlin?"), std::string::npos);
}

TEST(ZonedTimestamps, FollowTheChangesOfTheClock) {
  ZonedTimestamps berlin(*ClockZone::Find("Europe/Berlin"));
  struct {
    std::string_view utc, shown;
  } cases[] = {
      {"2026-03-29T00:59:59.999999999Z", "2026-03-29T01:59:59.999999999+01:00"},
      {"2026-03-29T01:00:00Z", "2026-03-29T03:00:00.000000000+02:00"},
      {"2026-03-29T00:59:59Z", "2026-03-29T01:59:59.000000000+01:00"},
      {"2026-10-25T00:59:59Z", "2026-10-25T02:59:59.000000000+02:00"},
      {"2026-10-25T01:00:00Z", "2026-10-25T02:00:00.000000000+01:00"},
      {"2050-07-01T00:00:00Z", "2050-07-01T02:00:00.000000000+02:00"},
      {"2050-12-01T00:00:00Z", "2050-12-01T01:00:00.000000000+01:00"},
      {"1969-12-31T23:59:59.5Z", "1970-01-01T00:59:59.500000000+01:00"},
  };
  for (const auto& c : cases) {
    std::string out;
    berlin.Append(*ParseRfc3339(c.utc), &out);
    EXPECT_EQ(out, c.shown);
  }
  std::string out;
  berlin.Append(INT64_MAX, &out);
  EXPECT_EQ(out, "2262-04-11T23:47:16.854775807Z");
}

}  // namespace
}  // namespace glp::codec
