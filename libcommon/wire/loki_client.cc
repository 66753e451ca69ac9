#include "wire/loki_client.h"

#include <algorithm>
#include <charconv>

#include "base/strings.h"
#include "base/time.h"
#include "base/units.h"
#include "io/stop.h"

namespace glp::wire {
namespace {

using Params = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kFlagsName = "X-Loki-Response-Encoding-Flags";
constexpr const char* kFlags = "categorize-labels";
constexpr std::string_view kDeletePath = "/loki/api/v1/delete";

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

Params RangeParams(logql::TimeRange range) {
  return {{"start", TimeParam(range.start_ns)}, {"end", TimeParam(range.end_ns)}};
}

Params QueryParams(std::string_view query, logql::TimeRange range) {
  Params params = RangeParams(range);
  params.emplace_back("query", query);
  return params;
}

void AddLimit(const char* name, uint64_t limit, Params* params) {
  if (limit > 0) params->emplace_back(name, std::to_string(limit));
}

}  // namespace

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

LokiClient::LokiClient(const LokiClientOptions& options) : LokiClient(options, OverHttp(options)) {}

LokiClient::LokiClient(LokiClientOptions options, Transport transport)
    : options_(std::move(options)), transport_(std::move(transport)) {}

LokiClient::Transport LokiClient::OverHttp(const LokiClientOptions& options) {
  auto client = std::make_shared<HttpClient>(options.user_agent, options.client);
  return [client](const ClientRequest& request) { return client->Do(request); };
}

LokiClient::~LokiClient() = default;

bool LokiClient::ForgetManyLabels() {
  if (labels_.size() <= LabelTable::kMaxSets) return false;
  labels_.Clear();
  return true;
}

Result<ClientResponse> LokiClient::Ask(std::string_view method, std::string_view path,
                                       const Params& params, uint64_t tries) {
  // A query longer than what servers take as a URL goes as a form.
  constexpr size_t kMaxUrlBytes = 4096;
  const std::string form = EncodeForm(params);
  ClientRequest request;
  request.method = method;
  request.url = options_.url + std::string(path);
  if (form.size() > kMaxUrlBytes && method == "GET") {
    request.method = "POST";
    request.body = form;
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  } else if (!form.empty()) {
    request.url += "?" + form;
  }
  request.headers.insert(request.headers.end(), options_.headers.begin(), options_.headers.end());
  request.headers.emplace_back(kFlagsName, kFlags);
  request.timeout_ms = options_.timeout_ms;
  request.max_response_bytes = options_.max_response_bytes;
  request.cancelled = options_.cancelled;

  std::string why;
  int64_t wait_ms = options_.first_wait_ms;
  for (uint64_t left = tries; left > 0; --left) {
    Result<ClientResponse> response = transport_(request);
    last_status_ = response.ok() ? response->status : 0;
    if (response.ok()) {
      if (response->ok()) return response;
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
    const int64_t now_ms = std::min(wait_ms, options_.longest_wait_ms);
    if (io::WaitReadable(-1, static_cast<int>(now_ms)) == io::WaitState::kStopped) {
      return Status(Code::kCancelled, "stopped while waiting for " + options_.url);
    }
    wait_ms = now_ms * 2;
  }
  return Status(Code::kGaveUp, options_.url + " gave no answer: " + why);
}

Result<std::string> LokiClient::Get(std::string_view path, const Params& params) {
  GLP_ASSIGN_OR_RETURN(ClientResponse response, Ask("GET", path, params, options_.tries));
  return std::move(response.body);
}

template <typename Parse>
auto LokiClient::GetAs(std::string_view path, const Params& params, Parse&& parse)
    -> decltype(parse(std::string())) {
  GLP_ASSIGN_OR_RETURN(std::string body, Get(path, params));
  auto parsed = parse(std::move(body));
  if (!parsed.ok()) return parsed.status().Annotate(options_.url);
  return parsed;
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
  return GetAs("/loki/api/v1/query_range", params,
               [this](std::string body) { return ParseLokiAnswer(std::move(body), &labels_); });
}

Result<LokiAnswer> LokiClient::QueryInstant(std::string_view query, int64_t at_ns) {
  return GetAs("/loki/api/v1/query", {{"query", std::string(query)}, {"time", TimeParam(at_ns)}},
               [this](std::string body) { return ParseLokiAnswer(std::move(body), &labels_); });
}

Result<std::vector<std::string>> LokiClient::LabelNames(logql::TimeRange range) {
  return GetAs("/loki/api/v1/labels", RangeParams(range), ParseNames);
}

Result<std::vector<std::string>> LokiClient::LabelValues(std::string_view name,
                                                         logql::TimeRange range) {
  return GetAs("/loki/api/v1/label/" + UrlEncode(name) + "/values", RangeParams(range), ParseNames);
}

Result<std::vector<const LabelSet*>> LokiClient::Series(std::string_view selector,
                                                        logql::TimeRange range) {
  Params params = RangeParams(range);
  if (!selector.empty()) params.emplace_back("match[]", std::string(selector));
  return GetAs("/loki/api/v1/series", params,
               [this](const std::string& body) { return ParseSeries(body, &labels_); });
}

Result<LokiAnswer> LokiClient::Volume(std::string_view selector, logql::TimeRange range,
                                      const VolumeParams& volume) {
  Params params = QueryParams(selector, range);
  AddLimit("limit", volume.limit, &params);
  if (volume.step_ns > 0) params.emplace_back("step", StepParam(volume.step_ns));
  if (!volume.target_labels.empty()) {
    params.emplace_back("targetLabels", Join(volume.target_labels, ","));
  }
  if (!volume.aggregate_by.empty()) params.emplace_back("aggregateBy", volume.aggregate_by);
  return GetAs(volume.step_ns > 0 ? "/loki/api/v1/index/volume_range" : "/loki/api/v1/index/volume",
               params,
               [this](std::string body) { return ParseLokiAnswer(std::move(body), &labels_); });
}

Result<logql::IndexStats> LokiClient::Stats(std::string_view selector, logql::TimeRange range) {
  return GetAs("/loki/api/v1/index/stats", QueryParams(selector, range), ParseIndexStats);
}

Result<std::vector<logql::DetectedField>> LokiClient::DetectedFields(std::string_view query,
                                                                     logql::TimeRange range,
                                                                     uint64_t lines,
                                                                     uint64_t limit) {
  Params params = QueryParams(query, range);
  AddLimit("line_limit", lines, &params);
  AddLimit("limit", limit, &params);
  return GetAs("/loki/api/v1/detected_fields", params, ParseDetectedFields);
}

Result<std::vector<std::string>> LokiClient::DetectedFieldValues(std::string_view query,
                                                                 std::string_view field,
                                                                 logql::TimeRange range,
                                                                 uint64_t lines, uint64_t limit) {
  Params params = QueryParams(query, range);
  AddLimit("line_limit", lines, &params);
  AddLimit("limit", limit, &params);
  return GetAs("/loki/api/v1/detected_field/" + UrlEncode(field) + "/values", params, ParseNames);
}

Result<std::vector<logql::PatternSeries>> LokiClient::Patterns(std::string_view selector,
                                                               logql::TimeRange range,
                                                               int64_t step_ns) {
  Params params = QueryParams(selector, range);
  if (step_ns > 0) params.emplace_back("step", StepParam(step_ns));
  return GetAs("/loki/api/v1/patterns", params, ParsePatterns);
}

Result<std::string> LokiClient::CreateDelete(std::string_view query, logql::TimeRange range,
                                             int64_t max_interval_ns) {
  // As RFC 3339: here digits would be seconds.
  Params params = {{"query", std::string(query)},
                   {"start", FormatTimestamp(range.start_ns)},
                   {"end", FormatTimestamp(range.end_ns)}};
  if (max_interval_ns > 0) params.emplace_back("max_interval", FormatDuration(max_interval_ns));
  GLP_ASSIGN_OR_RETURN(const ClientResponse response, Ask("POST", kDeletePath, params, 1));
  return std::string(response.Header("x-delete-request-id"));
}

Result<std::vector<DeleteRequest>> LokiClient::Deletes() {
  return GetAs(kDeletePath, {}, ParseDeletes);
}

Status LokiClient::CancelDelete(std::string_view id, bool force) {
  Params params = {{"request_id", std::string(id)}};
  if (force) params.emplace_back("force", "true");
  return Ask("DELETE", kDeletePath, params, 1).status();
}

Result<std::unique_ptr<WsClient>> LokiClient::OpenTail(std::string_view query, int64_t start_ns,
                                                       int64_t delay_ns, ClientResponse* refusal) {
  Params params = {{"query", std::string(query)}, {"start", TimeParam(start_ns)}};
  if (delay_ns > 0) {
    params.emplace_back("delay_for", std::to_string((delay_ns - 1) / kNsPerSecond + 1));
  }
  WsRequest request;
  request.url = options_.url + "/loki/api/v1/tail?" + EncodeForm(params);
  request.headers = options_.headers;
  request.headers.emplace_back(kFlagsName, kFlags);
  request.max_message_bytes = options_.max_response_bytes;
  return WsClient::Open(options_.user_agent, options_.client, request, refusal);
}

Result<TailMessage> LokiClient::ReadTail(std::string message) {
  Result<TailMessage> parsed = ParseTailMessage(std::move(message), &labels_);
  if (!parsed.ok()) return parsed.status().Annotate(options_.url);
  return parsed;
}

}  // namespace glp::wire
