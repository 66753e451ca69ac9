// The run of glp-parse: records through the stages.
#pragma once

#include "cli/main.h"
#include "stage_list.h"

namespace glp::parse {

struct Options {
  StageList stages;
  bool line_buffered = false;
};

cli::RunResult Run(const Options& options, cli::Context& context);

}  // namespace glp::parse
