// Reads records on standard input and sends them in batches.
#pragma once

#include "cli/main.h"
#include "options.h"

namespace glp::push {

cli::RunResult Run(const Options& options, cli::Context& context);

}  // namespace glp::push
