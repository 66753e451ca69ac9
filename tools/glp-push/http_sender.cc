#include "http_sender.h"

#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <random>

#include "base/strings.h"
#include "base/units.h"
#include "io/file.h"
#include "io/stop.h"
#include "wire/gzip.h"
#include "wire/http_client.h"
#include "wire/retry.h"

namespace glp::push {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::string_view kPushPath = "/loki/api/v1/push";
constexpr std::string_view kInfoPath = "/loki/api/v1/status/buildinfo";
// After a stop was asked for, requests may take this long altogether.
constexpr milliseconds kStopGrace{700};
// While a server stays away its words are repeated no more often than this.
constexpr std::chrono::seconds kSayAgain{60};
constexpr int64_t kMaxRetryAfterNs = 3600 * kNsPerSecond;
constexpr size_t kMaxAnswerBytes = 1 << 20;

class HttpSender : public Sender {
 public:
  HttpSender(const Options& options, cli::Context& context, std::string url)
      : options_(options),
        context_(context),
        client_(context.tool()),
        backoff_(options.min_backoff.ns, options.max_backoff.ns, std::random_device()()),
        push_url_(std::move(url)) {
    // A URL with a path of its own is not known to lead to a server that has the other one.
    if (push_url_.size() > kPushPath.size() &&
        push_url_.compare(push_url_.size() - kPushPath.size(), kPushPath.size(), kPushPath) == 0) {
      info_url_ = push_url_.substr(0, push_url_.size() - kPushPath.size());
      info_url_ += kInfoPath;
    }
  }

  Status Send(const wire::PushBatch& batch) override;
  Status Finish() override;

 private:
  enum class Kind { kUnknown, kLoki, kGlp };

  Result<wire::ClientResponse> Try(const wire::PushBatch& batch);
  Status AskKind();
  Result<wire::HeaderList> Headers() const;
  wire::ClientRequest MakeRequest(std::string method, std::string url) const;
  void Refused(const wire::PushBatch& batch, const std::string& words);
  Status WaitToRetry(const Result<wire::ClientResponse>& outcome, uint64_t tries);
  milliseconds StopTimeLeft() const;

