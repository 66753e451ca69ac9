// The command line of glp-parse.
#pragma once

#include <string>

#include "cli/command.h"
#include "stage_list.h"

namespace glp::parse {

struct Options {
  StageList stages;
  bool explain = false;
  bool check = false;
  bool tap = false;
  bool explain_time = false;
  std::string metrics;  // [ADDR:]PORT
  std::string test;     // a file of cases, "" for none
  std::string color = "auto";
  bool line_buffered = false;
};

cli::Command Describe(Options* o);

}  // namespace glp::parse
