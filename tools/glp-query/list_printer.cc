#include "list_printer.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "base/json_text.h"
#include "base/strings.h"
#include "base/time.h"
#include "chart.h"
#include "display.h"
#include "logql/format.h"
#include "series_table.h"
#include "table.h"
#include "wire/loki_json.h"

namespace glp::query {
namespace {

// A whole piece of text, made safe where it goes to a terminal.
Status Put(const Look& look, std::string_view text, io::Output* out) {
  if (!look.terminal) {
    out->buffer() += text;
  } else if (look.format == "jsonl" || look.format == "loki") {
    AppendJsonForTerminal(&out->buffer(), text);
  } else {
    out->buffer() += EscapeForTerminal(text);
  }
  out->buffer() += '\n';
  return out->Commit();
}

// JSON has no word for what is no number.
void AppendValue(std::string* out, double value) {
  if (std::isfinite(value)) {
    *out += logql::FormatSampleValue(value);
  } else {
    AppendJsonString(out, logql::FormatSampleValue(value));
  }
}

Status PrintSeriesJson(const std::vector<logql::Series>& series, const Look& look,
                       io::Output* out) {
  std::string line;
  for (const logql::Series& one : series) {
    const std::string labels = LabelsToJson(one.labels);
    for (const logql::Sample& sample : one.samples) {
      line.assign("{\"ts\":\"").append(FormatTimestamp(sample.ts_ns));
      line.append("\",\"labels\":").append(labels).append(",\"value\":");
      AppendValue(&line, sample.value);
      line += '}';
      GLP_RETURN_IF_ERROR(Put(look, line, out));
    }
  }
  return Status::Ok();
}

Status PrintSeriesText(const std::vector<logql::Series>& series, SeriesKind kind, const Look& look,
                       io::Output* out) {
  std::vector<std::string> parts;
  size_t width = 0;
  for (const logql::Series& one : series) {
    const std::string selector = LabelsToSelector(one.labels);
    parts.push_back(look.terminal ? EscapeForTerminal(selector) : selector);
    width = std::max(width, std::min(DisplayWidth(parts.back()), kMaxPadding));
  }
  for (size_t i = 0; i < series.size(); ++i) {
    AppendPadding(&parts[i], DisplayWidth(parts[i]), width);
    for (const logql::Sample& sample : series[i].samples) {
      std::string& line = out->buffer();
      if (kind == SeriesKind::kRange) {
        look.AppendTime(&line, sample.ts_ns);
        line += ' ';
      }
      line.append(parts[i]).append(" ").append(logql::FormatSampleValue(sample.value));
      GLP_RETURN_IF_ERROR(out->Write("\n"));
    }
  }
  return Status::Ok();
}

}  // namespace

Status PrintSeries(const std::vector<logql::Series>& series, SeriesKind kind,
                   const std::string& loki_body, const Look& look, io::Output* out) {
  if (look.chart == Chart::kHist) return PrintHist(series, kind, look, out);
  if (look.chart == Chart::kPlot) return PrintPlot(series, {}, look, out);
  if (look.format == "loki") return Put(look, loki_body, out);
  if (look.format == "jsonl") return PrintSeriesJson(series, look, out);
  if (look.format == "csv") return PrintSeriesCsv(series, look, out);
  if (look.format == "table") {
    return kind == SeriesKind::kInstant ? PrintInstantTable(series, look, out)
                                        : PrintRangeTable(series, look, out);
  }
  return PrintSeriesText(series, kind, look, out);
}

// An empty table has no head, csv has.
Status PrintRows(const std::vector<std::string>& heads,
                 const std::vector<std::vector<std::string_view>>& rows, const Look& look,
                 io::Output* out) {
  if (look.format == "csv") {
    GLP_RETURN_IF_ERROR(PrintCsvRow({heads.begin(), heads.end()}, look, out));
    for (const auto& row : rows) GLP_RETURN_IF_ERROR(PrintCsvRow(row, look, out));
    return Status::Ok();
  }
  if (rows.empty()) return Status::Ok();
  std::vector<Table::Column> columns;
  for (const std::string& head : heads) columns.push_back({.head = head, .may_cut = true});
  Table table(std::move(columns), look, out);
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) table.Measure(i, row[i]);
  }
  GLP_RETURN_IF_ERROR(table.PrintHead());
  for (const auto& row : rows) GLP_RETURN_IF_ERROR(table.PrintRow(row));
  return Status::Ok();
}

Status PrintNames(const std::vector<std::string>& names, const std::string& head, const Look& look,
                  io::Output* out) {
  if (look.format == "loki") return Put(look, wire::NamesBody(names), out);
  if (look.format == "csv" || look.format == "table") {
    std::vector<std::vector<std::string_view>> rows;
    for (const std::string& name : names) rows.push_back({name});
    return PrintRows({head}, rows, look, out);
  }
  for (const std::string& name : names) {
    std::string line = name;
    if (look.format == "jsonl") {
      line.clear();
      AppendJsonString(&line, name);
    }
    GLP_RETURN_IF_ERROR(Put(look, line, out));
  }
  return Status::Ok();
}

Status PrintLabelSets(const std::vector<const LabelSet*>& sets, const Look& look, io::Output* out) {
  if (look.format == "loki") return Put(look, wire::SeriesBody(sets), out);
  if (look.format == "csv" || look.format == "table") {
    std::set<std::string> names;
    for (const LabelSet* set : sets) {
      for (const Label& label : set->labels) names.insert(label.name);
    }
    std::vector<std::vector<std::string_view>> rows;
    for (const LabelSet* set : sets) {
      std::vector<std::string_view>& row = rows.emplace_back();
      for (const std::string& name : names) row.push_back(set->Get(name));
    }
    return PrintRows({names.begin(), names.end()}, rows, look, out);
  }
  for (const LabelSet* set : sets) {
    GLP_RETURN_IF_ERROR(
        Put(look, look.format == "jsonl" ? set->json : LabelsToSelector(set->labels), out));
  }
  return Status::Ok();
}

}  // namespace glp::query
