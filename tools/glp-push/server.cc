#include "server.h"

#include <algorithm>
#include <cctype>
#include <chrono>

#include "base/strings.h"
#include "base/time.h"
#include "io/file.h"
#include "split_body.h"
#include "wire/push_proto.h"
#include "wire/push_refusal.h"
#include "wire/retry.h"

namespace glp::push {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMaxAnswerBytes = 1 << 20;
constexpr int64_t kMaxConnectMs = 5'000;
constexpr int kIngestionBlocked = 260;

// A page in HTML comes of a proxy or a login, and says nothing about the data.
bool IsPage(std::string_view words) { return !words.empty() && words.front() == '<'; }

// Loki blocks a tenant with any status that it is told to.
bool IsBlocked(const wire::ClientResponse& answer) {
  return answer.status == kIngestionBlocked ||
         TrimSpace(answer.body).starts_with("ingestion blocked");
}

enum class Verdict { kTaken, kSplit, kRefused, kLater };
Verdict Judge(const Result<wire::ClientResponse>& outcome) {
  if (!outcome.ok()) return Verdict::kLater;
  if (outcome->status == 413) return Verdict::kSplit;
  const std::string_view words = TrimSpace(outcome->body);
  if (IsPage(words) || IsBlocked(*outcome)) return Verdict::kLater;
  if (outcome->ok()) return Verdict::kTaken;
  const bool about_data = (outcome->status == 400 || outcome->status == 422) && !words.empty();
  return about_data ? Verdict::kRefused : Verdict::kLater;
}

// The refused entries of a push as dead letters, and how many there are for each reason.
struct Letters {
  std::string text;
  uint64_t entries = 0;
  uint64_t bytes = 0;
  uint64_t maybe_stored = 0;
  ReasonCounts reasons;
};

void AddLetter(const wire::PushRequest::Stream& stream, const wire::PushRequest::Entry& entry,
               const Labels& labels, RefusedBy by, Letters* letters) {
  ++letters->entries;
  letters->bytes += entry.line.size() + entry.meta.size();
  letters->maybe_stored += by.maybe_stored ? 1 : 0;
  ++letters->reasons[std::string(RefusalReason(by.why))];
  const LabelSet set{0, 0, LabelsToJson(labels), labels};
  Record record;
  record.ts_ns = entry.ts_ns;
  record.labels = &set;
  record.line = Line::Bytes(entry.line);
  record.meta = entry.meta;
  std::string src;
  if (!entry.src_id.empty()) {
    src = std::string(entry.src_id) + '@';
    AppendUint64(&src, entry.src_next);
  }
  by.src = src;
  std::string why;
  if (!stream.labels_error.empty()) {
    why = std::string(by.why) + " (labels as sent: " + std::string(stream.labels_text) + ")";
    by.why = why;
  }
  AppendDeadLetter(&letters->text, record, by);
}

Letters MakeLetters(const wire::PushRequest& request, const wire::Refusal& refusal,
                    const std::string& words, const Label& tenant, const std::string& url) {
  Letters letters;
  auto refused = refusal.refused.begin();
  for (uint32_t s = 0; s < request.streams.size(); ++s) {
    const wire::PushRequest::Stream& stream = request.streams[s];
    Labels labels = stream.labels;
    if (!tenant.name.empty() && !tenant.value.empty()) labels.push_back(tenant);
    Canonicalize(&labels);
    for (uint32_t e = 0; e < stream.entries.size(); ++e) {
      const bool named =
          refused != refusal.refused.end() && refused->stream == s && refused->entry == e;
      if (!named && refusal.complete) continue;
      RefusedBy by{named ? refusal.reasons[refused->reason] : words, url, {}, !named};
      AddLetter(stream, stream.entries[e], labels, by, &letters);
      if (named) ++refused;
    }
  }
  return letters;
}

// All entries, for `why`.
wire::Refusal RefuseAll(const wire::PushRequest& request, const std::string& why) {
  wire::Refusal refusal;
  refusal.reasons.push_back(why);
  refusal.complete = true;
  for (uint32_t s = 0; s < request.streams.size(); ++s) {
    for (uint32_t e = 0; e < request.streams[s].entries.size(); ++e) {
      refusal.refused.push_back({s, e, 0});
    }
  }
  return refusal;
}

}  // namespace

Server::Server(const Shared& shared, const Target& target, Outbox* outbox)
    : shared_(shared),
      target_(target),
      outbox_(outbox),
      encoded_bytes_(shared.metrics->NewCounter("promtail_encoded_bytes_total",
                                                "Bytes of request bodies made ready to be sent.",
                                                {{"host", target.host}})),
      sent_bytes_(shared.metrics->NewCounter("promtail_sent_bytes_total",
                                             "Bytes of request bodies that the server took.",
                                             {{"host", target.host}})),
      sent_entries_(shared.metrics->NewCounter("promtail_sent_entries_total",
                                               "Log lines that the server took.",
                                               {{"host", target.host}})) {}

