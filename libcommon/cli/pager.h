// The pager in front of a terminal, as git has it: $GLP_PAGER, else $PAGER, else less; none where
// that is "" or "cat". What goes to standard output, and to standard error where that is the same
// terminal, goes through it.
// Ctrl-C is the pager's; here it asks for a stop (io/stop.h) as often as it comes, and so does a
// reader who quits the pager. The end waits for the pager, so that the terminal is never left to
// two programs at a time.
// Threads: one at a time, one pager in a process.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "base/result.h"

namespace glp::cli {

// The command of the pager, "" for none. An argument is a variable's value, nullptr where it is not
// set. Without any there is none on a terminal that can do nothing.
std::string PagerCommand(const char* glp_pager, const char* pager, const char* term);

class Pager {
 public:
  // Starts it where standard output is a terminal. nullptr where there is none to start: what is
  // printed then goes to the terminal.
  static std::unique_ptr<Pager> Start();
  ~Pager();
  Pager(const Pager&) = delete;
  Pager& operator=(const Pager&) = delete;

  // It ended while there was more to print, and not by Ctrl-C: its reader has seen enough.
  // REQUIRES: Finish was not called yet.
  bool left() const;
  // Somebody pressed Ctrl-C.
  bool interrupted() const;
  // Tells it that this was all, waits for its end, and puts the descriptors and signals back.
  // Errors: Code::kIo where the shell found no such program, so that nobody saw the output.
  Status Finish();

 private:
  explicit Pager(std::string command);
  // False where the program is not there.
  bool Spawn(int in_fd);
  void CatchSignals();
  void Redirect(int out_fd);

  std::string command_;
  pid_t pid_ = -1;
  int saved_out_ = -1, saved_err_ = -1;
  struct Signals;
  std::unique_ptr<Signals> signals_;  // as they were
};

}  // namespace glp::cli
