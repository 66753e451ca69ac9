#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/main.h"

namespace glp::packtool {

struct Options {
  std::string output;
  bool decode = false;
  bool test = false;
  bool list = false;
  uint64_t level = 3;
  std::vector<std::string> files;
};

// Records on standard input to a .glp file.
Status Pack(const Options& options, cli::Context& context);
// Files back to records, checked, or told about.
Status Unpack(const Options& options, cli::Context& context);
Status Test(const Options& options, cli::Context& context);
Status List(const Options& options, cli::Context& context);

}  // namespace glp::packtool
