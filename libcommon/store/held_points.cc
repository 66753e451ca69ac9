#include "store/held_points.h"

#include <algorithm>

namespace glp::store {

bool HeldPoints::IsInRuns(uint64_t point) const {
  return std::any_of(runs_.begin(), runs_.end(), [&](const std::vector<uint64_t>& run) {
    return std::binary_search(run.begin(), run.end(), point);
  });
}

void HeldPoints::AddRun(uint64_t point) {
  runs_.push_back({point});
  while (runs_.size() > 1 && runs_[runs_.size() - 2].size() < 2 * runs_.back().size()) {
    std::vector<uint64_t>& into = runs_[runs_.size() - 2];
    auto middle = static_cast<ptrdiff_t>(into.size());
    into.insert(into.end(), runs_.back().begin(), runs_.back().end());
    std::inplace_merge(into.begin(), into.begin() + middle, into.end());
    runs_.pop_back();
  }
}

void HeldPoints::Settle(uint64_t floor) {
  floor_ = std::max(floor_, floor);
  highest_ = std::max(highest_, floor_);
  for (std::vector<uint64_t>& run : runs_) {
    run.erase(run.begin(), std::upper_bound(run.begin(), run.end(), floor_));
  }
  std::erase_if(runs_, [](const std::vector<uint64_t>& run) { return run.empty(); });
  if (runs_.empty()) rising_ = true;
}

void HeldPoints::Restart(uint64_t floor) {
  runs_.clear();
  floor_ = highest_ = floor;
  rising_ = false;
}

void HeldPoints::ForgetOlderHalf() {
  if (runs_.empty()) return;
  std::vector<uint64_t>& run = runs_[0];
  size_t count = (run.size() + 1) / 2;
  floor_ = run[count - 1];
  run.erase(run.begin(), run.begin() + static_cast<ptrdiff_t>(count));
  if (run.empty()) {
    runs_.clear();
  } else {
    run.shrink_to_fit();
  }
}

size_t HeldPoints::points() const {
  size_t count = 0;
  for (const auto& run : runs_) count += run.size();
  return count;
}

}  // namespace glp::store
