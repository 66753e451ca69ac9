#include "series_table.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <string_view>

#include "logql/format.h"
#include "table.h"

namespace glp::query {
namespace {

bool ComesBefore(const Label& a, const Label& b) {
  return a.name != b.name ? a.name < b.name : a.value < b.value;
}

std::string_view ValueOf(const Labels& labels, std::string_view name) {
  const auto it = std::lower_bound(
      labels.begin(), labels.end(), name,
      [](const Label& label, std::string_view wanted) { return label.name < wanted; });
  return it != labels.end() && it->name == name ? std::string_view(it->value) : "";
}

std::vector<std::string> NamesOf(const std::vector<logql::Series>& series) {
  std::set<std::string> names;
  for (const logql::Series& one : series) {
    for (const Label& label : one.labels) names.insert(label.name);
  }
  return {names.begin(), names.end()};
}

// Calls `take(cells)` with the values of the labels and behind them the sample's for each series.
template <typename Take>
Status ForEachInstant(const std::vector<logql::Series>& series,
                      const std::vector<std::string>& names, Take&& take) {
  std::vector<std::string_view> cells(names.size() + 1);
  for (const logql::Series& one : series) {
    if (one.samples.empty()) continue;
    for (size_t i = 0; i < names.size(); ++i) cells[i] = ValueOf(one.labels, names[i]);
    const std::string value = logql::FormatSampleValue(one.samples.front().value);
    cells.back() = value;
    GLP_RETURN_IF_ERROR(take(cells));
  }
  return Status::Ok();
}

// Calls `take(cells)` with the time and the value of each series, "" where it has none, for each
// time.
template <typename Take>
Status ForEachTime(const std::vector<logql::Series>& series, const Look& look, Take&& take) {
  std::vector<int64_t> times;
  for (const logql::Series& one : series) {
    const size_t before = times.size();
    for (const logql::Sample& sample : one.samples) times.push_back(sample.ts_ns);
    const auto own = times.begin() + static_cast<ptrdiff_t>(before);
    // Most series have the same times.
    if (std::includes(times.begin(), own, own, times.end())) {
      times.resize(before);
      continue;
    }
    std::inplace_merge(times.begin(), own, times.end());
    times.erase(std::unique(times.begin(), times.end()), times.end());
  }
  std::vector<size_t> next(series.size());
  std::vector<std::string> values(series.size());
  std::vector<std::string_view> cells(series.size() + 1);
  for (const int64_t ts_ns : times) {
    const std::string time = look.Time(ts_ns);
    cells.front() = time;
    for (size_t i = 0; i < series.size(); ++i) {
      const std::vector<logql::Sample>& samples = series[i].samples;
      const bool has = next[i] < samples.size() && samples[next[i]].ts_ns == ts_ns;
      values[i] = has ? logql::FormatSampleValue(samples[next[i]++].value) : "";
      cells[i + 1] = values[i];
    }
    GLP_RETURN_IF_ERROR(take(cells));
  }
  return Status::Ok();
}

}  // namespace

Labels CommonLabels(const std::vector<logql::Series>& series) {
  Labels common = series.empty() ? Labels() : series.front().labels;
  for (const logql::Series& one : series) {
    Labels both;
    std::set_intersection(common.begin(), common.end(), one.labels.begin(), one.labels.end(),
                          std::back_inserter(both), ComesBefore);
    common = std::move(both);
  }
  return common;
}

Labels WithoutCommon(const Labels& labels, const Labels& common) {
  Labels left;
  std::set_difference(labels.begin(), labels.end(), common.begin(), common.end(),
                      std::back_inserter(left), ComesBefore);
  return left;
}

Status PrintSeriesCsv(const std::vector<logql::Series>& series, const Look& look, io::Output* out) {
  const std::vector<std::string> names = NamesOf(series);
  const std::vector<std::string> label_heads = CsvHeads(names, {"ts", "value"});
  std::vector<std::string_view> cells = {"ts"};
  cells.insert(cells.end(), label_heads.begin(), label_heads.end());
  cells.emplace_back("value");
  GLP_RETURN_IF_ERROR(PrintCsvRow(cells, look, out));
  std::string time, value;
  for (const logql::Series& one : series) {
    for (size_t i = 0; i < names.size(); ++i) cells[i + 1] = ValueOf(one.labels, names[i]);
    for (const logql::Sample& sample : one.samples) {
      time.clear();
      look.AppendTime(&time, sample.ts_ns);
      value = logql::FormatSampleValue(sample.value);
      cells.front() = time;
      cells.back() = value;
      GLP_RETURN_IF_ERROR(PrintCsvRow(cells, look, out));
    }
  }
  return Status::Ok();
}

Status PrintInstantTable(const std::vector<logql::Series>& series, const Look& look,
                         io::Output* out) {
  if (series.empty()) return Status::Ok();
  const std::vector<std::string> names = NamesOf(series);
  std::vector<Table::Column> columns;
  for (const std::string& name : names) columns.push_back({.head = name, .may_cut = true});
  columns.push_back({.head = "VALUE", .right = true});
  Table table(std::move(columns), look, out);
  GLP_RETURN_IF_ERROR(
      ForEachInstant(series, names, [&](const std::vector<std::string_view>& cells) {
        for (size_t i = 0; i < cells.size(); ++i) table.Measure(i, cells[i]);
        return Status::Ok();
      }));
  GLP_RETURN_IF_ERROR(table.PrintHead());
  return ForEachInstant(series, names, [&](const std::vector<std::string_view>& cells) {
    return table.PrintRow(cells);
  });
}

Status PrintRangeTable(const std::vector<logql::Series>& series, const Look& look,
                       io::Output* out) {
  if (series.empty()) return Status::Ok();
  const Labels common = CommonLabels(series);
  std::vector<std::string> names = NamesOf(series);
  std::erase_if(names, [&common](const std::string& name) {
    return std::any_of(common.begin(), common.end(),
                       [&name](const Label& label) { return label.name == name; });
  });
  std::vector<Table::Column> columns = {{"TIME"}};
  for (size_t i = 0; i < series.size(); ++i) {
    columns.push_back({.head = series.size() == 1 ? "VALUE" : "", .right = true});
  }
  Table table(std::move(columns), look, out);
  std::vector<std::vector<std::string_view>> heads;
  for (const std::string& name : names) {
    std::vector<std::string_view>& head = heads.emplace_back();
    head.emplace_back(name);
    for (const logql::Series& one : series) head.push_back(ValueOf(one.labels, name));
    for (size_t i = 0; i < head.size(); ++i) table.Measure(i, head[i]);
  }
  GLP_RETURN_IF_ERROR(ForEachTime(series, look, [&](const std::vector<std::string_view>& cells) {
    for (size_t i = 0; i < cells.size(); ++i) table.Measure(i, cells[i]);
    return Status::Ok();
  }));
  GLP_RETURN_IF_ERROR(PrintCommonLabels(common, look, out));
  for (const auto& head : heads) GLP_RETURN_IF_ERROR(table.PrintHead(head));
  GLP_RETURN_IF_ERROR(table.PrintHead());
  return ForEachTime(series, look, [&](const std::vector<std::string_view>& cells) {
    return table.PrintRow(cells);
  });
}

}  // namespace glp::query
