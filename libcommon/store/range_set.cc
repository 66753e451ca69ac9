#include "store/range_set.h"

#include <algorithm>

namespace glp::store {
namespace {

// The first range that ends at `point` or behind it.
std::vector<Range>::const_iterator EndingFrom(const std::vector<Range>& ranges, uint64_t point) {
  return std::lower_bound(ranges.begin(), ranges.end(), point,
                          [](const Range& range, uint64_t p) { return range.to < p; });
}

}  // namespace

bool RangeSet::IsInside(uint64_t point) const {
  auto found = EndingFrom(ranges_, point);
  return found != ranges_.end() && point > found->from;
}

uint64_t RangeSet::FindEnd(uint64_t point) const {
  auto found = EndingFrom(ranges_, point + 1);
  return found != ranges_.end() && found->from <= point ? found->to : point;
}

void RangeSet::AddAnywhere(Range range) {
  auto begin = ranges_.begin() + (EndingFrom(ranges_, range.from) - ranges_.cbegin());
  auto end = begin;
  for (; end != ranges_.end() && end->from <= range.to; ++end) {
    range.from = std::min(range.from, end->from);
    range.to = std::max(range.to, end->to);
  }
  if (begin == end) {
    ranges_.insert(begin, range);
  } else {
    *begin = range;
    ranges_.erase(begin + 1, end);
  }
}

}  // namespace glp::store
