// `glp-store compact`: all segments into their final form.
#pragma once

#include <string>

#include "cli/main.h"
#include "store_options.h"

namespace glp {

struct CompactOptions {
  std::string dir;
  std::string tenant;
  ConfigOptions config;
  RetentionOptions retention;
};

void DescribeCompact(cli::Command& command, CompactOptions* options);
cli::RunResult RunCompact(const CompactOptions& options, cli::Context& context);

}  // namespace glp
