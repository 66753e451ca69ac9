// Sends what waits in an outbox to its server: one request after the other in each worker, taking
// apart what the server says.
//   taken      any 2xx that is no page in HTML and not Loki's "ingestion blocked" (260, or what
//              Loki is told to say): the batch is delivered
//   split      413 for more than one entry: in two halves
//   refused    400 and 422 with words, 413 for one entry: what the words name is kept as dead
//              letters, or counted and said; the rest was stored and is not sent again
//   later      everything else, also 401, 403, 404 and 405, which say nothing about the data: the
//              same again, by the outbox' rules
// A server that says it is a glp-store gets the `src` of each entry (wire/PUSH.md).
// Threads: Work from any number; one HttpClient each.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>

#include "batch.h"
#include "cli/main.h"
#include "cli/metrics.h"
#include "dead_letters.h"
#include "outbox.h"
#include "refusals.h"
#include "target.h"
#include "wire/http_client.h"
#include "wire/push_body.h"
#include "wire/push_request.h"

namespace glp::push {

class Server {
 public:
  // What all servers of a run share; must outlive them.
  struct Shared {
    cli::Context& context;
    cli::Metrics* metrics;
    Refusals* refusals;
    DeadLetters* dead_letters;  // null: what is refused is only counted and said
    std::string tenant_label;   // where a dead letter says whose it was
  };
  Server(const Shared& shared, const Target& target, Outbox* outbox);

  // Until the outbox has no more.
  void Work();
  const Target& target() const { return target_; }

 private:
  // A request's answer, or why there is none.
  using Outcome = Result<wire::ClientResponse>;

  Outcome Try(wire::HttpClient* client, const std::string& tenant, std::string_view body);
  Result<wire::PushTarget> AskKind(wire::HttpClient* client, const wire::HeaderList& headers);
  // After a try that failed.
  void DoubtKind(const Outcome& outcome);
  // REQUIRES: kind_mutex_ is held.
  Status KindFailed(Status status);
  Result<wire::HeaderList> Headers(const std::string& tenant) const;
  wire::ClientRequest MakeRequest(std::string method, std::string url) const;
  void Observe(const Outcome& outcome, double seconds);
  void Send(wire::HttpClient* client, Outbox::Item* item);
  // False where the item failed and was given back.
  bool SendPart(wire::HttpClient* client, Outbox::Item* item, std::string_view body);
  Status KeepRefused(Outbox::Item* item, std::string_view body, const Outcome& outcome);
  void GiveBack(Outbox::Item* item, const Outcome& outcome, const std::string& words);
  void CountRefused(const std::string& tenant, const ReasonCounts& reasons, uint64_t bytes);

  const Shared& shared_;
  const Target& target_;
  Outbox* const outbox_;
  cli::Counter& encoded_bytes_;
  cli::Counter& sent_bytes_;
  cli::Counter& sent_entries_;

  std::mutex kind_mutex_;
  std::optional<wire::PushTarget> kind_;
  bool kind_is_guess_ = false;
  int kind_troubles_ = 0;
  Status kind_failure_;  // the last
  std::atomic<uint64_t> kind_failures_{0};
};

}  // namespace glp::push
