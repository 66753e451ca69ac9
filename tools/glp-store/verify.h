// `glp-store verify`: checks every byte of a store.
#pragma once

#include <string>

#include "cli/main.h"

namespace glp {

struct VerifyOptions {
  std::string dir;
  bool repair = false;
};

void DescribeVerify(cli::Command& command, VerifyOptions* options);
cli::RunResult RunVerify(const VerifyOptions& options, cli::Context& context);

}  // namespace glp
