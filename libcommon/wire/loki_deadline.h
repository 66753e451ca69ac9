// When a query has to end, and why it did. Part of loki_api.h.
#pragma once

#include <chrono>

#include "wire/loki_api.h"

namespace glp::wire {

class LokiApi::Deadline {
 public:
  // 0: no time-out. `request` must outlive it.
  Deadline(const Request& request, int64_t timeout_ns)
      : request_(request), start_(Clock::now()), timeout_(timeout_ns) {}

  bool TimedOut() const { return timeout_.count() > 0 && Clock::now() - start_ > timeout_; }
  bool Over() const { return (request_.cancelled && request_.cancelled()) || TimedOut(); }
  double Seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  const Request& request_;
  const Clock::time_point start_;
  const std::chrono::nanoseconds timeout_;
};

}  // namespace glp::wire
