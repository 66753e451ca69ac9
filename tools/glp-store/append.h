// `glp-store append`: records on standard input into a store.
#pragma once

#include <string>

#include "cli/main.h"
#include "store/store.h"
#include "store_options.h"

namespace glp {

struct AppendOptions {
  std::string dir;
  std::string tenant{store::kDefaultTenant};
  std::string positions;
  bool require_end = false;
  ConfigOptions config;
  DurabilityOptions durability;
  TimeLimitOptions times;
};

void DescribeAppend(cli::Command& command, AppendOptions* options);
cli::RunResult RunAppend(const AppendOptions& options, cli::Context& context);

}  // namespace glp
