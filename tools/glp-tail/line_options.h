// The options of the command line that are about lines, and what is said of them at the end.
// Threads: one at a time. Errors: Code::kUsage, if nothing else is said.
#pragma once

#include <string>

#include "cli/main.h"
#include "line_splitter.h"

namespace glp::tail {

struct LineSettings {
  std::string encoding;
  cli::Size max_line_size;
  std::string max_line_action = "split";
};

void AddLineOptions(cli::Command* command, LineSettings* settings);
// What cannot be decoded is told to `context`; both must outlive the options made.
Result<LineOptions> MakeLineOptions(const LineSettings& settings, LineReport* report,
                                    cli::Context& context);
// The last words: how many lines were split, truncated and dropped, where any were, and the end
// mark. Errors: of stdout.
Status WriteEnd(const LineReport& report, cli::Context& context, RecordWriter& writer);

}  // namespace glp::tail
