// `glp-store append`: records on standard input into a store.
#pragma once

#include <string>

#include "cli/main.h"
#include "store/store.h"

namespace glp {

struct AppendOptions {
  std::string dir;
  std::string tenant{store::kDefaultTenant};
  std::string positions;
  bool require_end = false;
};

void DescribeAppend(cli::Command& command, AppendOptions* options);
cli::RunResult RunAppend(const AppendOptions& options, cli::Context& context);

}  // namespace glp
