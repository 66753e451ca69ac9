// What was typed.
#pragma once

#include <string>
#include <vector>

#include "cli/main.h"
#include "config_targets.h"
#include "line_options.h"
#include "source_options.h"

namespace glp::tail {

struct Options {
  std::vector<std::string> paths;
  std::vector<std::string> labels;
  std::vector<std::string> excludes;
  std::string from = "start";
  std::string lines;
  LineSettings line;
  ConfigSettings config;
  std::string positions;
  bool follow = false;
  bool poll = false;
  bool exec = false;
  std::string metrics;
};

cli::Command Describe(Options* options);
// How files are read by it. Errors: Code::kUsage. `report` and `context` must outlive the result.
Result<SourceOptions> MakeSourceOptions(const Options& options, LineReport* report,
                                        cli::Context& context);

}  // namespace glp::tail
