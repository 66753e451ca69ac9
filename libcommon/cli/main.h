// What main() of every tool does, once: options, help, signals, exit codes, words on stderr.
//
//   int main(int argc, char** argv) {
//     Options options;
//     cli::Command command = Describe(&options);
//     return cli::Main(argc, argv, command, [&](cli::Context& context) {
//       return Run(options, context);
//     });
//   }
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/command.h"

namespace glp::cli {

enum ExitCode : int {
  kExitOk = 0,
  kExitNoMatch = 1,
  kExitUsage = 2,       // usage, configuration, I/O
  kExitIncomplete = 3,  // done, but something was skipped or is not complete
  kExitGaveUp = 75,     // given up on a server
};

// What a run has to say besides its data.
// Threads: safe from any.
class Context {
 public:
  // `short_help` is shown where a terminal is all there is to read.
  explicit Context(std::string tool, std::string short_help = "");
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  const std::string& tool() const { return tool_; }
  const std::string& short_help() const { return short_help_; }

  // "glp-x: message" on stderr, control characters escaped.
  void Say(std::string_view message);
  // Something was skipped or is incomplete: said (the first kMaxSaid of each `kind`, then only
  // counted) and the exit code becomes kExitIncomplete. `kind` is a plural noun: "bad records".
  void Incomplete(std::string_view kind, std::string_view message);
  uint64_t incomplete_count() const;
  static constexpr int kMaxSaid = 5;

  // At the end: counts of what was said too often, then the exit code for `status` or, when it is
  // OK, for `done` (kExitOk or kExitNoMatch) and what Incomplete was told.
  int Finish(const Status& status, int done);

 private:
  struct State;
  std::string tool_, short_help_;
  std::unique_ptr<State> state_;
};

// The result of a run: an error, or the exit code of a run that worked.
using RunResult = Result<int>;

int Main(int argc, char** argv, Command& command, const std::function<RunResult(Context&)>& run);

// Colour as the manners say: `when` is auto, always or never; NO_COLOR and TERM=dumb are honoured.
bool UseColor(const std::string& when, int fd);
// An error with the short help where `fd` is a terminal, so with nothing to read. Tools that read
// stdin call this first and return its status.
Status RefuseTerminal(const Context& context, int fd);

}  // namespace glp::cli
