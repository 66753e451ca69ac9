#include "list_printer.h"

#include <cmath>

#include "base/json_text.h"
#include "base/strings.h"
#include "base/time.h"
#include "logql/format.h"
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

}  // namespace

Status PrintSeries(const std::vector<logql::Series>& series, SeriesKind kind,
                   const std::string& loki_body, const Look& look, io::Output* out) {
  if (look.format == "loki") return Put(look, loki_body, out);
  const bool json = look.format == "jsonl";
  std::vector<std::string> parts;
  size_t width = 0;
  for (const logql::Series& one : series) {
    parts.push_back(json ? LabelsToJson(one.labels) : LabelsToSelector(one.labels));
    width = std::max(width, parts.back().size());
  }
  std::string line;
  for (size_t i = 0; i < series.size(); ++i) {
    if (!json) parts[i].resize(width, ' ');
    for (const logql::Sample& sample : series[i].samples) {
      line.clear();
      if (json) {
        line.append("{\"ts\":\"").append(FormatTimestamp(sample.ts_ns));
        line.append("\",\"labels\":").append(parts[i]).append(",\"value\":");
        AppendValue(&line, sample.value);
        line += '}';
      } else {
        if (kind == SeriesKind::kRange) look.AppendTime(&line, sample.ts_ns), line += ' ';
        line.append(parts[i]).append(" ");
        line.append(logql::FormatSampleValue(sample.value));
      }
      GLP_RETURN_IF_ERROR(Put(look, line, out));
    }
  }
  return Status::Ok();
}

Status PrintNames(const std::vector<std::string>& names, const Look& look, io::Output* out) {
  if (look.format == "loki") return Put(look, wire::NamesBody(names), out);
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
  for (const LabelSet* set : sets) {
    GLP_RETURN_IF_ERROR(
        Put(look, look.format == "jsonl" ? set->json : LabelsToSelector(set->labels), out));
  }
  return Status::Ok();
}

}  // namespace glp::query
