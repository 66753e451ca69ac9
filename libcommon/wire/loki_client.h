// Loki's query API from the asking side: Loki itself, or a glp-store.
// Lifetime: entries of an answer live as long as the answer; label sets as long as the client or
//           until ForgetLabels.
// Threads:  one at a time.
// Errors:   Code::kRefused: the server does not do it (4xx; the message has the status and its own
//           words); kGaveUp: no answer, or 429 and 5xx, in all the tries; kData: the answer is not
//           what the API says; kLimit: it is over max_response_bytes; kCancelled.
// Format:   Loki 3.7 HTTP API. Answers are asked for with `categorize-labels`; a server that does
//           not know it gives labels with metadata merged in.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "logql/eval.h"
#include "logql/source.h"
#include "record/labels.h"
#include "wire/http_client.h"
#include "wire/loki_answer.h"
#include "wire/ws_client.h"

namespace glp::wire {

struct LokiClientOptions {
  std::string url;         // as NormalizeUrl gives it
  std::string user_agent;  // "glp-query"
  HeaderList headers;      // sent with every request: who asks
  ClientOptions client;    // how to connect
  uint64_t tries = 3;
  int64_t first_wait_ms = 250;  // between tries; doubled each time
  int64_t longest_wait_ms = 60'000;
  int64_t timeout_ms = 300'000;
  size_t max_response_bytes = size_t{256} << 20;
  std::function<bool()> cancelled;  // may be empty
};

struct VolumeParams {
  int64_t step_ns = 0;
  uint64_t limit = 0;
  std::vector<std::string> target_labels;
  std::string aggregate_by;  // series, labels
};

class LokiClient {
 public:
  using Transport = std::function<Result<ClientResponse>(const ClientRequest&)>;
  explicit LokiClient(const LokiClientOptions& options);
  // A way to the server of one's own: tests, and clients that share a connection.
  LokiClient(LokiClientOptions options, Transport transport);
  // Over kept-alive connections; used by one client at a time.
  static Transport OverHttp(const LokiClientOptions& options);
  ~LokiClient();

  // One answer of /query_range, no more than `limit` entries. `step_ns` 0: the server's default.
  Result<LokiAnswer> QueryRange(std::string_view query, logql::TimeRange range, int64_t step_ns,
                                logql::Direction direction, uint64_t limit);
  Result<LokiAnswer> QueryInstant(std::string_view query, int64_t at_ns);
  Result<std::vector<std::string>> LabelNames(logql::TimeRange range);
  Result<std::vector<std::string>> LabelValues(std::string_view name, logql::TimeRange range);
  // `selector` "" for all.
  Result<std::vector<const LabelSet*>> Series(std::string_view selector, logql::TimeRange range);
  // A vector, or a matrix where there is a step. 0 and empty ones: the server's defaults.
  Result<LokiAnswer> Volume(std::string_view selector, logql::TimeRange range,
                            const VolumeParams& params);
  Result<logql::IndexStats> Stats(std::string_view selector, logql::TimeRange range);
  // Of the newest `lines` lines; at most `limit` fields or values. 0: the server's defaults.
  Result<std::vector<logql::DetectedField>> DetectedFields(std::string_view query,
                                                           logql::TimeRange range, uint64_t lines,
                                                           uint64_t limit);
  Result<std::vector<std::string>> DetectedFieldValues(std::string_view query,
                                                       std::string_view field,
                                                       logql::TimeRange range, uint64_t lines,
                                                       uint64_t limit);
  // last_status() is 404 where the server keeps no patterns.
  Result<std::vector<logql::PatternSeries>> Patterns(std::string_view selector,
                                                     logql::TimeRange range, int64_t step_ns);

  // The id of the new request, "" where the server does not say it. Tried once.
  Result<std::string> CreateDelete(std::string_view query, logql::TimeRange range,
                                   int64_t max_interval_ns);
  Result<std::vector<DeleteRequest>> Deletes();
  Status CancelDelete(std::string_view id, bool force);

  // A WebSocket that tells of lines from `start_ns` on: tried once. With kRefused, `refusal` has
  // the server's answer. The socket must not outlive this.
  Result<std::unique_ptr<WsClient>> OpenTail(std::string_view query, int64_t start_ns,
                                             int64_t delay_ns, ClientResponse* refusal);
  Result<TailMessage> ReadTail(std::string message);

  const std::string& url() const { return options_.url; }
  // Of the last answer; 0 where none came.
  int last_status() const { return last_status_; }
  // Label sets of all answers so far go, if there are very many. True where they went.
  bool ForgetManyLabels();

 private:
  using Params = std::vector<std::pair<std::string, std::string>>;
  // What the server answered where it did (2xx).
  Result<ClientResponse> Ask(std::string_view method, std::string_view path, const Params& params,
                             uint64_t tries);
  Result<std::string> Get(std::string_view path, const Params& params);
  // The same, read by `parse`, with the server's name in front of errors.
  template <typename Parse>
  auto GetAs(std::string_view path, const Params& params, Parse&& parse)
      -> decltype(parse(std::string()));

  LokiClientOptions options_;
  Transport transport_;
  int last_status_ = 0;
  LabelTable labels_;
};

// What a server says when a limit is over its own ("max entries limit per query exceeded …"): that
// limit; 0 where `message` says something else.
uint64_t EntriesLimitOf(std::string_view message);

}  // namespace glp::wire
