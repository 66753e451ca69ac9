// The run of glp-label.
#pragma once

#include "cli/main.h"
#include "label_ops.h"

namespace glp::label {

struct Options {
  LabelOps ops;
  bool line_buffered = false;
};

cli::RunResult Run(const Options& options, cli::Context& context);

}  // namespace glp::label
