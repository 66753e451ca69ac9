// What is held of one source (a file, as src tells it) in one stream. A point is the NEXT of an
// entry: where in its file the next one begins. Known are:
//   settled  ranges of which all is held, whatever comes; their single points are forgotten
//   points   held one by one, which costs memory
//   claimed  ranges of which all is held, for whoever gave it says so. Their points are kept while
//            there is room, and where a line comes late all the same, the claim is void: it was a
//            mistake (`sort` in the pipe), and the line is taken.
// Memory: as PointSet, and 16 bytes a range. Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "store/point_set.h"
#include "store/range_set.h"

namespace glp::store {

class HeldPoints {
 public:
  bool Has(uint64_t point) const { return settled_.Has(point) || points_.Has(point); }
  // False: what was claimed so far is void from now on. REQUIRES: !Has(point)
  [[nodiscard]] bool Add(uint64_t point);
  // All of the range was added or settled; returns the part that was not known to be (in rare
  // cases some more). REQUIRES: Has(range.to)
  std::optional<Range> Claim(Range range);
  // What was claimed and is not settled is void. Whether there was any.
  bool DropClaims();
  // All of the range is held. REQUIRES: from < to
  void Settle(Range range);
  // All up to `floor` is held and nothing else is known.
  void Restart(uint64_t floor);
  // Settles the older half of what is claimed. How many points are kept that could be settled yet.
  size_t SettleOlderHalf();

  const RangeSet& settled() const { return settled_; }
  PointSet& points() { return points_; }

 private:
  RangeSet settled_;
  RangeSet claimed_;  // may reach into settled_
  PointSet points_;
};

}  // namespace glp::store
