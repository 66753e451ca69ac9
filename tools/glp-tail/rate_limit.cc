#include "rate_limit.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/time.h"
#include "io/stop.h"

namespace glp::tail {
namespace {

// Waits are not shorter, so that many lines go out in one write.
constexpr double kWaitNs = 10 * kNsPerMs;

int64_t MachineClockNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

RateLimit::RateLimit(double lines_per_second, int64_t burst, bool drop,
                     std::function<int64_t()> steady_clock_ns)
    : per_ns_(lines_per_second / static_cast<double>(kNsPerSecond)),
      burst_(static_cast<double>(burst)),
      drop_(drop),
      clock_(steady_clock_ns ? std::move(steady_clock_ns) : MachineClockNs),
      tokens_(burst_),
      last_ns_(clock_()) {}

void RateLimit::Refill() {
  int64_t now = clock_();
  tokens_ = std::min(burst_, tokens_ + static_cast<double>(now - last_ns_) * per_ns_);
  last_ns_ = now;
}

bool RateLimit::Take(RecordWriter& writer) {
  Refill();
  while (tokens_ < 1) {
    if (drop_) return false;
    writer.Flush();
    double missing_ns = std::max((1 - tokens_) / per_ns_, kWaitNs);
    auto wait_ms = static_cast<int>(std::min(std::ceil(missing_ns / kNsPerMs), 1000.0));
    if (io::StopRequested() || io::WaitReadable(-1, wait_ms) == io::WaitState::kStopped) {
      return true;
    }
    Refill();
    writer.SetTime(NowNs());
  }
  tokens_ -= 1;
  return true;
}

}  // namespace glp::tail
