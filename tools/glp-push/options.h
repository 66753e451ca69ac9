// What was typed.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "cli/command.h"

namespace glp::push {

struct Options {
  std::string url;
  cli::Size batch_size{1 << 20};
  cli::Duration batch_wait{kNsPerSecond};
  std::vector<std::string> external_labels;
  std::string tenant;
  std::string token_file;
  cli::Duration timeout{10 * kNsPerSecond};
  uint64_t max_retries = 0;
  cli::Duration min_backoff{500 * kNsPerMs};
  cli::Duration max_backoff{300 * kNsPerSecond};
  bool gzip = false;
  bool dry_run = false;
};

}  // namespace glp::push
