// The end marks of the stages in front of a sink, and whether they fit together: the first is of a
// source of records, each stage read what the one in front of it wrote, and the sink got what the
// last one wrote. Several pipes one behind the other (`{ glp-tail a; glp-tail b; } | …`) are added
// up.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "record/record.h"

namespace glp::cli {

// Whether a tool makes records out of something else, and says when it ends.
bool IsSourceTool(std::string_view tool);

class EndMarks {
 public:
  void OnRecord() { ++records_; }
  void OnMark(const Mark& mark);
  // Whether all stages that have told their end so far had written what came. Also true before any
  // end mark.
  bool Fit() const { return !any_ || before_ + last_out_ == records_; }
  // At the end of the input: what is wrong, "" where each stage in front ended properly.
  std::string Missing() const;

 private:
  bool any_ = false;
  bool last_is_source_ = false;
  std::string last_tool_;
  std::string wrong_;      // the first thing that did not fit
  uint64_t before_ = 0;    // records of the pipes that ended before this one
  uint64_t last_out_ = 0;  // of the last stage (or sources side by side)
  uint64_t records_ = 0;   // what the sink got
};

}  // namespace glp::cli
