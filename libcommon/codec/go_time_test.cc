#include "codec/go_time.h"

#include <gtest/gtest.h>

#include <string>

#include "base/strings.h"
#include "base/time.h"
#include "codec/golden_cases.h"

namespace glp::codec {
namespace {

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

bool IsDifferent(const std::string& format, const std::string& text) {
  for (const Difference& d : kDifferent) {
    if (d.format == format && d.text == text) return true;
  }
  return false;
}

std::string Show(std::optional<int64_t> ns) { return ns ? std::to_string(*ns) : "none"; }

TEST(GoTime, AnswersAsRecorded) {
  ForEachGoldenCase("timelayout", [](const GoldenCase& c) {
    const std::string format = c.Text("format"), text = c.Text("value");
    auto layout = TimeLayout::Compile(format, c.Text("location"));
    ASSERT_TRUE(layout.ok()) << c.json() << ": " << layout.status().message();
    const std::string now = c.Text("now");
    const std::string got = Show(layout->Parse(text, now.empty() ? 0 : std::stoll(now)));
    // Out of the range of a record's time: no time.
    const auto ns = ParseInt64(c.Text("ns"));
    const std::string want = Show(ns);
    if (IsDifferent(format, text)) {
      EXPECT_NE(got, want) << "no longer different: " << c.json();
    } else {
      EXPECT_EQ(got, want) << c.json();
    }
  });
}

TEST(GoTime, DecidesOtherwiseWhereGoHasAccidents) {
  auto unix = TimeLayout::Compile("Unix");
  EXPECT_EQ(Show(unix->Parse("-1.5", 0)), "-1500000000");
  EXPECT_EQ(Show(unix->Parse("1700000000.-5", 0)), "none");
  auto named = TimeLayout::Compile("Jan _2 15:04:05 MST", "Europe/Berlin");
  EXPECT_EQ(Show(named->Parse("Jul 15 12:00:00 CEST", 1687521600000000000)), "1689415200000000000");
}

struct YearCase {
  const char *layout, *location, *text, *last, *want;
};
const YearCase kYears[] = {
    {"Jan _2 15:04:05", "", "Dec 10 06:55:46", "2020-03-01T00:00:00Z", "2019-12-10T06:55:46Z"},
    {"Jan _2 15:04:05", "", "Feb 29 06:55:46", "2020-03-01T00:00:00Z", "2020-02-29T06:55:46Z"},
    {"Jan _2 15:04:05", "", "Feb 29 06:55:46", "2020-02-01T00:00:00Z", "2016-02-29T06:55:46Z"},
    {"Jan _2 15:04:05", "", "Feb 29 00:00:00", "1904-02-01T00:00:00Z", "1896-02-29T00:00:00Z"},
    // A day of grace: clocks and zones differ.
    {"Jan _2 15:04:05", "", "Jan  1 00:00:10", "2019-12-31T23:59:59Z", "2020-01-01T00:00:10Z"},
    {"Jan _2 15:04:05", "", "Mar  2 00:00:00", "2020-03-01T00:00:00Z", "2020-03-02T00:00:00Z"},
    {"Jan _2 15:04:05", "", "Mar  2 00:00:01", "2020-03-01T00:00:00Z", "2019-03-02T00:00:01Z"},
    {"Jan _2 15:04:05", "Pacific/Auckland", "Jan  1 05:00:00", "2019-12-31T16:00:05Z",
     "2019-12-31T16:00:00Z"},
    {"Jan _2 15:04:05 -0700", "", "Dec 31 20:00:00 -0500", "2020-01-01T01:00:00Z",
     "2020-01-01T01:00:00Z"},
};

TEST(GoTime, TheYearIsTheLatestThatIsNotBehindTheHint) {
  for (const YearCase& c : kYears) {
    auto layout = TimeLayout::Compile(c.layout, c.location);
    ASSERT_TRUE(layout.ok());
    EXPECT_TRUE(layout->needs_year());
    EXPECT_EQ(Show(layout->Parse(c.text, {*ParseRfc3339(c.last), true})),
              Show(ParseRfc3339(c.want)))
        << c.text << " in " << c.last;
  }
  EXPECT_FALSE(TimeLayout::Compile("2006-01-02")->needs_year());
  EXPECT_FALSE(TimeLayout::Compile("Unix")->needs_year());
}

struct ZoneCase {
  const char *layout, *location, *text, *want;
  TimeReading::Zone zone;
  int64_t offset_s;
  bool in_gap, twice;
  int64_t other_s;
};
using Zone = TimeReading::Zone;
constexpr char kPlain[] = "2006-01-02 15:04:05";
const ZoneCase kZones[] = {
    {kPlain, "Europe/Berlin", "2020-07-01 12:00:00", "2020-07-01T10:00:00Z", Zone::kLocation, 7200,
     false, false, 0},
    // As Go: in a gap of Berlin with the offset before it, in one of New York with that behind it;
    // of two times the later one in Berlin, the earlier one in New York.
    {kPlain, "Europe/Berlin", "2020-03-29 02:30:00", "2020-03-29T01:30:00Z", Zone::kLocation, 3600,
     true, false, 7200},
    {kPlain, "America/New_York", "2019-03-10 02:30:00", "2019-03-10T06:30:00Z", Zone::kLocation,
     -14400, true, false, -18000},
    {kPlain, "Europe/Berlin", "2020-10-25 02:30:00", "2020-10-25T01:30:00Z", Zone::kLocation, 3600,
     false, true, 7200},
    {kPlain, "America/New_York", "2019-11-03 01:30:00", "2019-11-03T05:30:00Z", Zone::kLocation,
     -14400, false, true, -18000},
    {kPlain, "Australia/Lord_Howe", "2020-04-05 01:45:00", "2020-04-04T15:15:00Z", Zone::kLocation,
     37800, false, true, 39600},
    {kPlain, "", "2020-07-01 12:00:00", "2020-07-01T12:00:00Z", Zone::kAssumedUtc, 0, false, false,
     0},
    {"2006-01-02 15:04:05 MST", "Europe/Berlin", "2020-07-01 12:00:00 CEST", "2020-07-01T10:00:00Z",
     Zone::kAbbreviation, 7200, false, false, 0},
    {"2006-01-02 15:04:05 MST", "Europe/Berlin", "2020-07-01 12:00:00 PDT", "2020-07-01T12:00:00Z",
     Zone::kUnknownAbbreviation, 0, false, false, 0},
    {"RFC3339", "Europe/Berlin", "2020-07-01T12:00:00-01:00", "2020-07-01T13:00:00Z", Zone::kText,
     -3600, false, false, 0},
    {"RFC3339Nano", "", "2020-07-01T12:00:00.000000000Z", "2020-07-01T12:00:00Z", Zone::kText, 0,
     false, false, 0},
    {"UnixMs", "", "1593604800000", "2020-07-01T12:00:00Z", Zone::kSince1970, 0, false, false, 0},
};

TEST(GoTime, SaysWhatZoneItReadATimeIn) {
  for (const ZoneCase& c : kZones) {
    auto layout = TimeLayout::Compile(c.layout, c.location);
    ASSERT_TRUE(layout.ok());
    TimeReading reading;
    EXPECT_EQ(Show(layout->Parse(c.text, 0, &reading)), Show(ParseRfc3339(c.want))) << c.text;
    EXPECT_EQ(Show(layout->Parse(c.text, 0)), Show(ParseRfc3339(c.want))) << c.text;
    EXPECT_EQ(reading.zone, c.zone) << c.text;
    EXPECT_EQ(reading.offset_s, c.offset_s) << c.text;
    EXPECT_EQ(reading.in_gap, c.in_gap) << c.text;
    EXPECT_EQ(reading.shown_twice, c.twice) << c.text;
    EXPECT_EQ(reading.other_offset_s, c.other_s) << c.text;
  }
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
