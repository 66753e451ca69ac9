// A set of positions in a file as ranges, each from behind one position up to another.
// Threads: one at a time. Cost: 16 bytes a range; ranges that touch are one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace glp::store {

// The positions above `from`, up to and with `to`.
struct Range {
  uint64_t from = 0;
  uint64_t to = 0;
  bool operator==(const Range&) const = default;
};

class RangeSet {
 public:
  bool Has(uint64_t point) const { return !Ends(point) && IsInside(point); }
  // REQUIRES: from < to
  void Add(Range range) {
    if (!ranges_.empty() && range.from >= ranges_.back().from && range.from <= ranges_.back().to) {
      ranges_.back().to = std::max(ranges_.back().to, range.to);
    } else {
      AddAnywhere(range);
    }
  }
  void Clear() { ranges_.clear(); }
  // Where the range ends that has all from behind `point` on; `point` where none does.
  uint64_t EndBehind(uint64_t point) const {
    if (Ends(point)) return point;
    return point >= ranges_.back().from ? ranges_.back().to : FindEnd(point);
  }
  // Rising, without touching one another.
  const std::vector<Range>& ranges() const { return ranges_; }

 private:
  bool Ends(uint64_t point) const { return ranges_.empty() || point > ranges_.back().to; }
  bool IsInside(uint64_t point) const;
  uint64_t FindEnd(uint64_t point) const;
  void AddAnywhere(Range range);
  std::vector<Range> ranges_;
};

}  // namespace glp::store
