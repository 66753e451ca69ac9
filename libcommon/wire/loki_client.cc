#include "wire/loki_client.h"

#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "base/strings.h"
#include "base/time.h"
#include "io/stop.h"

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
                   LokiAnswer* answer) {
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
      answer->entries.push_back(entry);
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

// Loki reads up to ten digits as seconds, so that the first seconds of 1970 need the long form.
std::string TimeParam(int64_t ts_ns) {
  std::string digits = std::to_string(ts_ns);
  return digits.size() > 10 ? digits : FormatTimestamp(ts_ns);
}

std::string StepParam(int64_t step_ns) {
  std::string text = std::to_string(step_ns / kNsPerSecond);
  if (const int64_t rest_ns = step_ns % kNsPerSecond; rest_ns != 0) {
    const std::string digits = std::to_string(rest_ns);
    text += "." + std::string(9 - digits.size(), '0') + digits;
  }
  return text;
}

bool WorthAnotherTry(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

std::string Words(const ClientResponse& response) {
  std::string words = FirstLine(response.body);
  std::string text = "status " + std::to_string(response.status);
  return words.empty() ? text : text + ": " + words;
}

LokiClient::Transport HttpTransport(const std::string& user_agent) {
  auto client = std::make_shared<HttpClient>(user_agent);
  return [client](const ClientRequest& request) { return client->Do(request); };
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
    GLP_RETURN_IF_ERROR(ReadStreams(rows, labels, memory.get(), &answer));
    answer.memory = std::move(memory);
  }
  return answer;
}

uint64_t EntriesLimitOf(std::string_view message) {
  const size_t at = message.find("max_entries_limit");
  if (at == std::string_view::npos) return 0;
  const size_t open = message.find('(', at);
  const size_t above = message.find("> ", open == std::string_view::npos ? at : open);
  if (open == std::string_view::npos || above == std::string_view::npos) return 0;
  uint64_t limit = 0;
  std::from_chars(message.data() + above + 2, message.data() + message.size(), limit);
  return limit;
}

LokiClient::LokiClient(const LokiClientOptions& options)
    : LokiClient(options, HttpTransport(options.user_agent)) {}

LokiClient::LokiClient(LokiClientOptions options, Transport transport)
    : options_(std::move(options)), transport_(std::move(transport)) {}

LokiClient::~LokiClient() = default;

bool LokiClient::ForgetManyLabels() {
  if (labels_.size() <= LabelTable::kMaxSets) return false;
  labels_.Clear();
  return true;
}

Result<std::string> LokiClient::Get(std::string_view path, const Params& params) {
  // A query longer than what servers take as a URL goes as a form.
  constexpr size_t kMaxUrlBytes = 4096;
  const std::string form = EncodeForm(params);
  ClientRequest request;
  request.url = options_.url + std::string(path);
  if (form.size() > kMaxUrlBytes) {
    request.method = "POST";
    request.body = form;
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  } else if (!form.empty()) {
    request.url += "?" + form;
  }
  request.headers.emplace_back("X-Loki-Response-Encoding-Flags", "categorize-labels");
  if (!options_.tenant.empty()) request.headers.emplace_back("X-Scope-OrgID", options_.tenant);
  if (!options_.token.empty()) {
    request.headers.emplace_back("Authorization", "Bearer " + options_.token);
  }
  request.timeout_ms = options_.timeout_ms;
  request.max_response_bytes = options_.max_response_bytes;
  request.cancelled = options_.cancelled;

  std::string why;
  int64_t wait_ms = options_.first_wait_ms;
  for (int left = options_.tries; left > 0; --left) {
    Result<ClientResponse> response = transport_(request);
    if (response.ok()) {
      if (response->ok()) return std::move(response->body);
      why = Words(*response);
      if (response->status < 500 && !WorthAnotherTry(response->status)) {
        return Status(Code::kRefused, options_.url + " refused: " + why);
      }
      if (!WorthAnotherTry(response->status)) break;
    } else {
      if (response.status().code() != Code::kIo) return response.status();
      why = response.status().message();
    }
    if (left == 1) break;
    if (io::WaitReadable(-1, static_cast<int>(wait_ms)) == io::WaitState::kStopped) {
      return Status(Code::kCancelled, "stopped while waiting for " + options_.url);
    }
    wait_ms *= 2;
  }
  return Status(Code::kGaveUp, options_.url + " gave no answer: " + why);
}

Result<LokiAnswer> LokiClient::QueryRange(std::string_view query, logql::TimeRange range,
                                          int64_t step_ns, logql::Direction direction,
                                          uint64_t limit) {
  Params params = {{"query", std::string(query)},
                   {"start", TimeParam(range.start_ns)},
                   {"end", TimeParam(range.end_ns)},
                   {"direction", direction == logql::Direction::kForward ? "forward" : "backward"},
                   {"limit", std::to_string(limit)}};
  if (step_ns > 0) params.emplace_back("step", StepParam(step_ns));
  GLP_ASSIGN_OR_RETURN(std::string body, Get("/loki/api/v1/query_range", params));
  Result<LokiAnswer> answer = ParseLokiAnswer(std::move(body), &labels_);
  if (!answer.ok()) return answer.status().Annotate(options_.url);
  return answer;
}

Result<LokiAnswer> LokiClient::QueryInstant(std::string_view query, int64_t at_ns) {
  GLP_ASSIGN_OR_RETURN(std::string body, Get("/loki/api/v1/query", {{"query", std::string(query)},
                                                                    {"time", TimeParam(at_ns)}}));
  Result<LokiAnswer> answer = ParseLokiAnswer(std::move(body), &labels_);
  if (!answer.ok()) return answer.status().Annotate(options_.url);
  return answer;
}

Result<std::vector<std::string>> LokiClient::Names(std::string_view path, logql::TimeRange range) {
  GLP_ASSIGN_OR_RETURN(const std::string body, Get(path, {{"start", TimeParam(range.start_ns)},
                                                          {"end", TimeParam(range.end_ns)}}));
  dom::parser parser;
  dom::element root;
  if (const auto error = parser.parse(body).get(root)) {
    return BadAnswer(simdjson::error_message(error)).Annotate(options_.url);
  }
  std::vector<std::string> names;
  dom::array data;
  if (root["data"].get(data)) return names;  // Loki leaves an empty list out
  for (dom::element one : data) {
    std::string_view name;
    if (one.get(name)) return BadAnswer("a name is not a string").Annotate(options_.url);
    names.emplace_back(name);
  }
  return names;
}

Result<std::vector<std::string>> LokiClient::LabelNames(logql::TimeRange range) {
  return Names("/loki/api/v1/labels", range);
}

Result<std::vector<std::string>> LokiClient::LabelValues(std::string_view name,
                                                         logql::TimeRange range) {
  return Names("/loki/api/v1/label/" + UrlEncode(name) + "/values", range);
}

Result<std::vector<const LabelSet*>> LokiClient::Series(std::string_view selector,
                                                        logql::TimeRange range) {
  Params params = {{"start", TimeParam(range.start_ns)}, {"end", TimeParam(range.end_ns)}};
  if (!selector.empty()) params.emplace_back("match[]", std::string(selector));
  GLP_ASSIGN_OR_RETURN(const std::string body, Get("/loki/api/v1/series", params));
  dom::parser parser;
  dom::element root;
  if (const auto error = parser.parse(body).get(root)) {
    return BadAnswer(simdjson::error_message(error)).Annotate(options_.url);
  }
  std::vector<const LabelSet*> series;
  dom::array data;
  if (root["data"].get(data)) return series;
  for (dom::element one : data) {
    Result<Labels> labels = ReadLabels(one);
    if (!labels.ok()) return labels.status().Annotate(options_.url);
    series.push_back(labels_.FromLabels(std::move(*labels)));
  }
  return series;
}

}  // namespace glp::wire
