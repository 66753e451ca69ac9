// What --auto decided, in words, for --explain.
#pragma once

#include "cli/main.h"
#include "stages/pipeline.h"

namespace glp::parse {

// Whether a stage of the pipeline decides so.
bool HasAuto(const stages::Pipeline& pipeline);
// A line for each file: "app.log: docker; stdout json, stderr plain (120 lines)".
void SayDecisions(const stages::Pipeline& pipeline, cli::Context& context);

}  // namespace glp::parse
