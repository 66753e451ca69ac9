// Snappy's block format (not the framed one), bounded.
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/memory_budget.h"
#include "base/result.h"

namespace glp::wire {

class SnappyReader {
 public:
  // The view is good until the next Read. The length that the block claims is checked before memory
  // is taken for it.
  // Errors: Code::kLimit for more than `max_bytes`, and as `memory` says, which counts it;
  // Code::kData for what is no block.
  Result<std::string_view> Read(std::string_view block, size_t max_bytes,
                                MemoryClaim* memory = nullptr);

 private:
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
};

}  // namespace glp::wire
