#include "stages/timestamp.h"

#include <gtest/gtest.h>

#include <string>

#include "base/time.h"
#include "stages/pipeline_fixture.h"

namespace glp::stages {
namespace {

constexpr int64_t kReadNs = 1'700'000'000'000'000'000;  // 2023-11-14T22:13:20Z

std::string Times(const std::vector<TestOut>& out) {
  Texts times;
  for (const TestOut& entry : out) times.push_back(FormatTimestamp(entry.ts_ns).substr(0, 19));
  return Join(times, " ");
}

TestLine At(std::string_view text, std::string_view src = "") {
  std::string fields = "{\"t\":";
  AppendJsonString(&fields, text);
  return {"x", "{}", kReadNs, fields + "}", "", std::string(src)};
}

TEST(TimestampStage, WhatIsNoTimePassesWithTheText) {
  const std::vector<TestOut> out =
      RunStages("- timestamp: {source: t, format: RFC3339}", {At("soon"), {"x", "{}", kReadNs}});
  EXPECT_EQ(Times(out), "2023-11-14T22:13:20 2023-11-14T22:13:20");
  EXPECT_EQ(FieldsOf(out), (Texts{R"({"__error__":"timestamp: 't' is no time of the form RFC3339",)"
                                  R"("__error_details__":"soon","t":"soon"})",
                                  R"({"__error__":"timestamp: no field or label 't'"})"}));
}

constexpr std::string_view kNoYear = "- timestamp: {source: t, format: 'Jan _2 15:04:05'}";

TEST(TimestampStage, TheYearComesFromTheFile) {
  TestPipeline pipeline(kNoYear);
  auto mark = [&](std::string_view id, std::string_view rest) {
    const std::string src = std::string(id) + "@0";
    const std::string raw = R"({"mark":"file","src":")" + src + R"(","path":"p")" +
                            std::string(rest) + "}" + std::string(64, ' ');
    EXPECT_TRUE(pipeline.pipeline().OnMark({Mark::Kind::kFile, raw, src}));
  };
  mark("F", R"(,"modified":"2020-01-05T00:00:00.000000000Z")");
  mark("G", R"(,"modified":"2020-01-05T00:00:00.000000000Z","size":100)");
  mark("H", "");
  for (const char* src : {"F@1000", "G@100", "G@101", "H@1", ""}) {
    pipeline.Feed(At("Dec 31 23:00:00", src));
    pipeline.Feed(At("Jan  1 00:00:00", src));
  }
  EXPECT_EQ(Times(pipeline.out()),
            "2019-12-31T23:00:00 2020-01-01T00:00:00 "
            "2019-12-31T23:00:00 2020-01-01T00:00:00 "
            // What was written later is of the time of reading.
            "2022-12-31T23:00:00 2023-01-01T00:00:00 "
            "2022-12-31T23:00:00 2023-01-01T00:00:00 "
            "2022-12-31T23:00:00 2023-01-01T00:00:00");
}

TEST(TimestampStage, AsPromtailTheYearIsThatOfTheClockWhereNoFileIsTold) {
  EXPECT_EQ(Times(RunStages(kNoYear, {At("Dec 31 23:00:00"), At("Jan  1 00:00:00")}, true)),
            "2023-12-31T23:00:00 2023-01-01T00:00:00");
}

TEST(TimestampStage, TheLastTimesOfTenThousandStreamsAreKept) {
  TestPipeline pipeline("- timestamp: {source: t, format: Unix}");
  auto feed = [&](int stream, const char* t) {
    TestLine line = At(t);
    line.labels = R"({"s":")" + std::to_string(stream) + R"("})";
    pipeline.Feed(line);
    return pipeline.out().back().ts_ns;
  };
  for (int i = 0; i < 10'000; ++i) feed(i, "1000");
  EXPECT_EQ(feed(0, "bad"), 1000 * kNsPerSecond + 1);  // the latest now
  feed(10'000, "1000");                                // one too many: 1 is forgotten
  pipeline.table().Clear();
  EXPECT_EQ(feed(0, "bad"), 1000 * kNsPerSecond + 2);
  EXPECT_EQ(feed(2, "bad"), 1000 * kNsPerSecond + 1);
  EXPECT_EQ(feed(1, "bad"), kReadNs);
}

TEST(TimestampStage, SaysHowATimeWasRead) {
  TestPipeline pipeline(R"(
- timestamp:
    {source: t, format: 'Jan _2 15:04:05', location: Europe/Berlin,
     fallback_formats: ['2006-01-02 15:04:05 MST', RFC3339, Unix]}
)");
  auto* stage = dynamic_cast<TimestampStage*>(pipeline.pipeline().stages()[0].get());
  ASSERT_NE(stage, nullptr);
  pipeline.Feed(At("0"));
  EXPECT_EQ(stage->explanation(), "");
  stage->set_explains(true);
  auto explain = [&](const TestLine& line) {
    pipeline.Feed(line);
    return stage->explanation();
  };
  const std::string raw =
      R"({"mark":"file","src":"F@0","modified":"2020-12-05T00:00:00Z"})" + std::string(64, ' ');
  pipeline.pipeline().OnMark({Mark::Kind::kFile, raw, "F@0"});
  EXPECT_EQ(explain(At("Oct 25 02:30:00", "F@1")),
            "'Oct 25 02:30:00' of t read by 'Jan _2 15:04:05', year 2020 (assumed: its file was "
            "written last 2020-12-05T00:00:00.000000000Z), zone +01:00 (Europe/Berlin), which the "
            "clock there showed twice: it was set back; +02:00 would do, too: "
            "2020-10-25T01:30:00.000000000Z");
  EXPECT_EQ(explain(At("Mar 29 02:30:00", "F@2")),
            "'Mar 29 02:30:00' of t read by 'Jan _2 15:04:05', year 2020 (assumed: its file was "
            "written last 2020-12-05T00:00:00.000000000Z), zone +01:00 (Europe/Berlin), which no "
            "clock there showed: it was set forward; +02:00 would do, too: "
            "2020-03-29T01:30:00.000000000Z");
  EXPECT_EQ(explain(At("Oct 25 12:30:00")),
            "'Oct 25 12:30:00' of t read by 'Jan _2 15:04:05', year 2023 (assumed: the record's "
            "time was 2023-11-14T22:13:20.000000000Z), zone +02:00 (Europe/Berlin): "
            "2023-10-25T10:30:00.000000000Z");
  EXPECT_EQ(explain(At("2020-10-25 02:30:00 CEST")),
            "'2020-10-25 02:30:00 CEST' of t read by '2006-01-02 15:04:05 MST' (fallback 1), zone "
            "+02:00 (what its name is in Europe/Berlin): 2020-10-25T00:30:00.000000000Z");
  EXPECT_EQ(explain(At("2020-10-25 02:30:00 PDT")),
            "'2020-10-25 02:30:00 PDT' of t read by '2006-01-02 15:04:05 MST' (fallback 1), zone "
            "UTC (its name is not known in Europe/Berlin): 2020-10-25T02:30:00.000000000Z");
  EXPECT_EQ(explain(At("2020-10-25T02:30:00-00:30")),
            "'2020-10-25T02:30:00-00:30' of t read by 'RFC3339' (fallback 2), zone -00:30 (of the "
            "text): 2020-10-25T03:00:00.000000000Z");
  EXPECT_EQ(explain(At("1600000000.5")),
            "'1600000000.5' of t read by 'Unix' (fallback 3): 2020-09-13T12:26:40.500000000Z");
  EXPECT_EQ(explain(At("never")),
            "timestamp: 't' is no time of the form Jan _2 15:04:05 or a fallback format: 'never'; "
            "one nanosecond behind the stream's last time: 2020-09-13T12:26:40.500000001Z");
  EXPECT_EQ(explain({"x", R"({"a":"b"})", kReadNs}),
            "timestamp: no field or label 't'; the time it has stays: "
            "2023-11-14T22:13:20.000000000Z");
}

TEST(TimestampStage, WrongConfigurationsAreRefused) {
  const std::pair<const char*, const char*> cases[] = {
      {"- timestamp: {format: Unix}",
       "t.yml:1:14: timestamp: expected a source, the field to read"},
      {"- timestamp: {source: t}",
       "t.yml:1:14: timestamp: expected a format, as RFC3339 or a Go layout"},
      {"- timestamp: {source: t, format: Unix, action_on_failure: foo}",
       "t.yml:1:59: action_on_failure: expected fudge or skip, not 'foo'"},
      {"- timestamp: {source: t, format: 'YYYY-MM-dd'}",
       "t.yml:1:34: 'YYYY-MM-dd' names no part of a time; write the time 'Mon Jan 2 15:04:05 MST "
       "2006' in the form that the log has, as in '2006-01-02 15:04:05'"},
      {"- timestamp: {source: t, format: Unix, fallback_formats: [UnixMs, 'HH:mm']}",
       "t.yml:1:67: 'HH:mm' names no part of a time; write the time 'Mon Jan 2 15:04:05 MST "
       "2006' in the form that the log has, as in '2006-01-02 15:04:05'"},
      {"- timestamp: {source: t, format: Unix, fallback_formats: [{a: b}]}",
       "t.yml:1:59: fallback_formats: expected a text as item"},
      {"- timestamp: {source: t, format: RFC333}",
       "t.yml:1:34: 'RFC333' is no format with a name; did you mean RFC3339?"},
      {"- timestamp: {source: t, format: Unix, fallback_formats: [unix_ms]}",
       "t.yml:1:59: 'unix_ms' is no format with a name; did you mean UnixMs?"},
      {"- timestamp: {source: t, format: Unix, location: Europe/Berln}",
       "t.yml:1:50: location: time zone 'Europe/Berln' is not known; did you mean Europe/Berlin?"},
      {"- timestamp: {source: t, format: Unix, location: Mars/Olympus}",
       "t.yml:1:50: location: time zone 'Mars/Olympus' is not known; use an IANA name such as "
       "Europe/Berlin, and see that the system's zone files (package tzdata) are installed"},
  };
  for (const auto& [yaml, error] : cases) EXPECT_EQ(BuildError(yaml), error) << yaml;
  EXPECT_EQ(BuildError("- timestamp: {source: t, format: 'YYYY-MM-dd'}", true), "");
  EXPECT_EQ(BuildError("- timestamp: {source: t, format: RFC333}", true), "");
  EXPECT_EQ(BuildError("- timestamp: {source: t, format: Jan2}"), "");
}

}  // namespace
}  // namespace glp::stages
