// The run of glp-parse: records through the stages.
#pragma once

#include "cli/main.h"
#include "options.h"

namespace glp::parse {

cli::RunResult Run(const Options& options, cli::Context& context);

}  // namespace glp::parse
