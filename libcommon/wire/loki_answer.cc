#include "wire/loki_answer.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>

#include "base/strings.h"
#include "base/time.h"

namespace glp::wire {
namespace {

namespace dom = simdjson::dom;

Status BadAnswer(std::string_view what) {
  return DataError("the answer is not one of Loki's API: " + std::string(what));
}

// What the views of an answer's entries look into.
struct AnswerMemory {
  dom::parser parser;
  std::vector<std::unique_ptr<std::string>> objects;
};

Result<Labels> ReadLabels(dom::element element) {
  dom::object object;
  if (element.get(object)) return BadAnswer("labels are not an object");
  Labels labels;
  for (const auto& [name, value] : object) {
    std::string_view text;
    if (value.get(text)) return BadAnswer("a label is not a string");
    labels.push_back({std::string(name), std::string(text)});
  }
  Canonicalize(&labels);
  return labels;
}

Status ReadObject(dom::element parent, const char* key, AnswerMemory* memory,
                  std::string_view* out) {
  dom::element element;
  if (parent[key].get(element)) return Status::Ok();
  GLP_ASSIGN_OR_RETURN(const Labels labels, ReadLabels(element));
  if (labels.empty()) return Status::Ok();
  memory->objects.push_back(std::make_unique<std::string>(LabelsToJson(labels)));
  *out = *memory->objects.back();
  return Status::Ok();
}

Status ReadStreams(dom::array result, LabelTable* labels, AnswerMemory* memory,
                   std::vector<LokiEntry>* entries) {
  for (dom::element stream : result) {
    dom::element names;
    dom::array values;
    if (stream["stream"].get(names) || stream["values"].get(values)) {
      return BadAnswer("a stream lacks \"stream\" or \"values\"");
    }
    GLP_ASSIGN_OR_RETURN(Labels set, ReadLabels(names));
    LokiEntry entry;
    entry.stream = labels->FromLabels(std::move(set));
    for (dom::element value : values) {
      std::string_view time;
      if (value.at(0).get(time) || value.at(1).get(entry.line)) {
        return BadAnswer("an entry is not [\"nanoseconds\",\"line\"]");
      }
      const std::optional<int64_t> ts_ns = ParseInt64(time);
      if (!ts_ns) return BadAnswer("\"" + std::string(time) + "\" is no time in nanoseconds");
      entry.ts_ns = *ts_ns;
      entry.meta = entry.fields = {};
      dom::element categories;
      if (!value.at(2).get(categories)) {
        GLP_RETURN_IF_ERROR(ReadObject(categories, "structuredMetadata", memory, &entry.meta));
        GLP_RETURN_IF_ERROR(ReadObject(categories, "parsed", memory, &entry.fields));
      }
      entries->push_back(entry);
    }
  }
  return Status::Ok();
}

Result<logql::Sample> ReadSample(dom::element pair) {
  double seconds = 0;
  std::string_view text;
  if (pair.at(0).get(seconds) || pair.at(1).get(text)) {
    return BadAnswer("a sample is not [seconds,\"value\"]");
  }
  if (!(std::abs(seconds) < 9.2e9)) return BadAnswer("the time of a sample is out of range");
  logql::Sample sample;
  sample.ts_ns = std::llround(seconds * 1000) * kNsPerMs;
  constexpr double kInf = std::numeric_limits<double>::infinity();
  if (text == "NaN") {
    sample.value = std::numeric_limits<double>::quiet_NaN();
  } else if (text == "+Inf" || text == "-Inf") {
    sample.value = text[0] == '+' ? kInf : -kInf;
  } else if (const std::optional<double> value = ParseDouble(text)) {
    sample.value = *value;
  } else {
    return BadAnswer("\"" + std::string(text) + "\" is no number");
  }
  return sample;
}

Status ReadSeries(dom::array result, bool instant, LokiAnswer* answer) {
  for (dom::element one : result) {
    dom::element metric;
    if (one["metric"].get(metric)) return BadAnswer("a series lacks \"metric\"");
    logql::Series series;
    GLP_ASSIGN_OR_RETURN(series.labels, ReadLabels(metric));
    if (instant) {
      dom::element value;
      if (one["value"].get(value)) return BadAnswer("a series lacks \"value\"");
      GLP_ASSIGN_OR_RETURN(const logql::Sample sample, ReadSample(value));
      series.samples.push_back(sample);
    } else {
      dom::array values;
      if (one["values"].get(values)) return BadAnswer("a series lacks \"values\"");
      for (dom::element value : values) {
        GLP_ASSIGN_OR_RETURN(const logql::Sample sample, ReadSample(value));
        series.samples.push_back(sample);
      }
    }
    answer->series.push_back(std::move(series));
  }
  return Status::Ok();
}

// Nanoseconds as digits, or RFC 3339.
std::optional<int64_t> ParseTime(std::string_view text) {
  const std::optional<int64_t> ts_ns = ParseInt64(text);
  return ts_ns ? ts_ns : ParseRfc3339(text);
}

// Seconds as a number, or RFC 3339.
Result<int64_t> ReadSeconds(dom::element object, const char* key) {
  double seconds = 0;
  std::string_view text;
  if (!object[key].get(seconds) && std::abs(seconds) < 9.2e9) {
    return static_cast<int64_t>(std::llround(seconds * 1000)) * kNsPerMs;
  }
  if (!object[key].get(text)) {
    if (const std::optional<int64_t> ts_ns = ParseRfc3339(text)) return *ts_ns;
  }
  return BadAnswer("\"" + std::string(key) + "\" is no time");
}

Result<dom::element> ReadRoot(std::string_view body, dom::parser* parser) {
  dom::element root;
  if (const auto error = parser->parse(body.data(), body.size()).get(root)) {
    return BadAnswer(simdjson::error_message(error));
  }
  return root;
}

// Of a list that may be missing.
void AppendTexts(dom::element object, const char* key, std::vector<std::string>* out) {
  dom::array list;
  if (object[key].get(list)) return;
  for (dom::element one : list) {
    std::string_view text;
    if (!one.get(text)) out->emplace_back(text);
  }
}

logql::FieldType FieldTypeOf(std::string_view name) {
  using logql::FieldType;
  for (const FieldType type : {FieldType::kInt, FieldType::kFloat, FieldType::kBoolean,
                               FieldType::kDuration, FieldType::kBytes}) {
    if (ToString(type) == name) return type;
  }
  return FieldType::kString;
}

LokiFigures ReadFigures(dom::element data) {
  LokiFigures figures;
  dom::element summary;
  if (data["stats"]["summary"].get(summary)) return figures;
  // What is missing leaves its figure 0.
  [[maybe_unused]] auto error = summary["totalBytesProcessed"].get(figures.bytes);
  error = summary["totalLinesProcessed"].get(figures.entries);
  error = summary["execTime"].get(figures.seconds);
  return figures;
}

}  // namespace

Result<LokiAnswer> ParseLokiAnswer(std::string body, LabelTable* labels) {
  auto memory = std::make_shared<AnswerMemory>();
  dom::element root;
  if (const auto error = memory->parser.parse(body.data(), body.size()).get(root)) {
    return BadAnswer(simdjson::error_message(error));
  }
  dom::element data;
  std::string_view type;
  if (root["data"].get(data) || data["resultType"].get(type)) {
    return BadAnswer("no \"data\" with a \"resultType\"");
  }
  LokiAnswer answer;
  answer.figures = ReadFigures(data);
  dom::array warnings;
  if (!root["warnings"].get(warnings)) {
    for (dom::element warning : warnings) {
      std::string_view text;
      if (!warning.get(text)) answer.warnings.emplace_back(text);
    }
  }
  if (type == "scalar") {
    answer.type = LokiAnswer::Type::kScalar;
    dom::element value;
    if (data["result"].get(value)) return BadAnswer("no \"result\"");
    GLP_ASSIGN_OR_RETURN(const logql::Sample sample, ReadSample(value));
    answer.series.push_back({{}, {sample}});
    answer.body = std::move(body);
    return answer;
  }
  if (type == "streams") {
    answer.type = LokiAnswer::Type::kStreams;
  } else if (type == "matrix" || type == "vector") {
    answer.type = type == "vector" ? LokiAnswer::Type::kVector : LokiAnswer::Type::kMatrix;
  } else {
    return BadAnswer("resultType \"" + std::string(type) + "\" is not known");
  }
  dom::element result;
  dom::array rows;
  if (data["result"].get(result)) return BadAnswer("no \"result\"");
  const bool none = result.is_null();  // what Go makes of an empty list now and then
  if (!none && result.get(rows)) return BadAnswer("\"result\" is not a list");
  if (answer.type != LokiAnswer::Type::kStreams) {
    const bool instant = answer.type == LokiAnswer::Type::kVector;
    if (!none) GLP_RETURN_IF_ERROR(ReadSeries(rows, instant, &answer));
    answer.body = std::move(body);
  } else if (!none) {
    GLP_RETURN_IF_ERROR(ReadStreams(rows, labels, memory.get(), &answer.entries));
    answer.memory = std::move(memory);
  }
  return answer;
}

Result<TailMessage> ParseTailMessage(std::string body, LabelTable* labels) {
  auto memory = std::make_shared<AnswerMemory>();
  dom::element root;
  if (const auto error = memory->parser.parse(body.data(), body.size()).get(root)) {
    return BadAnswer(simdjson::error_message(error));
  }
  if (!root.is_object()) return BadAnswer("a message of the tail is not an object");
  TailMessage message;
  dom::array streams, dropped;
  if (!root["streams"].get(streams)) {
    GLP_RETURN_IF_ERROR(ReadStreams(streams, labels, memory.get(), &message.entries));
  }
  std::stable_sort(message.entries.begin(), message.entries.end(),
                   [](const LokiEntry& a, const LokiEntry& b) { return a.ts_ns < b.ts_ns; });
  if (!root["dropped_entries"].get(dropped)) {
    for (dom::element one : dropped) {
      std::string_view time;
      dom::element names;
      if (one["timestamp"].get(time) || one["labels"].get(names)) {
        return BadAnswer("a dropped entry lacks \"timestamp\" or \"labels\"");
      }
      const std::optional<int64_t> ts_ns = ParseTime(time);
      if (!ts_ns) return BadAnswer("\"" + std::string(time) + "\" is no time");
      GLP_ASSIGN_OR_RETURN(Labels set, ReadLabels(names));
      message.dropped.push_back({*ts_ns, std::move(set)});
    }
  }
  message.memory = std::move(memory);
  return message;
}

Result<std::vector<std::string>> ParseNames(std::string_view body) {
  dom::parser parser;
  GLP_ASSIGN_OR_RETURN(const dom::element root, ReadRoot(body, &parser));
  std::vector<std::string> names;
  dom::array data;
  // Loki leaves an empty list out.
  if (root["data"].get(data) && root["values"].get(data)) return names;
  for (dom::element one : data) {
    std::string_view name;
    if (one.get(name)) return BadAnswer("a name is not a string");
    names.emplace_back(name);
  }
  return names;
}

Result<std::vector<const LabelSet*>> ParseSeries(std::string_view body, LabelTable* labels) {
  dom::parser parser;
  GLP_ASSIGN_OR_RETURN(const dom::element root, ReadRoot(body, &parser));
  std::vector<const LabelSet*> series;
  dom::array data;
  if (root["data"].get(data)) return series;
  for (dom::element one : data) {
    GLP_ASSIGN_OR_RETURN(Labels set, ReadLabels(one));
    series.push_back(labels->FromLabels(std::move(set)));
  }
  return series;
}

Result<logql::IndexStats> ParseIndexStats(std::string_view body) {
  dom::parser parser;
  GLP_ASSIGN_OR_RETURN(const dom::element root, ReadRoot(body, &parser));
  logql::IndexStats stats;
  if (root["streams"].get(stats.streams) || root["chunks"].get(stats.chunks) ||
      root["bytes"].get(stats.bytes) || root["entries"].get(stats.entries)) {
    return BadAnswer("\"streams\", \"chunks\", \"bytes\" or \"entries\" is no number");
  }
  return stats;
}

Result<std::vector<logql::DetectedField>> ParseDetectedFields(std::string_view body) {
  dom::parser parser;
  GLP_ASSIGN_OR_RETURN(const dom::element root, ReadRoot(body, &parser));
  std::vector<logql::DetectedField> fields;
  dom::array list;
  if (root["fields"].get(list)) return fields;  // none: left out, or null
  for (dom::element one : list) {
    std::string_view label, type;
    logql::DetectedField& field = fields.emplace_back();
    if (one["label"].get(label) || one["type"].get(type) ||
        one["cardinality"].get(field.cardinality)) {
      return BadAnswer("a field lacks \"label\", \"type\" or \"cardinality\"");
    }
    field.label = label;
    field.type = FieldTypeOf(type);
    AppendTexts(one, "parsers", &field.parsers);
    AppendTexts(one, "jsonPath", &field.json_path);
  }
  return fields;
}

Result<std::vector<logql::PatternSeries>> ParsePatterns(std::string_view body) {
  dom::parser parser;
  GLP_ASSIGN_OR_RETURN(const dom::element root, ReadRoot(body, &parser));
  constexpr int64_t kMostSeconds = 9'000'000'000;
  std::vector<logql::PatternSeries> patterns;
  dom::array list;
  if (root["data"].get(list)) return patterns;
  for (dom::element one : list) {
    std::string_view text;
    dom::array samples;
    if (one["pattern"].get(text) || one["samples"].get(samples)) {
      return BadAnswer("a pattern lacks \"pattern\" or \"samples\"");
    }
    logql::PatternSeries& pattern = patterns.emplace_back();
    pattern.pattern = text;
    if (!one["level"].get(text)) pattern.level = text;
    for (dom::element sample : samples) {
      int64_t seconds = 0;
      uint64_t count = 0;
      if (sample.at(0).get(seconds) || sample.at(1).get(count) || seconds < -kMostSeconds ||
          seconds > kMostSeconds) {
        return BadAnswer("a sample of a pattern is not [seconds,count]");
      }
      pattern.samples.emplace_back(seconds * kNsPerSecond, count);
    }
  }
  return patterns;
}

Result<std::vector<DeleteRequest>> ParseDeletes(std::string_view body) {
  dom::parser parser;
  GLP_ASSIGN_OR_RETURN(const dom::element root, ReadRoot(body, &parser));
  std::vector<DeleteRequest> requests;
  dom::array list;
  if (root.is_null()) return requests;
  if (root.get(list)) return BadAnswer("the requests are not a list");
  for (dom::element one : list) {
    std::string_view id, query, status;
    if (one["request_id"].get(id) || one["query"].get(query) || one["status"].get(status)) {
      return BadAnswer("a request lacks \"request_id\", \"query\" or \"status\"");
    }
    DeleteRequest& request = requests.emplace_back();
    request.id = id;
    request.query = query;
    request.status = status;
    GLP_ASSIGN_OR_RETURN(request.start_ns, ReadSeconds(one, "start_time"));
    GLP_ASSIGN_OR_RETURN(request.end_ns, ReadSeconds(one, "end_time"));
    GLP_ASSIGN_OR_RETURN(request.created_ns, ReadSeconds(one, "created_at"));
  }
  return requests;
}

}  // namespace glp::wire
