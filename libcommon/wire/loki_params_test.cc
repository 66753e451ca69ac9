#include "wire/loki_params.h"

#include <gtest/gtest.h>

#include "base/time.h"

namespace glp::wire {
namespace {

constexpr int64_t kSecond = kNsPerSecond;
constexpr int64_t kNow = 1'767'571'200 * kSecond;

template <typename T>
std::string Show(const Result<T>& result) {
  if constexpr (std::is_integral_v<T>) {
    return result.ok() ? std::to_string(*result) : result.status().message();
  }
}

TEST(LokiParams, Times) {
  const struct {
    std::string text, wanted;
  } cases[] = {
      {"1767571200", "1767571200000000000"},
      {"0", "0"},
      {"-5", "-5000000000"},
      {"1767571200.5", "1767571200500000000"},
      {"1767571200.0004", "1767571200000000000"},
      {"1767571200.0006", "1767571200001000000"},
      {"17675712000", "17675712000"},  // over ten characters: nanoseconds
      {"1767571200123", "1767571200123"},
      {"1767571200000000001", "1767571200000000001"},
      {"2026-01-05T00:00:00Z", "1767571200000000000"},
      {"2026-01-05T01:00:00.000000001+01:00", "1767571200000000001"},
      {"9999999999", "9223372036854775807"},  // out of range: the last there is
      {"yesterday",
       "could not parse 'start' parameter: strconv.ParseInt: parsing \"yesterday\": invalid "
       "syntax"},
      {"99999999999999999999",
       "could not parse 'start' parameter: strconv.ParseInt: parsing \"99999999999999999999\": "
       "value out of range"},
      {"1.x",
       "could not parse 'start' parameter: strconv.ParseInt: parsing \"1.x\": invalid syntax"},
  };
  for (const auto& c : cases) EXPECT_EQ(Show(ParseTimeParam("start", c.text)), c.wanted) << c.text;
}

TEST(LokiParams, Steps) {
  const struct {
    std::string text, wanted;
  } cases[] = {
      {"15", "15000000000"},
      {"0.5", "500000000"},
      {"15s", "15000000000"},
      {"15000ms", "15000000000"},
      {"1m30s", "90000000000"},
      {"-1", "-1000000000"},
      {"x", "cannot parse \"x\" to a valid duration"},
      {"", "cannot parse \"\" to a valid duration"},
      {"1e30", "cannot parse \"1e30\" to a valid duration. It overflows int64"},
  };
  for (const auto& c : cases) EXPECT_EQ(Show(ParseStepParam(c.text)), c.wanted) << c.text;
}

TEST(LokiParams, Bounds) {
  const struct {
    Params params;
    int64_t start_s, end_s;  // from kNow
  } cases[] = {
      {{}, -3600, 0},
      {{{"since", "10m"}}, -600, 0},
      {{{"end", "1767571100"}}, -3700, -100},
      {{{"end", "1767571300"}}, -3600, 100},  // `since` counts from now where the end is later
      {{{"start", "1767571000"}, {"since", "1s"}}, -200, 0},
      {{{"start", ""}, {"end", ""}, {"since", ""}}, -3600, 0},
  };
  for (const auto& c : cases) {
    Request request;
    request.params = c.params;
    const auto range = ParseBounds(request, kNow);
    ASSERT_TRUE(range.ok()) << range.status().message();
    EXPECT_EQ((range->start_ns - kNow) / kSecond, c.start_s);
    EXPECT_EQ((range->end_ns - kNow) / kSecond, c.end_s);
  }
  Request request;
  request.params = {{"since", "x"}};
  EXPECT_EQ(ParseBounds(request, kNow).status().message(),
            "could not parse 'since' parameter: not a valid duration string: \"x\"");
}

TEST(LokiParams, RangeDefaults) {
  Request request;
  request.params = {{"query", "{a=\"b\"}"}};
  const auto params = ParseRangeParams(request, kNow);
  ASSERT_TRUE(params.ok());
  EXPECT_EQ(params->limit, 100u);
  EXPECT_EQ(params->step_ns, 14 * kSecond);  // 3600 / 250, whole seconds
  EXPECT_EQ(params->interval_ns, 0);
  EXPECT_EQ(params->direction, logql::Direction::kBackward);
}

TEST(LokiParams, RangeRefusals) {
  const struct {
    Params params;
    std::string wanted;
  } cases[] = {
      {{{"limit", "x"}}, "strconv.Atoi: parsing \"x\": invalid syntax"},
      {{{"limit", "0"}}, "limit must be a positive value"},
      {{{"limit", "-3"}}, "limit must be a positive value"},
      {{{"direction", "up"}}, "invalid direction 'up'"},
      {{{"step", "-1"}},
       "zero or negative query resolution step widths are not accepted. Try a positive integer"},
      {{{"step", "0"}},
       "zero or negative query resolution step widths are not accepted. Try a positive integer"},
      {{{"step", "0.1"}},
       "exceeded maximum resolution of 11,000 points per time series. Try increasing the value of "
       "the step parameter"},
      {{{"start", "1767571200"}, {"end", "1767571199"}},
       "end timestamp must not be before or equal to start time"},
      {{{"interval", "-1"}}, "interval must be >= 0"},
  };
  for (const auto& c : cases) {
    Request request;
    request.params = c.params;
    EXPECT_EQ(ParseRangeParams(request, kNow).status().message(), c.wanted);
  }
}

TEST(LokiParams, RangeSpellings) {
  Request request;
  request.params = {{"direction", "FORWARD"}, {"step", "15000ms"},     {"limit", "7"},
                    {"interval", "2"},        {"start", "1767571200"}, {"end", "1767571200"}};
  const auto params = ParseRangeParams(request, kNow);
  ASSERT_TRUE(params.ok()) << params.status().message();
  EXPECT_EQ(params->direction, logql::Direction::kForward);
  EXPECT_EQ(params->step_ns, 15 * kSecond);
  EXPECT_EQ(params->limit, 7u);
  EXPECT_EQ(params->interval_ns, 2 * kSecond);
}

TEST(LokiParams, AlignsToSteps) {
  const auto aligned = AlignToStep({61, 119}, 60);
  EXPECT_EQ(aligned.start_ns, 60);
  EXPECT_EQ(aligned.end_ns, 120);
  const auto same = AlignToStep({60, 120}, 60);
  EXPECT_EQ(same.start_ns, 60);
  EXPECT_EQ(same.end_ns, 120);
  EXPECT_EQ(AlignToStep({-1, 0}, 60).start_ns, -60);
}

}  // namespace
}  // namespace glp::wire
