// What was typed on the command line of glp-query.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/command.h"
#include "query_range.h"
#include "server_options.h"

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
  bool stats = false;
  // Of single commands.
  bool analyze_labels = false;             // series
  std::vector<std::string> target_labels;  // volume: names, or lists of them with commas
  std::string aggregate_by;                // volume: series, labels or ""
  uint64_t line_limit = 1000;              // fields: lines that are looked at; 0: all
  cli::Duration max_interval{-1};          // delete create; -1: not given
  bool force = false;                      // delete cancel
  // Lines of one server, read in jobs of time.
  cli::Duration parallel_duration{-1};  // -1: not given
  uint64_t parallel_max_workers = 0;    // 0: not given
  std::string part_path_prefix;
  bool overwrite_completed_parts = false, merge_parts = false, keep_parts = false;
  uint64_t jobs = 0;   // 0: as many as there are processors
  uint64_t batch = 0;  // entries asked of a server at once; 0: as many as it gives
  std::string tenant;
  ServerWords server;
};

}  // namespace glp::query