  const Options& options_;
  cli::Context& context_;
  wire::HttpClient client_;
  wire::Backoff backoff_;
  std::string push_url_;
  std::string info_url_;  // "" where the server cannot be asked
  Kind kind_ = Kind::kUnknown;
  mutable std::optional<Clock::time_point> stop_seen_;
  wire::HeaderList headers_;
  std::string body_;
  std::string said_;
  Clock::time_point said_at_;
  uint64_t refused_records_ = 0;
  uint64_t refused_batches_ = 0;
};

milliseconds HttpSender::StopTimeLeft() const {
  if (!stop_seen_) stop_seen_ = Clock::now();
  return std::chrono::duration_cast<milliseconds>(*stop_seen_ + kStopGrace - Clock::now());
}

Result<wire::HeaderList> HttpSender::Headers() const {
  wire::HeaderList headers;
  if (!options_.tenant.empty()) headers.emplace_back("X-Scope-OrgID", options_.tenant);
  if (!options_.token_file.empty()) {
    Result<std::string> token = io::ReadFile(options_.token_file);
    if (!token.ok()) return token.status().Annotate("--token-file");
    headers.emplace_back("Authorization", "Bearer " + std::string(TrimSpace(*token)));
  }
  return headers;
}

wire::ClientRequest HttpSender::MakeRequest(std::string method, std::string url) const {
  wire::ClientRequest request;
  request.method = std::move(method);
  request.url = std::move(url);
  request.timeout_ms = options_.timeout.ns / kNsPerMs;
  request.connect_timeout_ms = std::min<int64_t>(request.timeout_ms, 5'000);
  request.max_response_bytes = kMaxAnswerBytes;
  request.cancelled = [this] { return io::StopRequested() && StopTimeLeft().count() <= 0; };
  return request;
}

// Sets kind_ where the server's answer says what it is. Errors: no answer.
Status HttpSender::AskKind() {
  if (info_url_.empty()) {
    kind_ = Kind::kLoki;
    return Status::Ok();
  }
  wire::ClientRequest request = MakeRequest("GET", info_url_);
  request.headers = headers_;
  GLP_ASSIGN_OR_RETURN(wire::ClientResponse answer, client_.Do(request));
  // A server in trouble is asked again before the next try; one that does not know the question
  // (501) is not.
  constexpr int kNotImplemented = 501;
  const bool trouble = answer.status >= 500 && answer.status != kNotImplemented;
  if (trouble || answer.status == 429) return Status::Ok();
  kind_ = Kind::kLoki;
  if (!answer.ok()) return Status::Ok();
  simdjson::dom::parser parser;
  std::string_view application;
  if (!parser.parse(answer.body)["application"].get(application) && application == "glp") {
    kind_ = Kind::kGlp;
  }
  return Status::Ok();
}

Result<wire::ClientResponse> HttpSender::Try(const wire::PushBatch& batch) {
  if (kind_ == Kind::kUnknown) GLP_RETURN_IF_ERROR(AskKind());
  body_.clear();
  batch.AppendBody(&body_, kind_ == Kind::kGlp);
  wire::ClientRequest request = MakeRequest("POST", push_url_);
  request.headers = headers_;
  request.headers.emplace_back("Content-Type", "application/json");
  if (options_.gzip) {
    body_ = wire::Gzip(body_);
    request.headers.emplace_back("Content-Encoding", "gzip");
  }
  request.body = body_;
  return client_.Do(request);
}

void HttpSender::Refused(const wire::PushBatch& batch, const std::string& words) {
  refused_records_ += batch.entries();
  ++refused_batches_;
  context_.Incomplete("refused batches",
                      "batch of " + std::to_string(batch.entries()) + " records refused: " + words);
}

Status HttpSender::WaitToRetry(const Result<wire::ClientResponse>& outcome, uint64_t tries) {
  const std::string words = wire::DescribeOutcome(outcome);
  if (options_.max_retries > 0 && tries > options_.max_retries) {
    return Status(Code::kGaveUp, "gave up after " + std::to_string(tries) + " tries: " + words);
  }
  int64_t wait_ns = backoff_.NextNs();
  if (outcome.ok()) {
    const auto asked = wire::ParseRetryAfterNs(outcome->Header("retry-after"), NowNs());
    if (asked) wait_ns = std::max(wait_ns, std::min(*asked, kMaxRetryAfterNs));
  }
  if (words != said_ || Clock::now() - said_at_ > kSayAgain) {
    context_.Say(words + "; trying again in " +
                 FormatDuration(std::max(kNsPerMs, wait_ns / kNsPerMs * kNsPerMs)));
    said_ = words;
    said_at_ = Clock::now();
  }
  constexpr int64_t kMostMs = std::numeric_limits<int>::max();
  io::WaitReadable(-1, static_cast<int>(std::clamp<int64_t>(wait_ns / kNsPerMs, 1, kMostMs)));
  return Status::Ok();
}

Status HttpSender::Send(const wire::PushBatch& batch) {
  bool last_try = false;
  for (uint64_t tries = 1;; ++tries) {
    GLP_ASSIGN_OR_RETURN(headers_, Headers());
    const Result<wire::ClientResponse> outcome = Try(batch);
    const Code code = outcome.status().code();
    if (code == Code::kUsage) return outcome.status();
    switch (wire::JudgePush(outcome)) {
      case wire::Verdict::kTaken:
        if (!said_.empty()) context_.Say("the server takes records again");
        said_.clear();
        backoff_.Reset();
        if (kind_ != Kind::kGlp) TellChangedLines(context_, batch);
        return Status::Ok();
      case wire::Verdict::kRefused:
        backoff_.Reset();
        Refused(batch, wire::DescribeOutcome(outcome));
        return Status::Ok();
      case wire::Verdict::kRetry:
        break;
    }
    if (last_try || code == Code::kCancelled) {
      return Status(Code::kGaveUp, "stopped with " + std::to_string(batch.entries()) +
                                       " records not sent: " + wire::DescribeOutcome(outcome));
    }
    if (!io::StopRequested()) GLP_RETURN_IF_ERROR(WaitToRetry(outcome, tries));
    last_try = io::StopRequested();
  }
}

Status HttpSender::Finish() {
  if (refused_batches_ > 0) {
    context_.Say(std::to_string(refused_records_) + " records in " +
                 std::to_string(refused_batches_) +
                 " batches were refused; the server may have stored some of them");
  }
  return Status::Ok();
}

}  // namespace

Result<std::unique_ptr<Sender>> MakeHttpSender(const Options& options, cli::Context& context) {
  GLP_ASSIGN_OR_RETURN(std::string url, wire::NormalizeUrl(options.url));
  if (wire::UrlPath(url).empty()) url += kPushPath;
  auto sender = std::make_unique<HttpSender>(options, context, std::move(url));
  return std::unique_ptr<Sender>(std::move(sender));
}

}  // namespace glp::push
