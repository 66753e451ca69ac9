// `glp-store export`: entries of a store as records, or as one .glp file.
#pragma once

#include <string>

#include "cli/main.h"
#include "store/store.h"

namespace glp {

struct ExportOptions {
  std::string dir;
  std::string tenant{store::kDefaultTenant};
  std::string selector;
  std::string from, to;
  std::string out;
};

void DescribeExport(cli::Command& command, ExportOptions* options);
cli::RunResult RunExport(const ExportOptions& options, cli::Context& context);

}  // namespace glp
