// From what was typed and promtail's `clients:` to the servers to push to and how to gather for
// them. Reads the configuration and looks once into the files that it names.
// Errors: Code::kUsage, with the line of the file where it is the file's; Code::kIo.
#pragma once

#include <vector>

#include "base/result.h"
#include "options.h"
#include "record/labels.h"
#include "target.h"

namespace glp::push {

struct Plan {
  std::vector<Target> targets;  // empty for a dry run without any
  // Batches are gathered once for all: by the smallest of the servers' limits.
  uint64_t batch_size_bytes = 0;
  int64_t batch_wait_ns = 0;
  Labels external;
};

Result<Plan> MakePlan(const Options& options);

}  // namespace glp::push
