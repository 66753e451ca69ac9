// Which neighbouring segments are merged next.
//
// While a store grows, eight neighbours or more become one as soon as the new one is at least four
// times as large as each of them, up to half a gigabyte of text; where it could not grow fourfold
// once more, it waits until it is as large as it may be. So a byte is rewritten once for each time
// its segment grows fourfold (once where segments are cut by size), and of each size there are a
// few at most.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace glp::store {

enum class MergeGoal {
  kDue,   // what has become many
  kIdle,  // all that is not in its final form yet, be it little: nothing more is coming
  kAll,   // as few segments as can be, all in their final form
};

// Larger ones would save no bytes, but cost memory where one is merged or read, and retention
// rewrites or drops whole ones.
inline constexpr uint64_t kMaxMergedBytes = uint64_t{512} << 20;

struct MergeInput {
  uint64_t bytes = 0;     // of text, about
  bool is_final = false;  // was merged
  bool is_fixed = false;  // is not to be touched (it has damage): nothing is merged across it
};
// Neighbours, by index.
struct MergePlan {
  size_t first = 0;
  size_t count = 0;
};
// The next merge; nothing where none is needed. The oldest come first.
std::optional<MergePlan> NextMerge(const std::vector<MergeInput>& segments, MergeGoal goal);

}  // namespace glp::store
