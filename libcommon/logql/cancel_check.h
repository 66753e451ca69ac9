// Asks whether a query was cancelled, now and then, so that asking costs nothing beside the work.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <functional>

namespace glp::logql {

class CancelCheck {
 public:
  // `cancelled` may be empty and must outlive it.
  explicit CancelCheck(const std::function<bool()>& cancelled) : cancelled_(cancelled) {}

  // True: stop now. `work`: what was done since the last call, a unit being about a byte of text
  // that was parsed, or a nanosecond.
  bool Stops(uint64_t work) {
    if (work < left_) {
      left_ -= work;
      return false;
    }
    left_ = kUnits;
    return cancelled_ && cancelled_();
  }

 private:
  // A slow pipeline needs some milliseconds for as many bytes.
  static constexpr uint64_t kUnits = 64 << 10;

  const std::function<bool()>& cancelled_;
  uint64_t left_ = kUnits;
};

}  // namespace glp::logql
