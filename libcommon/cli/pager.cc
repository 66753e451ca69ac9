#include "cli/pager.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "io/stop.h"

namespace glp::cli {
namespace {

std::atomic<bool> pager_ended{false}, pager_interrupted{false};

void OnInterrupt(int) {
  const int saved_errno = errno;
  pager_interrupted = true;
  io::RequestStop();
  errno = saved_errno;
}
void OnPagerEnd(int) {
  const int saved_errno = errno;
  pager_ended = true;
  io::RequestStop();
  errno = saved_errno;
}

// The environment, with settings for pagers that have none of their own: to leave where all fits
// on the screen, to let colours through, not to clear the screen.
std::vector<std::string> PagerEnvironment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable; ++variable) variables.emplace_back(*variable);
  if (!std::getenv("LESS")) variables.emplace_back("LESS=FRX");
  if (!std::getenv("LV")) variables.emplace_back("LV=-c");
  return variables;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// The words of a command that needs no shell; else what runs it in one.
std::vector<std::string> Arguments(const std::string& command) {
  if (command.find_first_of("|&;<>()$`\\\"'*?[#~=%\n") != command.npos) {
    return {"sh", "-c", command};
  }
  std::vector<std::string> words;
  for (size_t at = 0; (at = command.find_first_not_of(" \t", at)) != command.npos;) {
    const size_t end = std::min(command.find_first_of(" \t", at), command.size());
    words.push_back(command.substr(at, end - at));
    at = end;
  }
  return words;
}

bool IsSameTerminal(int a, int b) {
  struct stat first = {}, second = {};
  return isatty(a) == 1 && isatty(b) == 1 && fstat(a, &first) == 0 && fstat(b, &second) == 0 &&
         first.st_rdev == second.st_rdev;
}

}  // namespace

struct Pager::Signals {
  struct sigaction interrupt = {}, child = {};
};

std::string PagerCommand(const char* glp_pager, const char* pager, const char* term) {
  std::string command;
  if (glp_pager || pager) {
    command = glp_pager ? glp_pager : pager;
  } else if (term && *term && std::string_view(term) != "dumb") {
    command = "less";
  }
  const size_t begin = command.find_first_not_of(" \t");
  if (begin == command.npos) return "";
  command = command.substr(begin, command.find_last_not_of(" \t") + 1 - begin);
  return command == "cat" ? "" : command;
}

std::unique_ptr<Pager> Pager::Start() {
  if (isatty(STDOUT_FILENO) != 1) return nullptr;
  std::string command =
      PagerCommand(std::getenv("GLP_PAGER"), std::getenv("PAGER"), std::getenv("TERM"));
  if (command.empty()) return nullptr;
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return nullptr;
  std::unique_ptr<Pager> pager(new Pager(std::move(command)));
  const bool spawned = pager->Spawn(fds[0]);
  close(fds[0]);
  if (spawned) {
    pager->CatchSignals();
    pager->Redirect(fds[1]);
  }
  close(fds[1]);
  return spawned ? std::move(pager) : nullptr;
}

// Only now: the end of a child that could not become the pager is none of the pager.
void Pager::CatchSignals() {
  signals_ = std::make_unique<Signals>();
  pager_ended = pager_interrupted = false;
  struct sigaction action = {};
  sigemptyset(&action.sa_mask);
  action.sa_handler = OnInterrupt;
  sigaction(SIGINT, &action, &signals_->interrupt);
  action.sa_flags = SA_RESTART | SA_NOCLDSTOP;
  action.sa_handler = OnPagerEnd;
  sigaction(SIGCHLD, &action, &signals_->child);
  siginfo_t ended = {};
  if (waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
      ended.si_pid == pid_) {
    OnPagerEnd(SIGCHLD);
  }
}

bool Pager::Spawn(int in_fd) {
  std::vector<std::string> words = Arguments(command_);
  std::vector<std::string> variables = PagerEnvironment();
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, in_fd, STDIN_FILENO);
  // What this process ignores the pager would not get either.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  sigaddset(&defaults, SIGXFSZ);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  const int error = posix_spawnp(&pid_, words.front().c_str(), &files, &attributes,
                                 Pointers(words).data(), Pointers(variables).data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) pid_ = -1;
  return error == 0;
}

void Pager::Redirect(int out_fd) {
  const bool with_stderr = IsSameTerminal(STDOUT_FILENO, STDERR_FILENO);
  saved_out_ = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  dup2(out_fd, STDOUT_FILENO);
  if (with_stderr) {
    saved_err_ = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    dup2(out_fd, STDERR_FILENO);
  }
}

Pager::Pager(std::string command) : command_(std::move(command)) {}
Pager::~Pager() { [[maybe_unused]] const Status status = Finish(); }

bool Pager::left() const { return pager_ended && !pager_interrupted; }
bool Pager::interrupted() const { return pager_interrupted; }

Status Pager::Finish() {
  // Words that come now are for the terminal, behind what the pager showed.
  for (auto [saved, fd] : {std::pair(&saved_out_, STDOUT_FILENO), {&saved_err_, STDERR_FILENO}}) {
    if (*saved < 0) continue;
    dup2(*saved, fd);
    close(*saved);
    *saved = -1;
  }
  int status = 0;
  if (pid_ > 0) {
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
  }
  if (signals_) {
    sigaction(SIGCHLD, &signals_->child, nullptr);
    sigaction(SIGINT, &signals_->interrupt, nullptr);
    signals_.reset();
  }
  constexpr int kNotFound = 127;
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNotFound) {
    return {Code::kIo, "the pager '" + command_ + "' was not found; nothing was shown"};
  }
  return Status::Ok();
}

}  // namespace glp::cli
