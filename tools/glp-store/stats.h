// `glp-store stats`: what is in a store.
#pragma once

#include <string>

#include "cli/main.h"

namespace glp {

struct StatsOptions {
  std::string dir;
  std::string tenant;  // "" is all
  bool json = false;
  bool verbose = false;
  std::string by;  // "", "column", "segment" or "stream"
};

void DescribeStats(cli::Command& command, StatsOptions* options);
cli::RunResult RunStats(const StatsOptions& options, cli::Context& context);

}  // namespace glp
