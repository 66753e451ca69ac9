#include "exec.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <utility>

#include "base/time.h"
#include "io/file.h"
#include "io/output.h"
#include "io/stop.h"

namespace glp::tail {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kUntilKill{1000};
// Output of a process that outlives the command: so long for the next of it, and for all of it.
constexpr milliseconds kQuiet{200}, kAfterEnd{1000};
constexpr size_t kBlockBytes = 64 << 10;

// For the handlers of signals.
std::atomic<pid_t> command_pid{0};  // 0 once it has ended: its number may be given to another
std::atomic<int> wake_fd{-1};

void OnSignal(int signal_number, siginfo_t* info, void*) {
  int saved_errno = errno;
  if (signal_number != SIGCHLD) {
    // What the kernel sends comes from the terminal, to the whole process group.
    if (pid_t pid = command_pid; pid > 0 && info->si_code != SI_KERNEL) kill(pid, signal_number);
    if (signal_number != SIGHUP) io::RequestStop();
  }
  uint64_t one = 1;
  [[maybe_unused]] ssize_t n = write(wake_fd, &one, sizeof one);
  errno = saved_errno;
}

void CatchSignals() {
  struct sigaction action = {};
  action.sa_sigaction = OnSignal;
  action.sa_flags = SA_SIGINFO | SA_NOCLDSTOP;
  sigemptyset(&action.sa_mask);
  for (int signal_number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) {
    struct sigaction before = {};
    sigaction(signal_number, nullptr, &before);
    // nohup(1) is meant for the command too.
    if (signal_number == SIGHUP && before.sa_handler == SIG_IGN) continue;
    sigaction(signal_number, &action, nullptr);
  }
}

// For poll; -1 where it never comes.
int MsUntil(Clock::time_point when) {
  if (when == Clock::time_point::max()) return -1;
  auto left = std::chrono::ceil<milliseconds>(when - Clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 1000));
}

struct Pipe {
  io::Fd read, write;
};
Result<Pipe> MakePipe() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return IoError("make a pipe", errno);
  io::EnlargePipe(fds[0]);
  return Pipe{io::Fd(fds[0]), io::Fd(fds[1])};
}

std::string LabelsOf(Labels labels, const char* stream) {
  bool given = std::any_of(labels.begin(), labels.end(),
                           [](const Label& label) { return label.name == "stream"; });
  if (!given) labels.push_back({"stream", stream});
  Canonicalize(&labels);
  return LabelsToJson(labels);
}

// What the command writes to one of its descriptors.
class OutputStream {
 public:
  OutputStream(io::Fd fd, const Labels& labels, const char* stream, const std::string& command,
               const LineOptions& lines)
      : fd_(std::move(fd)),
        name_(std::string(stream) + " of " + command),
        frame_(LabelsOf(labels, stream)),
        lines_(name_, lines, frame_, [](std::string_view, RecordWriter&) {}) {}

  int fd() const { return fd_.get(); }  // -1: at its end
  // Reads once what is there.
  Status Read(char* block, RecordWriter& writer) {
    ssize_t n = read(fd_.get(), block, kBlockBytes);
    if (n < 0) return errno == EINTR ? Status::Ok() : IoError("read " + name_, errno);
    owed_ -= std::min(owed_, static_cast<size_t>(n));
    if (n == 0) {
      Finish(writer);
      return Status::Ok();
    }
    writer.SetTime(NowNs());
    return lines_.Take({block, static_cast<size_t>(n)}, writer);
  }
  void Finish(RecordWriter& writer) {
    lines_.Finish(writer);
    fd_.Reset();
  }
  // What is in the pipe now is not to be missed.
  void CommandEnded() {
    int bytes = 0;
    if (fd_.valid() && ioctl(fd_.get(), FIONREAD, &bytes) == 0) owed_ = static_cast<size_t>(bytes);
  }
  bool owes() const { return fd_.valid() && owed_ > 0; }

 private:
  io::Fd fd_;
  std::string name_;
  RecordFrame frame_;
  LineSplitter lines_;
  size_t owed_ = 0;
};

class Run {
 public:
  Run(const std::vector<std::string>& command, RecordWriter& writer)
      : command_(command),
        writer_(writer),
        block_(new char[kBlockBytes + RecordWriter::kPadding]) {}

  // 0, or the errno of what went wrong.
  Result<int> Start(const Labels& labels, const LineOptions& lines);
  // Until the command has ended and its output is read. Its exit code.
  Result<int> Follow();

 private:
  Status Wait();
  void Drain();
  void LookAtCommand();
  void End(int signal_number);
  Status ReadStreams();
  bool IsOver() const;

  const std::vector<std::string>& command_;
  RecordWriter& writer_;
  std::unique_ptr<char[]> block_;
  std::unique_ptr<OutputStream> streams_[2];
  io::Fd wake_;
  pollfd polled_[4] = {};  // the two streams, wake_, the reader of the records

  pid_t pid_ = 0;
  bool ended_ = false;
  int wait_status_ = 0;
  bool ending_ = false;  // it was told to
  Clock::time_point kill_at_ = Clock::time_point::max();
  Clock::time_point quiet_at_, over_at_;  // once it has ended
};

