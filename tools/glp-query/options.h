// What was typed on the command line of glp-query.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/command.h"
#include "query_range.h"

namespace glp::query {

struct Options {
  std::vector<std::string> words;    // QUERY, or a command and what it takes (run.cc has them)
  std::vector<std::string> sources;  // SRC…
  TimeWords time;
  uint64_t limit = 0;  // entries; 0: all
  bool forward = false;
  bool follow = false;
  cli::Duration delay_for{-1};  // --follow: how long entries may be late; -1: not given
  uint64_t before = 0, after = 0, around = 0;  // -B, -A, -C: lines of context
  std::string output = "default";
  bool hist = false, plot = false;
  std::string color = "auto";
  bool no_pager = false;
  bool quiet = false;
  bool diff = false;
  uint64_t jobs = 0;   // 0: as many as there are processors
  uint64_t batch = 0;  // entries asked of a server at once; 0: as many as it gives
  std::string tenant;
  std::string token_file;
};

}  // namespace glp::query
