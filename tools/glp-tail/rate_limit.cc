#include "rate_limit.h"

#include <algorithm>

#include "base/time.h"
#include "io/stop.h"

namespace glp::tail {
namespace {

// Waits are not shorter, so that many lines go out in one write.
constexpr int64_t kWaitNs = 10 * kNsPerMs;

}  // namespace

RateLimit::RateLimit(double lines_per_second, int64_t burst, bool drop,
                     std::function<int64_t()> steady_clock_ns)
    : drop_(drop),
      clock_(steady_clock_ns ? std::move(steady_clock_ns) : SteadyNs),
      bucket_(lines_per_second, static_cast<double>(burst), clock_()) {}

bool RateLimit::Take(RecordWriter& writer) {
  while (!bucket_.Take(clock_())) {
    if (drop_) return false;
    writer.Flush();
    const int64_t missing_ns = std::max(bucket_.WaitNs(), kWaitNs);
    const auto wait_ms = static_cast<int>(std::min((missing_ns - 1) / kNsPerMs + 1, int64_t{1000}));
    if (io::StopRequested() || io::WaitReadable(-1, wait_ms) == io::WaitState::kStopped) {
      return true;
    }
    writer.SetTime(NowNs());
  }
  return true;
}

}  // namespace glp::tail
