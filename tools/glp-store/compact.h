// `glp-store compact`: all segments into their final form.
#pragma once

#include <string>

#include "cli/main.h"

namespace glp {

struct CompactOptions {
  std::string dir;
  std::string tenant;
};

void DescribeCompact(cli::Command& command, CompactOptions* options);
cli::RunResult RunCompact(const CompactOptions& options, cli::Context& context);

}  // namespace glp
