#include "codec/human_time.h"

#include <gtest/gtest.h>

#include "base/time.h"

namespace glp::codec {
namespace {

constexpr char kExamples[] =
    "; write 14:00, yesterday 14:00, last friday, 2h ago, 2026-01-05 14:00, 2026-01-05T10:00:00Z "
    "or 1767607200";

HumanClock At(std::string_view now, std::string_view zone) {
  HumanClock clock;
  clock.now_ns = *ParseRfc3339(now);
  Result<ClockZone> found = ClockZone::Find(zone);
  EXPECT_TRUE(found.ok()) << zone;
  clock.zone = *found;
  return clock;
}

struct Case {
  std::string_view text, time;
};

void Expect(const HumanClock& clock, std::initializer_list<Case> cases) {
  for (const Case& c : cases) {
    Result<int64_t> ns = ParseHumanTime(c.text, clock);
    ASSERT_TRUE(ns.ok()) << c.text << ": " << ns.status().message();
    std::string got = FormatTimestamp(*ns);
    // Whole seconds without their nine zeros.
    if (got.ends_with(".000000000Z")) got.replace(19, 10, "");
    EXPECT_EQ(got, c.time) << c.text;
  }
}

// A Thursday.
TEST(HumanTime, CountsDaysAndClocksOfUtc) {
  Expect(At("2026-01-08T15:30:20.5Z", "UTC"),
         {
             {"now", "2026-01-08T15:30:20.500000000Z"},
             {" NOW ", "2026-01-08T15:30:20.500000000Z"},
             {"today", "2026-01-08T00:00:00Z"},
             {"yesterday", "2026-01-07T00:00:00Z"},
             {"tomorrow", "2026-01-09T00:00:00Z"},
             {"yesterday 14:00", "2026-01-07T14:00:00Z"},
             {"Yesterday at 14:00", "2026-01-07T14:00:00Z"},
             {"14:00 yesterday", "2026-01-07T14:00:00Z"},
             {"yesterday noon", "2026-01-07T12:00:00Z"},
             {"noon", "2026-01-08T12:00:00Z"},
             {"midnight", "2026-01-08T00:00:00Z"},
             {"14:00", "2026-01-08T14:00:00Z"},
             {"16:00", "2026-01-08T16:00:00Z"},
             {"9:05", "2026-01-08T09:05:00Z"},
             {"14:00:05.5", "2026-01-08T14:00:05.500000000Z"},
             {"14:00:05,123456789", "2026-01-08T14:00:05.123456789Z"},
             {"24:00", "2026-01-09T00:00:00Z"},
             {"9am", "2026-01-08T09:00:00Z"},
             {"12am", "2026-01-08T00:00:00Z"},
             {"12 PM", "2026-01-08T12:00:00Z"},
             {"9:30pm", "2026-01-08T21:30:00Z"},
             {"yesterday 9:30 pm", "2026-01-07T21:30:00Z"},
             {"14:00Z", "2026-01-08T14:00:00Z"},
             {"14:00 +02:00", "2026-01-08T12:00:00Z"},
             {"14:00 Europe/Berlin", "2026-01-08T13:00:00Z"},
         });
}

TEST(HumanTime, AWeekdayIsTheLastOneTodayIncluded) {
  Expect(At("2026-01-08T15:30:20Z", "UTC"), {
                                                {"thursday", "2026-01-08T00:00:00Z"},
                                                {"last thursday", "2026-01-01T00:00:00Z"},
                                                {"monday", "2026-01-05T00:00:00Z"},
                                                {"last monday", "2026-01-05T00:00:00Z"},
                                                {"Fri", "2026-01-02T00:00:00Z"},
                                                {"friday 9:00", "2026-01-02T09:00:00Z"},
                                                {"last friday 9:00", "2026-01-02T09:00:00Z"},
                                                {"9:00 last friday", "2026-01-02T09:00:00Z"},
                                                {"tues", "2026-01-06T00:00:00Z"},
                                                {"thurs 23:00", "2026-01-08T23:00:00Z"},
                                            });
}

TEST(HumanTime, ReadsDates) {
  Expect(At("2026-01-08T15:30:20Z", "UTC"),
         {
             {"2026-01-05", "2026-01-05T00:00:00Z"},
             {"2026-1-5", "2026-01-05T00:00:00Z"},
             {"2026-01-05 14:00", "2026-01-05T14:00:00Z"},
             {"2026-01-05  14:00:05", "2026-01-05T14:00:05Z"},
             {"2026-01-05 14:00:05.25", "2026-01-05T14:00:05.250000000Z"},
             {"2026-01-05T14:00", "2026-01-05T14:00:00Z"},
             {"2026-01-05t14:00:05z", "2026-01-05T14:00:05Z"},
             {"2026-01-05T14:00+02:00", "2026-01-05T12:00:00Z"},
             {"2026-01-05T14:00:05.123456789-03:30", "2026-01-05T17:30:05.123456789Z"},
             {"2026-01-05 14:00:00 +0100", "2026-01-05T13:00:00Z"},
             {"2026-01-05 24:00", "2026-01-06T00:00:00Z"},
             {"Jan 5", "2026-01-05T00:00:00Z"},
             {"Jan 5 14:00", "2026-01-05T14:00:00Z"},
             {"jan  5 14:00:05", "2026-01-05T14:00:05Z"},
             {"January 5th, 2026", "2026-01-05T00:00:00Z"},
             {"5 Jan 2026", "2026-01-05T00:00:00Z"},
             {"5 jan 2026 2 pm", "2026-01-05T14:00:00Z"},
             {"8 Jan", "2026-01-08T00:00:00Z"},
             {"9 Jan", "2025-01-09T00:00:00Z"},
             {"Dec 24 18:00", "2025-12-24T18:00:00Z"},
             {"sept 1", "2025-09-01T00:00:00Z"},
             {"29 Feb", "2024-02-29T00:00:00Z"},
             {"Mon Jan  5 14:00:05 UTC 2026", "2026-01-05T14:00:05Z"},
             {"Mon Jan  5 14:00:05 CET 2026", "2026-01-05T13:00:05Z"},
             {"Mon, 05 Jan 2026 14:00:05 +0100", "2026-01-05T13:00:05Z"},
             {"Mon, 05 Jan 2026 14:00:05 GMT", "2026-01-05T14:00:05Z"},
         });
}

TEST(HumanTime, ReadsDatesAsLogsHaveThem) {
  Expect(At("2026-01-08T15:30:20Z", "Europe/Berlin"),
         {
             {"2026/01/05", "2026-01-04T23:00:00Z"},
             {"2026/01/05 14:00:05.5", "2026-01-05T13:00:05.500000000Z"},
             {"05/Jan/2026:14:00:05 +0200", "2026-01-05T12:00:05Z"},
             {"05/jan/2026", "2026-01-04T23:00:00Z"},
             {"20260105", "2026-01-04T23:00:00Z"},
             {"20240229", "2024-02-28T23:00:00Z"},
         });
}

TEST(HumanTime, ReadsDurationsAgo) {
  Expect(At("2026-03-31T15:30:20.5Z", "UTC"),
         {
             {"2h", "2026-03-31T13:30:20.500000000Z"},
             {"2h ago", "2026-03-31T13:30:20.500000000Z"},
             {"2 Hours Ago", "2026-03-31T13:30:20.500000000Z"},
             {"30 min ago", "2026-03-31T15:00:20.500000000Z"},
             {"-3d", "2026-03-28T15:30:20.500000000Z"},
             {"-2h30m", "2026-03-31T13:00:20.500000000Z"},
             {"now-2h", "2026-03-31T13:30:20.500000000Z"},
             {"now - 1h 30m", "2026-03-31T14:00:20.500000000Z"},
             {"1 week ago", "2026-03-24T15:30:20.500000000Z"},
             {"a week ago", "2026-03-24T15:30:20.500000000Z"},
             {"an hour and 30 minutes ago", "2026-03-31T14:00:20.500000000Z"},
             {"1 day, 2 hours ago", "2026-03-30T13:30:20.500000000Z"},
             {"1.5h", "2026-03-31T14:00:20.500000000Z"},
             {"500ms", "2026-03-31T15:30:20Z"},
             {"1 month ago", "2026-02-28T15:30:20.500000000Z"},
             {"2 months 1 day ago", "2026-01-30T15:30:20.500000000Z"},
             {"1 year ago", "2025-03-31T15:30:20.500000000Z"},
             {"1y", "2025-03-31T15:30:20.500000000Z"},
             {"+2h", "2026-03-31T17:30:20.500000000Z"},
             {"now+1m", "2026-03-31T15:31:20.500000000Z"},
             {"0s", "2026-03-31T15:30:20.500000000Z"},
             {"290y ago", "1736-06-09T15:30:20.500000000Z"},
         });
}

TEST(HumanTime, ReadsCountsSince1970) {
  Expect(At("2026-01-08T15:30:20Z", "Europe/Berlin"),
         {
             {"0", "1970-01-01T00:00:00Z"},
             {"1767571200", "2026-01-05T00:00:00Z"},
             {"@2026", "1970-01-01T00:33:46Z"},
             {"@20260105", "1970-08-23T11:48:25Z"},
             {"20261305", "1970-08-23T12:08:25Z"},
             {"@1767571200", "2026-01-05T00:00:00Z"},
             {"1767571200.25", "2026-01-05T00:00:00.250000000Z"},
             {"@1767571200.123456789", "2026-01-05T00:00:00.123456789Z"},
             {"1.7675712e9", "2026-01-05T00:00:00Z"},
             {"1767571200001", "2026-01-05T00:00:00.001000000Z"},
             {"1767571200001.5", "2026-01-05T00:00:00.001500000Z"},
             {"1767571200000001", "2026-01-05T00:00:00.000001000Z"},
             {"1767571200000000001", "2026-01-05T00:00:00.000000001Z"},
             {"-1", "1969-12-31T23:59:59Z"},
             {"@-1.5", "1969-12-31T23:59:58.500000000Z"},
         });
}

// Berlin is an hour ahead of UTC, two in summer.
TEST(HumanTime, TakesTimesWithoutAZoneInTheGivenOne) {
  Expect(At("2026-01-08T23:30:00Z", "Europe/Berlin"),
         {
             {"today", "2026-01-08T23:00:00Z"},
             {"yesterday 14:00", "2026-01-08T13:00:00Z"},
             {"friday", "2026-01-08T23:00:00Z"},
             {"last friday", "2026-01-01T23:00:00Z"},
             {"9 Jan 14:00", "2026-01-09T13:00:00Z"},
             {"2026-07-05 14:00", "2026-07-05T12:00:00Z"},
             {"2026-07-05T14:00", "2026-07-05T12:00:00Z"},
             {"2026-07-05", "2026-07-04T22:00:00Z"},
             {"2026-07-05T14:00Z", "2026-07-05T14:00:00Z"},
             {"2h ago", "2026-01-08T21:30:00Z"},
             {"today UTC", "2026-01-08T00:00:00Z"},
         });
  Expect(At("2026-01-08T23:30:00Z", "-03:30"), {{"today", "2026-01-08T03:30:00Z"}});
  Expect(At("2026-01-08T23:30:00Z", "Asia/Kathmandu"), {{"14:00", "2026-01-09T08:15:00Z"}});
}

TEST(HumanTime, HoursThatClocksSkipOrShowTwiceAreThoseOfGo) {
  // In Berlin 02:00 became 03:00 on 2026-03-29 and 03:00 became 02:00 on 2026-10-25.
  Expect(At("2026-03-30T10:00:00Z", "Europe/Berlin"),
         {
             {"2026-03-29 01:59", "2026-03-29T00:59:00Z"},
             {"2026-03-29 02:30", "2026-03-29T01:30:00Z"},
             {"2026-03-29 03:00", "2026-03-29T01:00:00Z"},
             {"yesterday", "2026-03-28T23:00:00Z"},
             {"yesterday noon", "2026-03-29T10:00:00Z"},
             {"1 day ago", "2026-03-29T10:00:00Z"},
             {"2026-10-25 02:30", "2026-10-25T01:30:00Z"},
             {"2026-10-25 03:00", "2026-10-25T02:00:00Z"},
         });
  // In New York 02:00 became 03:00 on 2026-03-08 and 02:00 became 01:00 on 2026-11-01.
  Expect(At("2026-12-01T10:00:00Z", "America/New_York"),
         {
             {"2026-03-08 02:30", "2026-03-08T06:30:00Z"},
             {"2026-11-01 01:30", "2026-11-01T05:30:00Z"},
             {"2026-11-01 02:00", "2026-11-01T07:00:00Z"},
         });
}

TEST(HumanTime, SaysWhatIsNotUnderstood) {
  struct {
    std::string_view text, why;
  } cases[] = {
      {"", ""},
      {"   ", ""},
      {"yesterdayish", ""},
      {"25:00", ""},
      {"yesterday 25:00", ": \"25:00\" is no time of day"},
      {"yesterday 14:60", ": \"14:60\" is no time of day"},
      {"yesterday 14:0", ": \"14:0\" is no time of day"},
      {"yesterday 24:01", ": \"24:01\" is no time of day"},
      {"yesterday 14:00:05.", ": \"14:00:05.\" is no time of day"},
      {"yesterday 13pm", ": \"13pm\" is no time of day"},
      {"today 14", ": the month is missing"},
      {"yesterday soon", ": \"soon\" is not understood"},
      {"yesterday today", ": \"today\" is one day too many"},
      {"yesterday monday", ": it names two days"},
      {"yesterday 2026-01-05", ": it names two days"},
      {"14:00 15:00", ": \"15:00\" is one time of day too many"},
      {"14:00 noon", ": \"noon\" is one time of day too many"},
      {"last 14:00", ": \"last\" wants a weekday behind it"},
      {"last week", ": \"week\" is not understood"},
      {"jan 2026", ": the day of the month is missing"},
      {"5 2026", ": the month is missing"},
      {"2026-02-30", ": the calendar has no such day"},
      {"2026-13-01", ": the calendar has no such day"},
      {"2026-00-10", ": the calendar has no such day"},
      {"31 April", ": the calendar has no such day"},
      {"Tue Jan 6 2025", ": that day of 2025 is a Monday"},
      {"01/05/2026", ""},
      {"2026/01-05", ""},
      {"5/1/2026", ""},
      {"123/Jan/2026", ""},
      {"05/Jan/26", ""},
      {"/Jan/2026", ""},
      {"05/Jan/2026:14", ""},
      {"today 05/Jan/2026:14", ": \"05/Jan/2026:14\" has no time of day"},
      {"2026", ": it may be a year; @2026 is a count of seconds"},
      {"2026-01-05T", ""},
      {"2026-01-05T25:00", ": \"25:00\" is no time of day"},
      {"2026-01-05 14:00 Europe/Nowhere", ": \"Europe/Nowhere\" is not understood"},
      {"2026-01-05 14:00Z +01:00", ": \"+01:00\" is one time zone too many"},
      {"1500-01-01", ": it is not in the years 1678 to 2261"},
      {"9000-01-01", ": it is not in the years 1678 to 2261"},
      {"999999999999999999999", ""},
      {"9999999999", ""},
      {"-2x", ": \"x\" is no length of time"},
      {"2 parsecs ago", ": \"parsecs\" is no length of time"},
      {"yesterday ago", ": \"yesterday\" is no length of time"},
      {"now 14:00", ": \"14:00\" is not understood"},
      {"1000y", ""},
      {"1000y ago", ": \"1000y\" is no length of time"},
      {"-", ""},
      {"@", ""},
      {"now-", ""},
      {"900 years ago", ": it is not in the years 1678 to 2261"},
  };
  const HumanClock clock = At("2026-01-08T15:30:20Z", "UTC");
  for (const auto& c : cases) {
    Result<int64_t> ns = ParseHumanTime(c.text, clock);
    ASSERT_FALSE(ns.ok()) << c.text;
    EXPECT_EQ(ns.status().code(), Code::kUsage);
    EXPECT_EQ(ns.status().message(), "\"" + std::string(c.text) + "\" is not a point in time" +
                                         std::string(c.why) + kExamples)
        << c.text;
  }
}

TEST(HumanTime, EveryPrefixOfATimeIsATimeOrAnError) {
  const HumanClock clock = At("2026-01-08T15:30:20Z", "Europe/Berlin");
  for (std::string_view text :
       {"Mon, 05 Jan 2026 14:00:05.123 +01:00", "2026-01-05T14:00:05.123456789-03:30",
        "last friday at 9:30 pm Europe/Berlin", "now - 1 week, 2 days and 3.5 hours ago",
        "@1767571200.123456789", "\xff\x00\n\t \xc2"}) {
    for (size_t size = 0; size <= text.size(); ++size) {
      const Result<int64_t> ns = ParseHumanTime(text.substr(0, size), clock);
      EXPECT_TRUE(ns.ok() || ns.status().code() == Code::kUsage) << text.substr(0, size);
    }
  }
}

TEST(HumanTime, SpansAreDurationsInWordsToo) {
  struct {
    std::string_view text;
    int64_t seconds;  // 0: refused
  } cases[] = {
      {"2h", 7200},
      {"1h30m", 5400},
      {"2 hours", 7200},
      {"1 day 12 h", 129600},
      {"a week", 604800},
      {"1.5m", 90},
      {"0s", 0},
      {"-1h", 0},
      {"", 0},
      {"5", 0},
      {"1 month", 0},
      {"x", 0},
      {"2h ago", 0},
      {"99999999y", 0},
  };
  for (const auto& c : cases) {
    const Result<int64_t> span = ParseHumanSpan(c.text);
    EXPECT_EQ(span.ok() ? *span : 0, c.seconds * kNsPerSecond) << c.text;
  }
}

}  // namespace
}  // namespace glp::codec