void Server::Work() {
  wire::HttpClient client(shared_.context.tool(), target_.client);
  while (Outbox::Item* item = outbox_->Take()) Send(&client, item);
}

// --- one batch ---

void Server::Send(wire::HttpClient* client, Outbox::Item* item) {
  if (!item->parts && !SendPart(client, item, item->batch->body)) return;
  while (item->parts && !item->parts->empty()) {
    const std::string body = item->parts->front();
    if (!SendPart(client, item, body)) return;
  }
  sent_entries_.Add(item->batch->entries - std::min(item->refused, item->batch->entries));
  outbox_->Delivered(item);
}

bool Server::SendPart(wire::HttpClient* client, Outbox::Item* item, std::string_view body) {
  const Outcome outcome = Try(client, item->batch->tenant, body);
  const Verdict verdict = Judge(outcome);
  if (verdict == Verdict::kLater) {
    GiveBack(item, outcome, wire::DescribeOutcome(outcome));
    return false;
  }
  if (verdict == Verdict::kSplit) {
    if (auto halves = SplitBody(body); halves.ok()) {
      if (item->parts) item->parts->pop_front();
      if (!item->parts) item->parts.emplace();
      item->parts->push_front(std::move(halves->second));
      item->parts->push_front(std::move(halves->first));
      return true;
    }
  }
  if (verdict != Verdict::kTaken) {
    if (Status status = KeepRefused(item, body, outcome); !status.ok()) {
      GiveBack(item, outcome, "refused records cannot be kept: " + status.message());
      return false;
    }
  }
  if (item->parts) item->parts->pop_front();
  return true;
}

void Server::GiveBack(Outbox::Item* item, const Outcome& outcome, const std::string& words) {
  constexpr int kTooManyRequests = 429;
  DoubtKind(outcome);
  Outbox::Failure failure{words, std::nullopt, false, outcome.status()};
  if (outcome.ok()) {
    failure.wait_ns = wire::ParseRetryAfterNs(outcome->Header("retry-after"), NowNs());
    failure.throttled = outcome->status == kTooManyRequests;
  }
  shared_.metrics
      ->NewCounter("promtail_batch_retries_total", "Requests that had to be repeated.",
                   {{"host", target_.host}, {"tenant", item->batch->tenant}})
      .Add();
  outbox_->Failed(item, failure);
}

Status Server::KeepRefused(Outbox::Item* item, std::string_view body, const Outcome& outcome) {
  wire::ProtoPushDecoder decoder;
  GLP_ASSIGN_OR_RETURN(const wire::PushRequest* request, decoder.Decode(body));
  const std::string words = wire::DescribeOutcome(outcome);
  const bool too_large = Judge(outcome) == Verdict::kSplit;
  const wire::Refusal refusal =
      too_large ? RefuseAll(*request, words) : wire::FindRefused(*request, outcome->body);
  const Label tenant{shared_.tenant_label, item->batch->tenant};
  const Letters letters = MakeLetters(*request, refusal, words, tenant, UrlForPeople(target_.url));
  if (letters.entries == 0) return Status::Ok();
  if (shared_.dead_letters != nullptr)
    GLP_RETURN_IF_ERROR(shared_.dead_letters->Keep(letters.text));

  item->refused += letters.entries;
  CountRefused(item->batch->tenant, letters.reasons, letters.bytes);
  shared_.refusals->Add(letters.reasons, letters.maybe_stored);
  std::string text = std::to_string(letters.entries) + " records refused";
  if (letters.maybe_stored > 0) text += " (the server may have stored some)";
  if (shared_.dead_letters != nullptr) text += " and kept in " + shared_.dead_letters->path();
  shared_.context.Incomplete("batches with refused records", text + ": " + words);
  return Status::Ok();
}

void Server::CountRefused(const std::string& tenant, const ReasonCounts& reasons, uint64_t bytes) {
  for (const auto& [reason, count] : reasons) {
    shared_.metrics
        ->NewCounter("promtail_dropped_entries_total", "Log lines that the server refused.",
                     {{"host", target_.host}, {"tenant", tenant}, {"reason", reason}})
        .Add(count);
  }
  shared_.metrics
      ->NewCounter("promtail_dropped_bytes_total", "Bytes of log lines that the server refused.",
                   {{"host", target_.host}, {"tenant", tenant}})
      .Add(bytes);
}

// --- one request ---

