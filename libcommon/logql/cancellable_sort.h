// Sorts what may be millions of items, and gives up where the query is cancelled meanwhile.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "logql/cancel_check.h"

namespace glp::logql {

// False: cancelled; the items are in no order then, and some may have been moved from.
template <typename T, typename Before>
bool Sort(std::vector<T>* items, const Before& before, CancelCheck* check) {
  constexpr size_t kRun = 4096;
  // An item costs about a comparison of labels for each merge, a dozen for its run.
  constexpr uint64_t kMergeWork = 64, kSortWork = 12 * kMergeWork;
  const size_t size = items->size();
  for (size_t begin = 0; begin < size; begin += kRun) {
    const size_t end = std::min(begin + kRun, size);
    std::sort(items->begin() + static_cast<ptrdiff_t>(begin),
              items->begin() + static_cast<ptrdiff_t>(end), before);
    if (check->Stops((end - begin) * kSortWork)) return false;
  }
  if (size <= kRun) return true;
  std::vector<T> merged(size);
  for (size_t width = kRun; width < size; width *= 2) {
    for (size_t begin = 0; begin < size; begin += 2 * width) {
      const size_t middle = std::min(begin + width, size);
      const size_t end = std::min(middle + width, size);
      size_t left = begin, right = middle;
      for (size_t out = begin; out < end; ++out) {
        const bool takes_right =
            left == middle || (right < end && before((*items)[right], (*items)[left]));
        merged[out] = std::move((*items)[takes_right ? right++ : left++]);
        if (check->Stops(kMergeWork)) return false;
      }
    }
    items->swap(merged);
  }
  return true;
}

}  // namespace glp::logql
