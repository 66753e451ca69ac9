#include "io/stop.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>

namespace glp::io {
namespace {

std::atomic<int> stop_fd{-1};
std::atomic<bool> stop_requested{false};
std::atomic<int> reload_fd{-1};
std::atomic<int> output_fd{-1};

void Raise(int fd) {
  const uint64_t one = 1;
  if (fd >= 0) [[maybe_unused]]
    const ssize_t n = write(fd, &one, sizeof one);
}

void OnStopSignal(int signal_number) {
  int saved_errno = errno;
  RequestStop();
  // The next one is deadly: a user who asks twice means it.
  signal(signal_number, SIG_DFL);
  errno = saved_errno;
}

}  // namespace

void InstallStopHandler() {
  stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct sigaction action = {};
  action.sa_handler = OnStopSignal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
  // A file that may not grow any more is an error of that write, like a full disk.
  signal(SIGXFSZ, SIG_IGN);
}

bool StopRequested() { return stop_requested; }

int StopFd() { return stop_fd; }

void RequestStop() {
  stop_requested = true;
  Raise(stop_fd);
}

int CatchReload() {
  if (reload_fd < 0) reload_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct sigaction action = {};
  action.sa_handler = [](int) {
    const int saved_errno = errno;
    Raise(reload_fd);
    errno = saved_errno;
  };
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGHUP, &action, nullptr);
  return reload_fd;
}

bool TakeReload() {
  uint64_t count;
  return reload_fd >= 0 && read(reload_fd, &count, sizeof count) == sizeof count;
}

void StopWhenReaderLeaves(int out_fd) { output_fd = out_fd; }

WaitState WaitReadable(int fd, int timeout_ms) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  for (;;) {
    if (StopRequested()) return WaitState::kStopped;
    // poll skips negative descriptors.
    pollfd fds[3] = {{fd, POLLIN, 0}, {stop_fd, POLLIN, 0}, {output_fd, 0, 0}};
    int n = poll(fds, 3, timeout_ms);
    if (StopRequested() || (fds[2].revents & POLLERR) != 0) return WaitState::kStopped;
    if (n > 0 && fds[0].revents != 0) return WaitState::kReady;
    if (n == 0) return WaitState::kTimeout;
    if (timeout_ms >= 0) {
      auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
      timeout_ms = left.count() > 0 ? static_cast<int>(left.count()) : 0;
    }
  }
}

}  // namespace glp::io
