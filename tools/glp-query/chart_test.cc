#include "chart.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/time.h"
#include "display.h"

namespace glp::query {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

logql::Series SeriesOf(Labels labels, const std::vector<double>& values) {
  logql::Series series{std::move(labels), {}};
  int64_t ts_ns = 0;
  for (const double value : values) {
    series.samples.push_back({ts_ns, value});
    ts_ns += kNsPerSecond;
  }
  return series;
}

Look PlainLook(size_t columns = 0) {
  Look look;
  look.columns = columns;
  return look;
}

std::string Hist(const std::vector<logql::Series>& series, SeriesKind kind, const Look& look) {
  io::Output out(-1, "test", 16 << 20);
  EXPECT_TRUE(PrintHist(series, kind, look, &out).ok());
  return out.buffer();
}
std::string Plot(const std::vector<logql::Series>& series, const Look& look) {
  io::Output out(-1, "test", 16 << 20);
  EXPECT_TRUE(PrintPlot(series, {}, look, &out).ok());
  return out.buffer();
}

TEST(Hist, ValuesOfAnyKindHaveADefinedBar) {
  // One sample each, of series a, b, …: labels take 7 columns, so 10 are left for the bar.
  const struct {
    std::vector<double> values;
    std::string utf8, ascii;
  } kCases[] = {
      {{1}, "1 ████████████████████████████\n", "1 ############################\n"},
      {{0}, "0\n", "0\n"},
      {{kNan}, "NaN\n", "NaN\n"},
      {{kInf}, "+Inf\n", "+Inf\n"},
  };
  for (const auto& [values, utf8, ascii] : kCases) {
    Look look = PlainLook(30);
    EXPECT_EQ(Hist({SeriesOf({}, values)}, SeriesKind::kInstant, look), utf8);
    look.utf8 = false;
    EXPECT_EQ(Hist({SeriesOf({}, values)}, SeriesKind::kInstant, look), ascii);
  }
}

TEST(Hist, BarsAreInProportionAndTheSmallestStillShows) {
  const std::vector<logql::Series> series = {
      SeriesOf({{"a", "x"}}, {8}), SeriesOf({{"a", "y"}}, {4}), SeriesOf({{"a", "z"}}, {0.001}),
      SeriesOf({{"a", "0"}}, {0}), SeriesOf({{"a", "n"}}, {kNan})};
  EXPECT_EQ(Hist(series, SeriesKind::kInstant, PlainLook(24)),
            "{a=\"x\"}     8 ██████████\n"
            "{a=\"y\"}     4 █████\n"
            "{a=\"z\"} 0.001 ▏\n"
            "{a=\"0\"}     0\n"
            "{a=\"n\"}   NaN\n");
}

TEST(Hist, ValuesBelowZeroGrowToTheLeft) {
  const std::vector<logql::Series> series = {
      SeriesOf({{"a", "x"}}, {3}), SeriesOf({{"a", "y"}}, {-3}), SeriesOf({{"a", "z"}}, {0})};
  EXPECT_EQ(Hist(series, SeriesKind::kInstant, PlainLook(22)),
            "{a=\"x\"}  3      │█████\n"
            "{a=\"y\"} -3 █████│\n"
            "{a=\"z\"}  0      │\n");
  for (const double value : {-1e308, -1.0, -std::numeric_limits<double>::denorm_min()}) {
    const std::string alone = Hist({SeriesOf({}, {value})}, SeriesKind::kInstant, PlainLook(24));
    EXPECT_NE(alone.find("█"), alone.npos) << alone;
    EXPECT_NE(Hist({SeriesOf({}, {value, 1.7e308})}, SeriesKind::kInstant, PlainLook(24)), "");
    const std::string curve = Plot({SeriesOf({}, {value, 1.7e308, 0, value})}, PlainLook());
    EXPECT_NE(curve.find("▁█"), curve.npos) << curve;
  }
}

TEST(Hist, ARangeHasTimesWithAsManyDigitsAsTheyNeed) {
  logql::Series series = SeriesOf({{"app", "x"}}, {1, 2});
  EXPECT_EQ(Hist({series}, SeriesKind::kRange, PlainLook(30)),
            "Common labels: {app=\"x\"}\n\n"
            "1970-01-01T00:00:00Z 1 █████\n"
            "1970-01-01T00:00:01Z 2 ██████████\n");
  series.samples[1].ts_ns = 1'500'000;
  const std::string finer = Hist({series}, SeriesKind::kRange, PlainLook(30));
  EXPECT_NE(finer.find("00:00:00.001500Z 2"), finer.npos) << finer;
}

TEST(Hist, TenThousandSeriesAreTenThousandRowsNoneOfThemWiderThanTheScreen) {
  std::vector<logql::Series> series;
  for (int i = 0; i < 10'000; ++i) {
    series.push_back(
        SeriesOf({{"id", std::string(i % 200, 'x') + std::to_string(i)}}, {double(i)}));
  }
  const std::string text = Hist(series, SeriesKind::kInstant, PlainLook(80));
  size_t rows = 0;
  for (size_t at = 0; at < text.size(); ++rows) {
    const size_t end = text.find('\n', at);
    EXPECT_LE(DisplayWidth(std::string_view(text).substr(at, end - at)), 80u);
    at = end + 1;
  }
  EXPECT_EQ(rows, 10'000u);
}

TEST(Plot, CurvesHaveGapsAndTheirOwnScale) {
  std::vector<logql::Series> series = {SeriesOf({{"a", "x"}}, {0, 1, 2, 3, 4, 5, 6, 7}),
                                       SeriesOf({{"a", "y"}}, {700, kNan, 100, kInf, 100}),
                                       SeriesOf({{"a", "z"}}, {0, 0}),
                                       SeriesOf({{"a", "n"}}, {kNan})};
  series[0].samples.erase(series[0].samples.begin() + 2);
  EXPECT_EQ(Plot(series, PlainLook()),
            "1970-01-01T00:00:00Z to 1970-01-01T00:00:07Z, a column is 1s\n"
            "\n"
            "PLOT      MIN   MAX  LAST  LABELS\n"
            "▁▂ ▄▅▆▇█    0     7     7  {a=\"x\"}\n"
            "█ ▁█▁     100  +Inf   100  {a=\"y\"}\n"
            "▁▁          0     0     0  {a=\"z\"}\n"
            "          NaN   NaN   NaN  {a=\"n\"}\n");
  Look ascii = PlainLook();
  ascii.utf8 = false;
  const std::string text = Plot(series, ascii);
  EXPECT_NE(text.find("\n.: =+*#@ "), text.npos) << text;
}

TEST(Plot, MoreSamplesThanColumnsShowTheHighestOfEach) {
  std::vector<double> values(1000, 1);
  values[500] = 9;
  const std::string text = Plot({SeriesOf({}, values)}, PlainLook(60));
  const std::string row = text.substr(text.rfind('\n', text.size() - 2) + 1);
  EXPECT_EQ(DisplayWidth(row.substr(0, row.size() - 1)), 60u) << row;
  EXPECT_NE(row.find("█"), row.npos);
  EXPECT_NE(text.find("a column is "), text.npos);
}

TEST(Plot, OneSampleAndNoneAreDefined) {
  EXPECT_EQ(Plot({SeriesOf({}, {5})}, PlainLook()),
            "1970-01-01T00:00:00Z\n\nPLOT  MIN  MAX  LAST\n▄       5    5     5\n");
  EXPECT_EQ(Plot({}, PlainLook()), "");
  EXPECT_EQ(Hist({}, SeriesKind::kRange, PlainLook()), "");
}

}  // namespace
}  // namespace glp::query