Result<int> Run::Start(const Labels& labels, const LineOptions& lines) {
  wake_ = io::Fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_.valid()) return IoError("eventfd", errno);
  wake_fd = wake_.get();
  GLP_ASSIGN_OR_RETURN(Pipe out, MakePipe());
  GLP_ASSIGN_OR_RETURN(Pipe err, MakePipe());
  CatchSignals();

  // A signal that comes before command_pid is known would not be passed on.
  sigset_t all, before, to_default;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &before);
  sigemptyset(&to_default);
  sigaddset(&to_default, SIGPIPE);
  sigaddset(&to_default, SIGXFSZ);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setsigdefault(&attributes, &to_default);
  posix_spawnattr_setsigmask(&attributes, &before);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out.write.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.write.get(), STDERR_FILENO);
  std::vector<char*> arguments;
  for (const std::string& word : command_) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  int error = posix_spawnp(&pid_, arguments[0], &actions, &attributes, arguments.data(), environ);
  if (error == 0) command_pid = pid_;
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) return error;

  streams_[0] =
      std::make_unique<OutputStream>(std::move(out.read), labels, "stdout", command_[0], lines);
  streams_[1] =
      std::make_unique<OutputStream>(std::move(err.read), labels, "stderr", command_[0], lines);
  // A stop that came in front of it all.
  if (io::StopRequested()) End(SIGTERM);
  return 0;
}

Result<int> Run::Follow() {
  Status status;
  while (status.ok() && !IsOver()) {
    status = Wait();
    LookAtCommand();
    if (status.ok()) status = ReadStreams();
  }
  for (auto& stream : streams_) stream->Finish(writer_);
  // Where something went wrong no more of it is wanted, and the command shall not go on unheard.
  if (!status.ok()) End(SIGTERM);
  while (!ended_) {
    pollfd wake = {wake_.get(), POLLIN, 0};
    poll(&wake, 1, MsUntil(kill_at_));
    Drain();
    LookAtCommand();
  }
  if (!status.ok()) return status;
  return WIFSIGNALED(wait_status_) ? kExitSignal + WTERMSIG(wait_status_)
                                   : WEXITSTATUS(wait_status_);
}

// Until there is something to do. What was made of the output so far is sent on before.
Status Run::Wait() {
  polled_[0] = {streams_[0]->fd(), POLLIN, 0};
  polled_[1] = {streams_[1]->fd(), POLLIN, 0};
  polled_[2] = {wake_.get(), POLLIN, 0};
  polled_[3] = {STDOUT_FILENO, 0, 0};
  if (poll(polled_, 4, 0) == 0) {
    GLP_RETURN_IF_ERROR(writer_.Flush());
    poll(polled_, 4, MsUntil(ended_ ? std::min(quiet_at_, over_at_) : kill_at_));
  }
  Drain();
  if ((polled_[3].revents & POLLERR) != 0) {
    return Status(Code::kClosed, "the reader of standard output is gone");
  }
  return Status::Ok();
}

void Run::Drain() {
  uint64_t count;
  [[maybe_unused]] ssize_t n = read(wake_.get(), &count, sizeof count);
}

void Run::LookAtCommand() {
  if (ended_) return;
  siginfo_t info = {};
  if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
      info.si_pid == pid_) {
    command_pid = 0;
    waitpid(pid_, &wait_status_, 0);
    ended_ = true;
    streams_[0]->CommandEnded();
    streams_[1]->CommandEnded();
    quiet_at_ = Clock::now() + kQuiet;
    over_at_ = Clock::now() + kAfterEnd;
    return;
  }
  if (io::StopRequested()) End(0);
  if (Clock::now() >= kill_at_) {
    kill(pid_, SIGKILL);
    kill_at_ = Clock::time_point::max();
  }
}

// Tells the command to end, by the signal or, with 0, as was done already.
void Run::End(int signal_number) {
  if (ended_ || ending_) return;
  ending_ = true;
  if (signal_number != 0) kill(pid_, signal_number);
  kill_at_ = Clock::now() + kUntilKill;
}

Status Run::ReadStreams() {
  for (int i : {0, 1}) {
    if (polled_[i].fd < 0 || polled_[i].revents == 0) continue;
    GLP_RETURN_IF_ERROR(streams_[i]->Read(block_.get(), writer_));
    quiet_at_ = Clock::now() + kQuiet;
  }
  return writer_.status();
}

bool Run::IsOver() const {
  if (!ended_) return false;
  if (streams_[0]->fd() < 0 && streams_[1]->fd() < 0) return true;
  if (streams_[0]->owes() || streams_[1]->owes()) return false;
  return Clock::now() >= std::min(quiet_at_, over_at_);
}

}  // namespace

Status CheckCommand(const std::vector<std::string>& command,
                    std::initializer_list<std::pair<const char*, bool>> options) {
  constexpr const char* kExample = "glp-tail --exec -- journalctl -f";
  if (command.empty())
    return UsageError(std::string("--exec: name the command, as in ") + kExample);
  for (const auto& [name, given] : options) {
    if (given) {
      return UsageError(std::string(name) +
                        " is about files, not about a command; options of the command stand behind "
                        "'--', as in " +
                        kExample);
    }
  }
  return Status::Ok();
}

Result<ExecOutcome> RunCommand(cli::Context& context, const std::vector<std::string>& command,
                               const Labels& labels, const LineOptions& lines,
                               RecordWriter& writer) {
  Run run(command, writer);
  GLP_ASSIGN_OR_RETURN(int error, run.Start(labels, lines));
  if (error == 0) {
    GLP_ASSIGN_OR_RETURN(int exit_code, run.Follow());
    return ExecOutcome{true, exit_code};
  }
  context.Say("--exec " + command[0] + ": " +
              (error == ENOENT ? "there is no such command" : std::strerror(error)));
  return ExecOutcome{false, error == ENOENT ? kExitNotFound : kExitCannotRun};
}

}  // namespace glp::tail