Result<wire::HeaderList> Server::Headers(const std::string& tenant) const {
  wire::HeaderList headers;
  const std::string& id = tenant.empty() ? target_.tenant : tenant;
  if (!id.empty()) headers.emplace_back("X-Scope-OrgID", id);
  if (!target_.token_file.empty()) {
    GLP_ASSIGN_OR_RETURN(const std::string token, io::ReadFile(target_.token_file));
    headers.emplace_back("Authorization", wire::BearerAuth(TrimSpace(token)));
  } else if (!target_.token.empty()) {
    headers.emplace_back("Authorization", wire::BearerAuth(target_.token));
  } else if (!target_.user.empty()) {
    std::string password = target_.password;
    if (!target_.password_file.empty()) {
      GLP_ASSIGN_OR_RETURN(password, io::ReadFile(target_.password_file));
      password = TrimSpace(password);
    }
    headers.emplace_back("Authorization", wire::BasicAuth(target_.user, password));
  }
  return headers;
}

wire::ClientRequest Server::MakeRequest(std::string method, std::string url) const {
  wire::ClientRequest request;
  request.method = std::move(method);
  request.url = std::move(url);
  request.timeout_ms = target_.timeout_ms;
  request.connect_timeout_ms = std::min(target_.timeout_ms, kMaxConnectMs);
  request.max_response_bytes = kMaxAnswerBytes;
  request.cut_response = true;
  request.cancelled = [this] { return outbox_->Over(); };
  return request;
}

Result<wire::PushTarget> Server::AskKind(wire::HttpClient* client,
                                         const wire::HeaderList& headers) {
  const uint64_t failures = kind_failures_;
  std::lock_guard lock(kind_mutex_);
  if (kind_) return *kind_;
  // Another worker asked meanwhile: the answer would be the same, after as long a wait.
  if (kind_failures_ != failures) return kind_failure_;
  if (target_.info_url.empty()) {
    kind_ = wire::PushTarget::kLoki;
    return *kind_;
  }
  wire::ClientRequest request = MakeRequest("GET", target_.info_url);
  request.headers = headers;
  const Outcome answer = client->Do(request);
  if (!answer.ok()) return KindFailed(answer.status());
  // A server in trouble is asked again before the next try; one that does not know the question
  // (501) is not. Where nobody ever answers it, a proxy may still let pushes through.
  constexpr int kNotImplemented = 501;
  constexpr int kMaxTroubles = 3;
  const bool trouble = answer->status >= 500 && answer->status != kNotImplemented;
  if (trouble || answer->status == 429) {
    if (++kind_troubles_ > kMaxTroubles) return wire::PushTarget::kLoki;
    return KindFailed(Status(Code::kIo, "asked what it is: " + wire::DescribeOutcome(answer)));
  }
  kind_ = answer->ok() ? wire::ReadPushTarget(answer->body) : wire::PushTarget::kLoki;
  kind_is_guess_ = !answer->ok();
  return *kind_;
}

// What did not answer may be another when it does, and what answered in its place (a proxy without
// a server behind it, a login that failed) did not speak for it.
void Server::DoubtKind(const Outcome& outcome) {
  std::lock_guard lock(kind_mutex_);
  if (!outcome.ok() || kind_is_guess_) kind_.reset();
}

Status Server::KindFailed(Status status) {
  kind_failure_ = std::move(status);
  ++kind_failures_;
  return kind_failure_;
}

void Server::Observe(const Outcome& outcome, double seconds) {
  const int status = outcome.ok() ? outcome->status : -1;
  shared_.metrics
      ->NewHistogram("promtail_request_duration_seconds", "How long pushes took.",
                     cli::DefaultSeconds(),
                     {{"status_code", std::to_string(status)}, {"host", target_.host}})
      .Observe(seconds);
}

Server::Outcome Server::Try(wire::HttpClient* client, const std::string& tenant,
                            std::string_view body) {
  GLP_ASSIGN_OR_RETURN(wire::HeaderList headers, Headers(tenant));
  GLP_ASSIGN_OR_RETURN(const wire::PushTarget kind, AskKind(client, headers));
  const auto format = target_.json ? wire::PushFormat::kJson : wire::PushFormat::kProtobuf;
  GLP_ASSIGN_OR_RETURN(wire::PushBody made,
                       wire::MakePushBody({&body, 1}, format, target_.gzip, kind));
  // It was given room for the worst case, and may wait long for its answer.
  made.bytes.shrink_to_fit();
  encoded_bytes_.Add(made.bytes.size());
  wire::ClientRequest request = MakeRequest("POST", target_.url);
  request.headers = std::move(headers);
  made.AddHeaders(&request.headers);
  request.body = made.bytes;
  const Clock::time_point start = Clock::now();
  Outcome outcome = client->Do(request);
  Observe(outcome, std::chrono::duration<double>(Clock::now() - start).count());
  const Verdict verdict = Judge(outcome);
  if (verdict == Verdict::kTaken) sent_bytes_.Add(made.bytes.size());
  if (verdict == Verdict::kTaken || verdict == Verdict::kRefused) {
    for (uint64_t i = 0; i < made.changed_lines; ++i) {
      shared_.context.Incomplete(
          "changed lines", "a line is not UTF-8: bytes that Loki's JSON cannot hold were replaced");
    }
  }
  return outcome;
}

}  // namespace glp::push
