// --rate-limit: so many records a second, minute or hour pass, by the records' own times, so that
// logs of the past are limited as they would have been then, and alike each time. A second's worth
// may come at once (a minute's, an hour's). Where time goes back by more than that, counting begins
// anew.
// Threads: one at a time. Memory: 64 bytes a stream; past 100,000 streams all begin anew.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/token_bucket.h"
#include "record/labels.h"
#include "record/record.h"
#include "stream_map.h"

namespace glp::filter {

class RateLimit {
 public:
  // 100, 100/s, 6000/m, 1000/h. `by_stream`: each stream for itself. Errors: Code::kUsage.
  static Result<RateLimit> Parse(std::string_view text, bool by_stream);

  bool Passes(const Record& record, const LabelSet& labels, const LabelTable& table);
  uint64_t held_back() const { return held_back_; }
  // "12 records of 2 streams were held back, most of {app="x"} (10)".
  std::string Summary() const;

 private:
  RateLimit(uint64_t count, int64_t unit_ns, bool by_stream)
      : count_(count), unit_ns_(unit_ns), by_stream_(by_stream) {}

  struct Stream {
    std::optional<TokenBucket> bucket;
    int64_t newest_ns = 0;
    uint64_t held_back = 0;
  };
  bool Take(Stream* stream, int64_t ts_ns) const;

  uint64_t count_;
  int64_t unit_ns_;
  bool by_stream_;
  Stream all_;
  StreamMap<Stream> streams_;
  uint64_t held_back_ = 0;
};

}  // namespace glp::filter
