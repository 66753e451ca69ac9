// What is held of one source (a file, as src tells it) in one stream: everything up to a floor, and
// single points above it. A point is the NEXT of an entry: where in its file the next one begins.
//
// Points that come in rising order are appended to one sorted run; others make runs of their own
// that are merged as they grow, so that any order costs about log n an entry.
// Memory: 8 to 16 bytes a point. Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace glp::store {

class HeldPoints {
 public:
  bool Has(uint64_t point) const {
    if (point <= floor_) return true;
    return point <= highest_ && IsInRuns(point);
  }
  // REQUIRES: !Has(point)
  void Add(uint64_t point) {
    if (point <= highest_) {
      rising_ = false;
      AddRun(point);
      return;
    }
    highest_ = point;
    if (runs_.empty()) runs_.emplace_back();
    runs_[0].push_back(point);
  }
  // All up to `floor` is held.
  void Settle(uint64_t floor);
  // All up to `floor` is held and nothing else is known; what comes counts as out of order.
  void Restart(uint64_t floor);
  // Raises the floor over the older half of the points. REQUIRES: rising()
  void ForgetOlderHalf();

  // The points above the floor came in rising order.
  bool rising() const { return rising_; }
  uint64_t floor() const { return floor_; }
  uint64_t highest() const { return highest_; }
  size_t points() const;
  // Sorted runs of the points, each point once.
  const std::vector<std::vector<uint64_t>>& runs() const { return runs_; }

 private:
  bool IsInRuns(uint64_t point) const;
  void AddRun(uint64_t point);
  uint64_t floor_ = 0;
  uint64_t highest_ = 0;  // of floor and points
  bool rising_ = true;
  std::vector<std::vector<uint64_t>> runs_;  // sizes fall by half or more
};

}  // namespace glp::store
