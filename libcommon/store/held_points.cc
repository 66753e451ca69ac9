#include "store/held_points.h"

namespace glp::store {

bool HeldPoints::Add(uint64_t point) {
  points_.Add(point);
  if (!claimed_.Has(point)) return true;
  claimed_.Clear();
  return false;
}

std::optional<Range> HeldPoints::Claim(Range range) {
  for (const RangeSet* known : {&settled_, &claimed_, &settled_}) {
    range.from = known->EndBehind(range.from);
  }
  if (range.from >= range.to) return std::nullopt;
  claimed_.Add(range);
  return range;
}

bool HeldPoints::DropClaims() {
  const bool any = !claimed_.ranges().empty();
  claimed_.Clear();
  return any;
}

void HeldPoints::Settle(Range range) {
  settled_.Add(range);
  points_.Erase(range);
}

void HeldPoints::Restart(uint64_t floor) {
  settled_.Clear();
  claimed_.Clear();
  points_.Clear();
  if (floor > 0) settled_.Add({0, floor});
}

size_t HeldPoints::SettleOlderHalf() {
  if (claimed_.ranges().empty()) return 0;
  // The newest range is the one that grows.
  Range newest = claimed_.ranges().back();
  for (const Range& range : claimed_.ranges()) {
    if (range != newest) Settle(range);
  }
  Settle({newest.from, points_.Middle(newest)});
  newest.from = settled_.EndBehind(newest.from);
  claimed_.Clear();
  if (newest.from >= newest.to) return 0;
  claimed_.Add(newest);
  return points_.CountIn(newest);
}

}  // namespace glp::store
