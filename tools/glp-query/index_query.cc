// What there is, without its lines: `volume`, `stats` and `fields`, of a server or counted here.
#include <algorithm>
#include <optional>

#include "base/json_text.h"
#include "base/strings.h"
#include "data_range.h"
#include "io/stop.h"
#include "list_printer.h"
#include "logql/fields.h"
#include "logql/volume.h"
#include "mine_lines.h"
#include "run.h"
#include "stdin_wants.h"
#include "table.h"
#include "wire/loki_json.h"

namespace glp::query {
namespace {

// More than anybody looks at, and what servers take as a number.
constexpr uint64_t kAll = 1'000'000;

using Rows = std::vector<std::vector<std::string>>;

Status PrintTexts(Job& job, const std::vector<std::string>& heads, const Rows& rows) {
  std::vector<std::vector<std::string_view>> views;
  for (const auto& row : rows) views.emplace_back(row.begin(), row.end());
  return PrintRows(heads, views, job.look, &job.out);
}

Result<std::unique_ptr<logql::EntrySource>> OpenLocal(Job& job, bool lines) {
  StdinOptions options;
  options.wants.range = job.times.Range();
  options.wants.lines = lines;
  return OpenSources(job.sources, job.options, job.context, options);
}

// The range that was asked for, its open sides closed where the entries end; nothing where there
// are none.
Result<std::optional<logql::TimeRange>> ClosedRange(Job& job, logql::EntrySource* source,
                                                    const std::vector<logql::Matcher>& matchers) {
  logql::TimeRange range = job.times.Range();
  if (job.times.start_ns && job.times.end_ns) return std::optional<logql::TimeRange>(range);
  GLP_ASSIGN_OR_RETURN(const auto first,
                       EdgeOf(source, matchers, range, logql::Direction::kForward));
  if (!first) return std::optional<logql::TimeRange>();
  GLP_ASSIGN_OR_RETURN(const auto last,
                       EdgeOf(source, matchers, range, logql::Direction::kBackward));
  if (!job.times.start_ns) range.start_ns = *first;
  if (!job.times.end_ns && *last < range.end_ns) range.end_ns = *last + 1;
  return std::optional<logql::TimeRange>(range);
}

std::vector<std::string> TargetLabels(const Options& options) {
  std::vector<std::string> labels;
  for (const std::string& list : options.target_labels) {
    for (const std::string_view one : Split(list, ',')) {
      if (!TrimSpace(one).empty()) labels.emplace_back(TrimSpace(one));
    }
  }
  return labels;
}

Result<bool> ServerVolume(Job& job, const std::string& selector) {
  GLP_ASSIGN_OR_RETURN(const std::unique_ptr<wire::LokiClient> client,
                       OpenServer(job.sources.front().text, job.options));
  wire::VolumeParams params;
  params.step_ns = job.times.step_ns.value_or(0);
  params.limit = job.options.limit > 0 ? job.options.limit : kAll;
  params.target_labels = TargetLabels(job.options);
  params.aggregate_by = job.options.aggregate_by;
  GLP_ASSIGN_OR_RETURN(
      const wire::LokiAnswer answer,
      client->Volume(selector.empty() ? "{}" : selector, job.times.Range(), params));
  TellServerWarnings(job, answer.warnings);
  return PrintServerSeries(job, answer);
}

Result<bool> LocalVolume(Job& job, const std::string& selector) {
  logql::VolumeQuery query;
  if (!selector.empty()) {
    GLP_ASSIGN_OR_RETURN(query.matchers, logql::ParseSelector(selector));
  }
  query.target_labels = TargetLabels(job.options);
  GLP_ASSIGN_OR_RETURN(query.aggregate_by, logql::ParseAggregateBy(job.options.aggregate_by));
  query.step_ns = job.times.step_ns.value_or(0);
  query.limit = job.options.limit;
  query.cancelled = io::StopRequested;
  GLP_ASSIGN_OR_RETURN(const std::unique_ptr<logql::EntrySource> source, OpenLocal(job, true));
  GLP_ASSIGN_OR_RETURN(const auto range, ClosedRange(job, source.get(), query.matchers));
  if (!range) return false;
  query.range = *range;
  logql::ScanStats stats;
  GLP_ASSIGN_OR_RETURN(const std::vector<logql::Series> series,
                       logql::RunVolumeQuery(query, source.get(), &stats));
  TellDamage(job, stats);
  const bool is_range = query.step_ns > 0;
  std::string body;
  if (job.look.format == "loki") {
    body = is_range ? wire::MatrixBody(series, stats, 0) : wire::VectorBody(series, stats, 0);
  }
  GLP_RETURN_IF_ERROR(PrintSeries(series, is_range ? SeriesKind::kRange : SeriesKind::kInstant,
                                  body, job.look, &job.out));
  return !series.empty();
}

Status PrintStats(Job& job, const logql::IndexStats& stats) {
  const std::vector<std::string> heads = {"streams", "chunks", "entries", "bytes"};
  const std::vector<std::string> values = {
      std::to_string(stats.streams), std::to_string(stats.chunks), std::to_string(stats.entries),
      std::to_string(stats.bytes)};
  if (job.look.format == "table" || job.look.format == "csv") {
    return PrintTexts(job, heads, {values});
  }
  if (job.look.format == "jsonl" || job.look.format == "loki") {
    std::string json = "{";
    for (size_t i = 0; i < heads.size(); ++i) {
      json.append(i > 0 ? ",\"" : "\"").append(heads[i]).append("\":").append(values[i]);
    }
    return PutJson(job, json + "}");
  }
  for (size_t i = 0; i < heads.size(); ++i) {
    GLP_RETURN_IF_ERROR(job.out.Write(heads[i] + " " + values[i] + "\n"));
  }
  return Status::Ok();
}

void AppendTexts(std::string* out, const std::vector<std::string>& texts) {
  *out += '[';
  for (size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) *out += ',';
    AppendJsonString(out, texts[i]);
  }
  *out += ']';
}

std::string FieldJson(const logql::DetectedField& field) {
  std::string json = "{\"label\":";
  AppendJsonString(&json, field.label);
  json.append(",\"type\":\"").append(ToString(field.type));
  json.append("\",\"cardinality\":").append(std::to_string(field.cardinality));
  json += ",\"parsers\":";
  if (field.parsers.empty()) {
    json += "null";
  } else {
    AppendTexts(&json, field.parsers);
  }
  if (!field.json_path.empty()) {
    json += ",\"jsonPath\":";
    AppendTexts(&json, field.json_path);
  }
  return json + "}";
}

Status PrintFields(Job& job, const std::vector<logql::DetectedField>& fields) {
  const std::string& format = job.look.format;
  if (format == "loki") {
    std::string body = "{\"fields\":[";
    for (const logql::DetectedField& field : fields) {
      body.append(body.back() == '[' ? "" : ",").append(FieldJson(field));
    }
    return PutJson(job, body + "]}");
  }
  Rows rows;
  for (const logql::DetectedField& field : fields) {
    if (format == "jsonl") {
      GLP_RETURN_IF_ERROR(PutJson(job, FieldJson(field)));
    } else if (format == "raw") {
      GLP_RETURN_IF_ERROR(
          job.out.Write((job.look.terminal ? EscapeForTerminal(field.label) : field.label) + "\n"));
    } else {
      rows.push_back({field.label, std::string(ToString(field.type)),
                      std::to_string(field.cardinality), Join(field.parsers, ","),
                      Join(field.json_path, ".")});
    }
  }
  if (format == "jsonl" || format == "raw") return Status::Ok();
  Look look = job.look;
  if (format == "default") look.format = "table";
  std::vector<std::vector<std::string_view>> views;
  for (const auto& row : rows) views.emplace_back(row.begin(), row.end());
  return PrintRows({"field", "type", "values", "parsers", "path"}, views, look, &job.out);
}

Result<bool> PrintValues(Job& job, const std::vector<std::string>& values,
                         const std::string& field) {
  GLP_RETURN_IF_ERROR(PrintNames(values, field, job.look, &job.out));
  return !values.empty();
}

// A server gives its own number of fields and of values where none was asked for.
void TellServersLimit(Job& job, size_t count) {
  constexpr size_t kServersLimit = 1000;
  if (job.options.limit > 0 || count < kServersLimit) return;
  job.context.Incomplete("limits of the server",
                         "the server gives " + std::to_string(count) +
                             " at most where it is not asked for more: --limit");
}

Result<bool> ServerFields(Job& job, const std::string& query, const std::string& field) {
  if (job.options.line_limit == 0) {
    return UsageError("--line-limit 0 looks at all lines, which a server does not; say how many");
  }
  GLP_ASSIGN_OR_RETURN(const std::unique_ptr<wire::LokiClient> client,
                       OpenServer(job.sources.front().text, job.options));
  const uint64_t lines = job.options.line_limit, limit = job.options.limit;
  const logql::TimeRange range = job.times.Range();
  if (!field.empty()) {
    GLP_ASSIGN_OR_RETURN(const std::vector<std::string> values,
                         client->DetectedFieldValues(query, field, range, lines, limit));
    TellServersLimit(job, values.size());
    return PrintValues(job, values, field);
  }
  GLP_ASSIGN_OR_RETURN(const std::vector<logql::DetectedField> fields,
                       client->DetectedFields(query, range, lines, limit));
  TellServersLimit(job, fields.size());
  GLP_RETURN_IF_ERROR(PrintFields(job, fields));
  return !fields.empty();
}

Result<bool> LocalFields(Job& job, const std::string& query, const std::string& field) {
  GLP_ASSIGN_OR_RETURN(const logql::LogExpr log, ParseLogQuery(query, "fields"));
  StdinOptions stdin_options;
  GLP_ASSIGN_OR_RETURN(stdin_options.wants, WantsOf(log, job.times.Range(), false));
  GLP_ASSIGN_OR_RETURN(const std::unique_ptr<logql::EntrySource> source,
                       OpenSources(job.sources, job.options, job.context, stdin_options));
  logql::QueryParams params;
  params.range = job.times.Range();
  params.limit = job.options.line_limit;
  params.cancelled = io::StopRequested;
  params.pool = job.pool;
  const size_t limit = job.options.limit > 0 ? job.options.limit : kAll;
  logql::ScanStats stats;
  if (!field.empty()) {
    GLP_ASSIGN_OR_RETURN(const std::vector<std::string> values,
                         logql::DetectFieldValues(log, field, source.get(), params, limit, &stats));
    TellDamage(job, stats);
    return PrintValues(job, values, field);
  }
  GLP_ASSIGN_OR_RETURN(const std::vector<logql::DetectedField> fields,
                       logql::DetectFields(log, source.get(), params, limit, &stats));
  TellDamage(job, stats);
  GLP_RETURN_IF_ERROR(PrintFields(job, fields));
  return !fields.empty();
}

}  // namespace

