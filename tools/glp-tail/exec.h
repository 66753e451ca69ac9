// The output of a command as records: stdout and stderr each split into lines and told apart by
// the label `stream`. They have no src, for there is nothing to read again.
//
// The command has the standard input, environment and process group of this process. SIGTERM,
// SIGINT and SIGHUP are passed on to it, save what the terminal sent to both already; one second
// after SIGTERM or SIGINT, or SIGTERM for the reason that nobody reads the records any more, it is
// killed. When it has ended, its output is read until no process holds it any more, or nothing
// came for 200 ms, or a second has gone by; what was in the pipes at its end is always read.
// Threads: one run in a process: signals are the process'.
// Errors:  Code::kUsage from CheckCommand; of stdout (Code::kClosed where its reader is gone) and
//          of making pipes.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "cli/main.h"
#include "line_splitter.h"
#include "record/labels.h"
#include "record_writer.h"

namespace glp::tail {

// Of a command that cannot be run; those of the shells.
enum ExecExitCode : int { kExitCannotRun = 126, kExitNotFound = 127, kExitSignal = 128 };

// Refuses an empty command, and options beside it that are about files: what they are called and
// whether they were given.
Status CheckCommand(const std::vector<std::string>& command,
                    std::initializer_list<std::pair<const char*, bool>> options);

struct ExecOutcome {
  bool ran;
  int exit_code;  // its own; kExitSignal + N where signal N ended it
};
// REQUIRES: CheckCommand. Why it could not be run was said.
Result<ExecOutcome> RunCommand(cli::Context& context, const std::vector<std::string>& command,
                               const Labels& labels, const LineOptions& lines,
                               RecordWriter& writer);

}  // namespace glp::tail
