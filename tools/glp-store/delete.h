// `glp-store delete`: removes what matches from a store.
#pragma once

#include <string>

#include "cli/main.h"
#include "store/store.h"

namespace glp {

struct DeleteOptions {
  std::string dir;
  std::string tenant{store::kDefaultTenant};
  std::string query;
  std::string from, to;
  bool dry_run = false;
};

void DescribeDelete(cli::Command& command, DeleteOptions* options);
cli::RunResult RunDelete(const DeleteOptions& options, cli::Context& context);

}  // namespace glp