Result<bool> ShowVolume(Job& job, const std::string& selector) {
  return IsOneServer(job.sources) ? ServerVolume(job, selector) : LocalVolume(job, selector);
}

Result<bool> ShowStats(Job& job, const std::string& selector) {
  logql::IndexStats counted;
  if (IsOneServer(job.sources)) {
    GLP_ASSIGN_OR_RETURN(const std::unique_ptr<wire::LokiClient> client,
                         OpenServer(job.sources.front().text, job.options));
    GLP_ASSIGN_OR_RETURN(counted,
                         client->Stats(selector.empty() ? "{}" : selector, job.times.Range()));
  } else {
    std::vector<logql::Matcher> matchers;
    if (!selector.empty()) {
      GLP_ASSIGN_OR_RETURN(matchers, logql::ParseSelector(selector));
    }
    GLP_ASSIGN_OR_RETURN(const std::unique_ptr<logql::EntrySource> source, OpenLocal(job, true));
    logql::ScanStats stats;
    GLP_ASSIGN_OR_RETURN(counted, logql::RunIndexStats(matchers, job.times.Range(), source.get(),
                                                       io::StopRequested, &stats));
    TellDamage(job, stats);
  }
  GLP_RETURN_IF_ERROR(PrintStats(job, counted));
  return counted.entries > 0;
}

Result<bool> ListFields(Job& job, const std::string& query) {
  const std::vector<std::string>& words = job.options.words;
  const std::string field = words.size() > 2 ? words[2] : "";
  return IsOneServer(job.sources) ? ServerFields(job, query.empty() ? "{}" : query, field)
                                  : LocalFields(job, query, field);
}

}  // namespace glp::query
