#include "cli/end_marks.h"

namespace glp::cli {

bool IsSourceTool(std::string_view tool) { return tool == "glp-tail"; }

void EndMarks::OnMark(const Mark& mark) {
  if (mark.kind != Mark::Kind::kEnd) return;
  const MarkWords words = ReadMarkWords(mark);
  if (IsSourceTool(words.tool)) {
    if (any_ && !last_is_source_) {
      before_ += last_out_;
      last_out_ = 0;
    }
    last_out_ += words.out;
    last_is_source_ = true;
  } else {
    if (wrong_.empty() && !any_) {
      wrong_ = "what stood in front of " + words.tool + " died before its end";
    } else if (wrong_.empty() && words.in != last_out_) {
      wrong_ = words.tool + " read " + std::to_string(words.in) + " records of the " +
               std::to_string(last_out_) + " that " + last_tool_ + " wrote";
    }
    last_out_ = words.out;
    last_is_source_ = false;
  }
  last_tool_ = words.tool;
  any_ = true;
}

std::string EndMarks::Missing() const {
  if (!any_) {
    return "no end mark came: the stage in front died, or passes no marks on (as grep does)";
  }
  if (!wrong_.empty()) return wrong_;
  if (!Fit()) {
    return "got " + std::to_string(records_) + " records of the " +
           std::to_string(before_ + last_out_) + " that the stages in front wrote";
  }
  return "";
}

}  // namespace glp::cli
