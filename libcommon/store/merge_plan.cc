#include "store/merge_plan.h"

#include <algorithm>

namespace glp::store {
namespace {

constexpr size_t kFanIn = 8;
constexpr uint64_t kGrowth = 4;
// Each costs the memory of a block.
constexpr size_t kMaxInputs = 32;

// As many from `first` on as one segment can hold.
struct Group {
  size_t count = 0;
  uint64_t bytes = 0;
  uint64_t largest = 0;
  bool is_full = false;  // the next one would be too much
};
Group GroupFrom(const std::vector<MergeInput>& segments, size_t first, bool with_final) {
  Group group;
  for (size_t i = first; i < segments.size(); ++i) {
    const MergeInput& segment = segments[i];
    if (segment.is_fixed || (segment.is_final && !with_final)) break;
    group.is_full = group.count == kMaxInputs || group.bytes + segment.bytes > kMaxMergedBytes;
    if (group.is_full && group.count > 0) break;
    ++group.count;
    group.bytes += segment.bytes;
    group.largest = std::max(group.largest, segment.bytes);
  }
  return group;
}

// What cannot grow fourfold once more waits until it is as large as it gets.
bool IsDue(const Group& group) {
  const bool is_enough =
      group.is_full || (group.count >= kFanIn && group.bytes <= kMaxMergedBytes / kGrowth);
  return is_enough && group.count > 1 && group.bytes >= kGrowth * group.largest;
}

// The oldest first: otherwise a few would be left alone between merged ones.
std::optional<MergePlan> NextDue(const std::vector<MergeInput>& segments) {
  for (size_t first = 0; first < segments.size(); ++first) {
    const Group group = GroupFrom(segments, first, /*with_final=*/true);
    if (IsDue(group)) return MergePlan{first, group.count};
  }
  return std::nullopt;
}

}  // namespace

std::optional<MergePlan> NextMerge(const std::vector<MergeInput>& segments, MergeGoal goal) {
  if (goal == MergeGoal::kDue) return NextDue(segments);
  for (size_t first = 0; first < segments.size();) {
    const Group group = GroupFrom(segments, first, goal == MergeGoal::kAll);
    if (group.count > 1 || (group.count == 1 && !segments[first].is_final)) {
      return MergePlan{first, group.count};
    }
    ++first;
  }
  return std::nullopt;
}

}  // namespace glp::store
