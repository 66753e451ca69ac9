// The run of glp-label.
#pragma once

#include <cstdint>

#include "cli/main.h"
#include "label_ops.h"

namespace glp::label {

struct Options {
  LabelOps ops;
  uint64_t max_values = 0;  // 0: any number
  bool line_buffered = false;
};

cli::RunResult Run(Options& options, cli::Context& context);

}  // namespace glp::label
