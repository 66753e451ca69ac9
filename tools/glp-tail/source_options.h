// How the files of one target are read and what their records carry.
// Lifetime: shared by the files that are read so.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/time.h"
#include "line_splitter.h"
#include "record/labels.h"

namespace glp::tail {

struct SourceOptions {
  Labels labels;                       // of every record
  bool filename_label = true;          // add the path as label `filename`, unless labels has one
  bool follow = false;                 // more may come behind the end of a plain file
  std::optional<uint64_t> last_lines;  // begin with so many lines of the end; 0: at the end
  std::function<void()> before_wait;   // a pipe has nothing to read now
  // A compressed file that changed less than this ago may still be being written.
  int64_t settle_ns = kNsPerSecond;
  LineOptions lines;
};

}  // namespace glp::tail
