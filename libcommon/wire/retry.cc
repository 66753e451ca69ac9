#include "wire/retry.h"

#include <algorithm>

#include "base/strings.h"
#include "base/time.h"
#include "wire/curl.h"
#include "wire/http.h"

namespace glp::wire {

std::string DescribeOutcome(const Result<ClientResponse>& outcome) {
  if (!outcome.ok()) return outcome.status().message();
  const std::string number = std::to_string(outcome->status);
  std::string text = "server returned HTTP status " + number;
  if (const std::string_view reason = ReasonPhrase(outcome->status); !reason.empty()) {
    text += " " + std::string(reason) + " (" + number + ")";
  }
  if (const std::string words = FirstLine(outcome->body); !words.empty()) text += ": " + words;
  return text;
}

std::optional<int64_t> ParseRetryAfterNs(std::string_view value, int64_t now_ns) {
  value = TrimSpace(value);
  if (const std::optional<uint64_t> seconds = ParseUint64(value)) {
    return static_cast<int64_t>(std::min<uint64_t>(*seconds, 1'000'000'000)) * kNsPerSecond;
  }
  const Result<const Curl*> curl = Curl::Load();  // has been: an answer of a server is looked at
  if (value.empty() || !curl.ok()) return std::nullopt;
  const time_t date = (*curl)->getdate(std::string(value).c_str(), nullptr);
  if (date < 0) return std::nullopt;
  return std::max<int64_t>(0, static_cast<int64_t>(date) * kNsPerSecond - now_ns);
}

int64_t Backoff::NextNs() {
  const int64_t wait_ns = next_ns_;
  next_ns_ = std::min(max_ns_, next_ns_ > max_ns_ / 2 ? max_ns_ : next_ns_ * 2);
  return wait_ns - std::uniform_int_distribution<int64_t>(0, wait_ns / 4)(random_);
}

}  // namespace glp::wire
