// What was typed on the command line of glp-query.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "query_range.h"

namespace glp::query {

struct Options {
  std::vector<std::string> words;    // QUERY, or `labels [NAME]`, or `series [SELECTOR]`
  std::vector<std::string> sources;  // SRC…
  TimeWords time;
  uint64_t limit = 0;  // entries; 0: all
  bool forward = false;
  std::string output = "default";
  std::string color = "auto";
  bool quiet = false;
  std::string tenant;
  std::string token_file;
};

}  // namespace glp::query
