// --dry-run: the request bodies that a Loki would get, as JSON, a line each, on standard output.
// Threads: one at a time.
#pragma once

#include "cli/main.h"
#include "options.h"
#include "targets.h"

namespace glp::push {

cli::RunResult DryRun(const Options& options, const Plan& plan, cli::Context& context);

}  // namespace glp::push
