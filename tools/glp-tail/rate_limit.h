// How many lines a second are read at most, of all inputs together: a bucket of tokens, as
// promtail's limits_config has it. Above the rate reading waits, or lines are dropped.
// Lifetime: shared by the files that are read so; the clock is that of the machine unless given.
// Threads:  one at a time. Cost: a look at the clock for each line.
#pragma once

#include <cstdint>
#include <functional>

#include "base/token_bucket.h"
#include "record_writer.h"

namespace glp::tail {

class RateLimit {
 public:
  RateLimit(double lines_per_second, int64_t burst, bool drop,
            std::function<int64_t()> steady_clock_ns = {});

  // Whether the next line may go out. Where it has to wait for that, what was written so far is
  // flushed first; a stop (io/stop.h) ends the wait and the limit.
  bool Take(RecordWriter& writer);

 private:
  bool drop_;
  std::function<int64_t()> clock_;
  TokenBucket bucket_;
};

}  // namespace glp::tail
