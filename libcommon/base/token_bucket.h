// A bucket of tokens: `burst` at once, then `per_second`, as Go's rate.Limiter counts them.
// Threads: one at a time. The caller brings the clock (SteadyNs).
#pragma once

#include <algorithm>
#include <cstdint>

namespace glp {

class TokenBucket {
 public:
  TokenBucket(double per_second, double burst, int64_t now_ns)
      : per_ns_(per_second / 1e9), burst_(burst), tokens_(burst), last_ns_(now_ns) {}

  // Takes a token if there is one.
  bool Take(int64_t now_ns) {
    tokens_ = std::min(burst_, tokens_ + static_cast<double>(now_ns - last_ns_) * per_ns_);
    last_ns_ = now_ns;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }
  // How long after the last Take the bucket holds `tokens` (at most its burst).
  int64_t WaitNs(double tokens = 1) const {
    double missing = std::min(tokens, burst_) - tokens_;
    return missing <= 0 ? 0 : static_cast<int64_t>(std::min(missing / per_ns_, 9e18)) + 1;
  }

 private:
  double per_ns_, burst_, tokens_;
  int64_t last_ns_;
};

}  // namespace glp
