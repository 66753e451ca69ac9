#include "chart.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/time.h"
#include "base/units.h"
#include "display.h"
#include "logql/format.h"
#include "printer.h"
#include "series_table.h"
#include "table.h"

namespace glp::query {
namespace {

constexpr size_t kPipeColumns = 80;
constexpr size_t kMinBar = 10;
constexpr size_t kMinCurve = 20;

constexpr std::string_view kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
constexpr std::string_view kHeights[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::string_view kAsciiHeights = ".:-=+*#@";

void Repeat(std::string* out, std::string_view text, size_t times) {
  for (; times > 0; --times) out->append(text);
}

// What a row says of its series.
struct Part {
  std::string text;
  size_t width = 0;
  uint64_t hash = 0;
};

// The labels that tell the series apart, as charts show them: safe and no wider than fits.
std::vector<Part> PartsOf(const std::vector<logql::Series>& series, const Labels& common,
                          const Look& look) {
  std::vector<Part> parts;
  for (const logql::Series& one : series) {
    const Labels own = WithoutCommon(one.labels, common);
    Part& part = parts.emplace_back();
    part.hash = Hash64(LabelsToJson(one.labels));
    // Of series that have labels one may have none of its own; of one series nothing need be said.
    if (series.size() == 1) continue;
    part.text = EscapeCell(LabelsToSelector(own));
    if (look.columns > 0) {
      part.text = CutToWidth(part.text, std::max<size_t>(look.columns / 3, 20), look.utf8);
    }
    part.width = DisplayWidth(part.text);
  }
  return parts;
}

size_t WidestOf(const std::vector<Part>& parts) {
  size_t width = 0;
  for (const Part& part : parts) width = std::max(width, std::min(part.width, kMaxPadding));
  return width;
}

void AppendColored(std::string* out, const Part& part, std::string_view text, const Look& look) {
  if (look.color) out->append(ColorOf(part.hash));
  out->append(text);
  if (look.color) out->append(kNoColor);
}

// Times of charts, with as many digits of the fraction as one of them needs, three by three.
class Times {
 public:
  explicit Times(const Look& look) : look_(look) {}
  void Measure(int64_t ts_ns) {
    while (unit_ns_ > 1 && ts_ns % unit_ns_ != 0) unit_ns_ /= 1000;
  }
  std::string Show(int64_t ts_ns) const {
    std::string text = look_.Time(ts_ns);
    const size_t point = text.find('.');
    if (point == text.npos || unit_ns_ == 1) return text;
    const size_t digits = unit_ns_ == kNsPerSecond ? 0 : unit_ns_ == 1'000'000 ? 4 : 7;
    return text.erase(point + digits, 10 - digits);
  }

 private:
  const Look& look_;
  int64_t unit_ns_ = kNsPerSecond;
};

// Bars of one chart: how long each is.
class Bars {
 public:
  Bars(double lowest, double highest, size_t columns, bool utf8)
      : lowest_(lowest), highest_(highest), utf8_(utf8) {
    if (lowest_ < 0) {
      // The two sides share the columns as their values do; no sum is beyond what doubles hold.
      const double most = std::max(highest_, -lowest_);
      const double share = -lowest_ / most / (highest_ / most - lowest_ / most);
      const auto wanted =
          static_cast<size_t>(std::lround(share * static_cast<double>(columns - 1)));
      left_ = std::clamp<size_t>(wanted, 1, columns - 2);
      right_ = columns - left_ - 1;
    } else {
      right_ = columns;
    }
  }

  std::string Draw(double value) const {
    std::string bar;
    const std::string_view full = utf8_ ? kEighths[8] : "#";
    if (left_ > 0) {
      // No block grows from the right in eighths: whole ones do.
      const size_t cells = value < 0 && std::isfinite(value) ? Cells(value / lowest_, left_) : 0;
      bar.append(left_ - cells, ' ');
      Repeat(&bar, full, cells);
      bar += utf8_ ? "│" : "|";
    }
    if (!(value > 0) || !std::isfinite(value)) return bar;
    if (!utf8_) {
      Repeat(&bar, full, Cells(value / highest_, right_));
    } else {
      const size_t eighths = Cells(value / highest_, right_ * 8);
      Repeat(&bar, full, eighths / 8);
      bar += kEighths[eighths % 8];
    }
    return bar;
  }

 private:
  static size_t Cells(double share, size_t most) {
    const auto cells = static_cast<size_t>(std::lround(share * static_cast<double>(most)));
    return std::clamp<size_t>(cells, 1, most);
  }
  double lowest_, highest_;
  bool utf8_;
  size_t left_ = 0, right_ = 0;
};

// One curve: the highest sample of each column.
class Curve {
 public:
  Curve(const std::vector<logql::Sample>& samples, const Grid& grid, size_t columns)
      : heights_(columns, std::numeric_limits<double>::quiet_NaN()) {
    const auto span = static_cast<unsigned __int128>(static_cast<uint64_t>(grid.end_ns) -
                                                     static_cast<uint64_t>(grid.start_ns));
    const unsigned __int128 points = span / static_cast<uint64_t>(grid.step_ns) + 1;
    for (const logql::Sample& sample : samples) {
      last_ = sample.value;
      if (std::isnan(sample.value)) continue;
      lowest_ = std::isnan(lowest_) ? sample.value : std::min(lowest_, sample.value);
      highest_ = std::isnan(highest_) ? sample.value : std::max(highest_, sample.value);
      if (std::isfinite(sample.value)) {
        bottom_ = std::min(bottom_, sample.value);
        top_ = std::max(top_, sample.value);
      }
      const uint64_t point =
          (static_cast<uint64_t>(sample.ts_ns) - static_cast<uint64_t>(grid.start_ns)) /
          static_cast<uint64_t>(grid.step_ns);
      const auto at = static_cast<size_t>(point * static_cast<unsigned __int128>(columns) / points);
      double& height = heights_[std::min(at, columns - 1)];
      height = std::isnan(height) ? sample.value : std::max(height, sample.value);
    }
  }

  double lowest() const { return lowest_; }  // NaN where there is no number
  double highest() const { return highest_; }
  double last() const { return last_; }

  std::string Draw(bool utf8) const {
    std::string curve;
    for (const double height : heights_) {
      if (std::isnan(height)) {
        curve += ' ';
      } else if (utf8) {
        curve += kHeights[LevelOf(height)];
      } else {
        curve += kAsciiHeights[LevelOf(height)];
      }
    }
    return curve;
  }

 private:
  size_t LevelOf(double height) const {
    if (std::isinf(height)) return height > 0 ? 7 : 0;
    if (top_ == bottom_) return top_ == 0 ? 0 : 3;
    const double most = std::max(std::fabs(top_), std::fabs(bottom_));
    const double range = top_ / most - bottom_ / most;
    if (!(range > 0)) return 3;
    const double share = (height / most - bottom_ / most) / range;
    return std::clamp<size_t>(static_cast<size_t>(share * 8), 0, 7);
  }

  std::vector<double> heights_;
  double lowest_ = std::numeric_limits<double>::quiet_NaN();
  double highest_ = lowest_, last_ = lowest_;
  double bottom_ = std::numeric_limits<double>::infinity();
  double top_ = -bottom_;
};

// 1353046875 is 1350000000: as exactly as somebody wants to know it.
int64_t ThreeDigits(int64_t value) {
  int64_t unit = 1;
  while (value / unit >= 1000) unit *= 10;
  return value / unit * unit;
}

std::optional<Grid> GridOf(const std::vector<logql::Series>& series) {
  std::optional<Grid> grid;
  uint64_t step_ns = std::numeric_limits<int64_t>::max();
  for (const logql::Series& one : series) {
    for (size_t i = 0; i < one.samples.size(); ++i) {
      const int64_t ts_ns = one.samples[i].ts_ns;
      if (!grid) grid = Grid{ts_ns, ts_ns, 1};
      grid->start_ns = std::min(grid->start_ns, ts_ns);
      grid->end_ns = std::max(grid->end_ns, ts_ns);
      if (i == 0 || ts_ns <= one.samples[i - 1].ts_ns) continue;
      step_ns = std::min(
          step_ns, static_cast<uint64_t>(ts_ns) - static_cast<uint64_t>(one.samples[i - 1].ts_ns));
    }
  }
  if (!grid) return grid;
  // Series of one sample each: their distance is all that is known.
  const uint64_t span_ns =
      static_cast<uint64_t>(grid->end_ns) - static_cast<uint64_t>(grid->start_ns);
  if (span_ns > 0 && step_ns > span_ns) step_ns = std::min(step_ns, span_ns);
  grid->step_ns = static_cast<int64_t>(step_ns);
  return grid;
}

}  // namespace

Status PrintHist(const std::vector<logql::Series>& series, SeriesKind kind, const Look& look,
                 io::Output* out) {
  if (series.empty()) return Status::Ok();
  const Labels common = CommonLabels(series);
  const std::vector<Part> parts = PartsOf(series, common, look);
  const size_t part_width = WidestOf(parts);
  Times times(look);
  size_t value_width = 0;
  size_t time_width = 0;
  double lowest = 0;
  double highest = 0;
  for (const logql::Series& one : series) {
    for (const logql::Sample& sample : one.samples) {
      times.Measure(sample.ts_ns);
      value_width = std::max(value_width, logql::FormatSampleValue(sample.value).size());
      if (!std::isfinite(sample.value)) continue;
      lowest = std::min(lowest, sample.value);
      highest = std::max(highest, sample.value);
    }
  }
  const bool has_time = kind == SeriesKind::kRange;
  if (has_time) time_width = times.Show(0).size() + 1;
  const size_t used = time_width + (part_width > 0 ? part_width + 1 : 0) + value_width + 1;
  const size_t columns = look.columns > 0 ? look.columns : kPipeColumns;
  const Bars bars(lowest, highest, columns > used + kMinBar ? columns - used : kMinBar, look.utf8);
  GLP_RETURN_IF_ERROR(PrintCommonLabels(common, look, out));
  for (size_t i = 0; i < series.size(); ++i) {
    for (const logql::Sample& sample : series[i].samples) {
      std::string& row = out->buffer();
      if (has_time) row.append(times.Show(sample.ts_ns)).append(" ");
      if (part_width > 0) {
        AppendColored(&row, parts[i], parts[i].text, look);
        AppendPadding(&row, parts[i].width, part_width);
        row += ' ';
      }
      const std::string value = logql::FormatSampleValue(sample.value);
      AppendPadding(&row, value.size(), value_width);
      row += value;
      const std::string bar = bars.Draw(sample.value);
      if (!bar.empty()) {
        row += ' ';
        AppendColored(&row, parts[i], bar, look);
      }
      GLP_RETURN_IF_ERROR(out->Write("\n"));
    }
  }
  return Status::Ok();
}

Status PrintPlot(const std::vector<logql::Series>& series, const std::optional<Grid>& known,
                 const Look& look, io::Output* out) {
  const std::optional<Grid> grid = known ? known : GridOf(series);
  if (series.empty() || !grid) return Status::Ok();
  const Labels common = CommonLabels(series);
  const std::vector<Part> parts = PartsOf(series, common, look);
  const size_t part_width = WidestOf(parts);

  // The numbers do not depend on how wide the curves are.
  constexpr std::string_view kHeads[] = {"MIN", "MAX", "LAST"};
  size_t widths[] = {3, 3, 4};
  const auto texts_of = [](const Curve& curve) {
    return std::vector<std::string>{logql::FormatSampleValue(curve.lowest()),
                                    logql::FormatSampleValue(curve.highest()),
                                    logql::FormatSampleValue(curve.last())};
  };
  for (const logql::Series& one : series) {
    const std::vector<std::string> texts = texts_of(Curve(one.samples, *grid, 1));
    for (size_t i = 0; i < texts.size(); ++i) widths[i] = std::max(widths[i], texts[i].size());
  }
  // Labels stand at the end: in a pipe they may go on as they like.
  const size_t labels_width =
      look.columns > 0 ? part_width : std::min(part_width, kPipeColumns / 3);
  size_t used = labels_width > 0 ? labels_width + 2 : 0;
  for (const size_t width : widths) used += width + 2;
  const size_t screen = look.columns > 0 ? look.columns : kPipeColumns;
  const size_t room = screen > used + kMinCurve ? screen - used : kMinCurve;
  const uint64_t span_ns =
      static_cast<uint64_t>(grid->end_ns) - static_cast<uint64_t>(grid->start_ns);
  const uint64_t points = span_ns / static_cast<uint64_t>(grid->step_ns) + 1;
  const auto columns = static_cast<size_t>(std::min<uint64_t>(points, room));
  const size_t curve_width = std::max<size_t>(columns, 4);

  GLP_RETURN_IF_ERROR(PrintCommonLabels(common, look, out));
  std::string& buffer = out->buffer();
  Times times(look);
  times.Measure(grid->start_ns);
  times.Measure(grid->end_ns);
  buffer += times.Show(grid->start_ns);
  if (points > 1) {
    buffer.append(" to ").append(times.Show(grid->end_ns));
    const auto ns_a_column = static_cast<double>(grid->step_ns) *
                             (static_cast<double>(points) / static_cast<double>(columns));
    const bool exact = points == columns;
    const auto rounded = ThreeDigits(static_cast<int64_t>(std::min(ns_a_column, 9e18)));
    buffer.append(exact ? ", a column is " : ", a column is about ");
    buffer.append(FormatDuration(exact ? grid->step_ns : rounded));
  }
  buffer += "\n\n";
  if (look.color) buffer += "\x1b[1m";
  buffer += "PLOT";
  AppendPadding(&buffer, 4, curve_width);
  for (size_t i = 0; i < std::size(kHeads); ++i) {
    AppendPadding(&buffer, kHeads[i].size(), widths[i] + 2);
    buffer += kHeads[i];
  }
  if (part_width > 0) buffer += "  LABELS";
  if (look.color) buffer += kNoColor;
  GLP_RETURN_IF_ERROR(out->Write("\n"));
  for (size_t i = 0; i < series.size(); ++i) {
    const Curve curve(series[i].samples, *grid, columns);
    AppendColored(&buffer, parts[i], curve.Draw(look.utf8), look);
    AppendPadding(&buffer, columns, curve_width);
    const std::vector<std::string> texts = texts_of(curve);
    for (size_t k = 0; k < texts.size(); ++k) {
      AppendPadding(&buffer, texts[k].size(), widths[k] + 2);
      buffer += texts[k];
    }
    if (part_width > 0) {
      buffer += "  ";
      AppendColored(&buffer, parts[i], parts[i].text, look);
    }
    GLP_RETURN_IF_ERROR(out->Write("\n"));
  }
  return Status::Ok();
}

}  // namespace glp::query
