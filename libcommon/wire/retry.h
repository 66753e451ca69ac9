// What an outcome of a push is called, and when to try again.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string_view>

#include "base/result.h"
#include "wire/http_client.h"

namespace glp::wire {

// "server returned HTTP status 400 Bad Request (400): first line of its words", or the error.
std::string DescribeOutcome(const Result<ClientResponse>& outcome);

// A Retry-After header: seconds, or a date; nothing where it is neither.
std::optional<int64_t> ParseRetryAfterNs(std::string_view value, int64_t now_ns);

// Waits that double from `min_ns` up to `max_ns`, each shortened by chance up to a quarter so that
// many clients do not come back at once.
class Backoff {
 public:
  Backoff(int64_t min_ns, int64_t max_ns, uint32_t seed)
      : min_ns_(min_ns), max_ns_(max_ns), next_ns_(min_ns), random_(seed) {}
  int64_t NextNs();
  void Reset() { next_ns_ = min_ns_; }

 private:
  int64_t min_ns_, max_ns_, next_ns_;
  std::minstd_rand random_;
};

}  // namespace glp::wire
