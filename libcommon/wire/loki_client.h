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

namespace glp::wire {

// An entry as a server gives it. Entry::meta and Entry::fields are canonical JSON, "" for none.
using LokiEntry = logql::Entry;

struct LokiAnswer {
  enum class Type { kStreams, kMatrix, kVector, kScalar };
  Type type = Type::kStreams;
  std::vector<LokiEntry> entries;      // kStreams: stream by stream, as the server gave them
  std::vector<logql::Series> series;   // the others; kScalar: one without labels
  std::string body;                    // not kStreams: the answer as it came
  std::vector<std::string> warnings;   // the server's own
  std::shared_ptr<const void> memory;  // what the entries' views look into
};

// Reads an answer's body. `labels` gets the streams' labels.
Result<LokiAnswer> ParseLokiAnswer(std::string body, LabelTable* labels);

struct LokiClientOptions {
  std::string url;         // as NormalizeUrl gives it
  std::string tenant;      // "" sends none
  std::string token;       // bearer; "" sends none
  std::string user_agent;  // "glp-query/0.1.0"
  int tries = 3;
  int64_t first_wait_ms = 250;  // between tries; doubled each time
  int64_t timeout_ms = 300'000;
  size_t max_response_bytes = size_t{256} << 20;
  std::function<bool()> cancelled;  // may be empty
};

class LokiClient {
 public:
  using Transport = std::function<Result<ClientResponse>(const ClientRequest&)>;
  explicit LokiClient(const LokiClientOptions& options);
  // Another way to the server: tests.
  LokiClient(LokiClientOptions options, Transport transport);
  ~LokiClient();

  // One answer of /query_range, no more than `limit` entries. `step_ns` 0: the server's default.
  Result<LokiAnswer> QueryRange(std::string_view query, logql::TimeRange range, int64_t step_ns,
                                logql::Direction direction, uint64_t limit);
  Result<LokiAnswer> QueryInstant(std::string_view query, int64_t at_ns);
  Result<std::vector<std::string>> LabelNames(logql::TimeRange range);
  Result<std::vector<std::string>> LabelValues(std::string_view name, logql::TimeRange range);
  // `selector` "" for all.
  Result<std::vector<const LabelSet*>> Series(std::string_view selector, logql::TimeRange range);

  const std::string& url() const { return options_.url; }
  // Label sets of all answers so far go, if there are very many. True where they went.
  bool ForgetManyLabels();

 private:
  using Params = std::vector<std::pair<std::string, std::string>>;
  Result<std::string> Get(std::string_view path, const Params& params);
  Result<std::vector<std::string>> Names(std::string_view path, logql::TimeRange range);

  LokiClientOptions options_;
  Transport transport_;
  LabelTable labels_;
};

// What a server says when a limit is over its own ("max entries limit per query exceeded …"): that
// limit; 0 where `message` says something else.
uint64_t EntriesLimitOf(std::string_view message);

}  // namespace glp::wire
