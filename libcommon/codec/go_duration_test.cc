#include "codec/go_duration.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "base/units.h"
#include "codec/golden_cases.h"

namespace glp::codec {
namespace {

TEST(GoDuration, AnswersAsGoAndPrometheus) {
  ForEachGoldenCase("duration", [](const GoldenCase& c) {
    std::string kind = c.Text("kind"), text = c.Text("text");
    if (kind == "string") {
      EXPECT_EQ(FormatDuration(*ParseInt64(c.Text("ns"))), text) << c.json();
      return;
    }
    if (kind == "prometheus-string") {
      EXPECT_EQ(FormatPrometheusDuration(*ParseInt64(c.Text("ns"))), text) << c.json();
      return;
    }
    auto ns = kind == "go" ? ParseGoDuration(text) : ParsePrometheusDuration(text);
    EXPECT_EQ(ns.ok(), !c.Has("error")) << c.json();
    if (ns.ok() && c.Has("ns")) {
      EXPECT_EQ(std::to_string(*ns), c.Text("ns")) << c.json();
    }
  });
}

TEST(GoDuration, TakesWhatItWrites) {
  for (int64_t ns : {int64_t{1}, int64_t{-1}, int64_t{1'500}, INT64_MAX, INT64_MIN,
                     int64_t{86'400'000'000'000}}) {
    auto back = ParseGoDuration(FormatDuration(ns));
    ASSERT_TRUE(back.ok()) << FormatDuration(ns);
    EXPECT_EQ(*back, ns);
  }
  // Digits behind what counts are cut, however many.
  EXPECT_EQ(*ParseGoDuration("0." + std::string(100'000, '3') + "s"), 333'333'333);
  EXPECT_FALSE(ParseGoDuration(std::string(100'000, '9') + "ns").ok());
}

TEST(GoBytes, AnswersAsHumanize) {
  ForEachGoldenCase("bytes", [](const GoldenCase& c) {
    if (c.Text("kind") == "humanize") {
      auto bytes = ParseHumanizedBytes(c.Text("text"));
      EXPECT_EQ(bytes.ok(), !c.Has("error")) << c.json();
      if (bytes.ok() && c.Has("bytes")) {
        EXPECT_EQ(std::to_string(*bytes), c.Text("bytes")) << c.json();
      }
    } else if (c.Text("kind") == "string") {
      EXPECT_EQ(FormatHumanizedBytes(*ParseUint64(c.Text("bytes"))), c.Text("text")) << c.json();
    }
  });
}

}  // namespace
}  // namespace glp::codec
