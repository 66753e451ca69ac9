#include "io/output.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <optional>

#include "io/file_system.h"
#include "io/stop.h"

namespace glp::io {

void EnlargePipe(int fd) {
#ifdef F_SETPIPE_SZ
  fcntl(fd, F_SETPIPE_SZ, 1 << 20);
#else
  (void)fd;
#endif
}

Status WriteAll(int fd, std::string_view bytes, const std::string& name) {
  using Clock = std::chrono::steady_clock;
  // Once a stop is asked for a reader that takes nothing must not hold the tool any more: pieces
  // that a pipe with room takes at once, and an end to the patience.
  constexpr auto kPatience = std::chrono::milliseconds(700);
  std::optional<Clock::time_point> give_up;
  while (!bytes.empty()) {
    size_t size = bytes.size();
    if (StopRequested()) {
      if (!give_up) give_up = Clock::now() + kPatience;
      auto left = std::chrono::duration_cast<std::chrono::milliseconds>(*give_up - Clock::now());
      pollfd room = {fd, POLLOUT, 0};
      int n = poll(&room, 1, std::max(0, static_cast<int>(left.count())));
      if (n == 0) {
        return {Code::kIo, "the reader of " + name + " does not take the last " +
                               std::to_string(bytes.size()) + " bytes; stopped without them"};
      }
      size = std::min<size_t>(size, PIPE_BUF);
    }
    ssize_t n = Files().Write(fd, bytes.data(), size);
    if (n >= 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
    } else if (errno == EPIPE) {
      return {Code::kClosed, "the reader of " + name + " is gone"};
    } else if (errno == EAGAIN) {
      // Somebody else made the descriptor non-blocking; wait as a blocking one would.
      pollfd wait = {fd, POLLOUT, 0};
      poll(&wait, 1, -1);
    } else if (errno != EINTR) {
      return IoError("write " + name, errno);
    }
  }
  return Status::Ok();
}

Output::Output(int fd, std::string name, size_t flush_bytes)
    : fd_(fd), name_(std::move(name)), flush_bytes_(flush_bytes) {
  buffer_.reserve(flush_bytes_ + (flush_bytes_ >> 2));
}

Status Output::Flush() {
  if (!error_.ok()) {
    buffer_.clear();
    return error_;
  }
  if (buffer_.empty()) return Status::Ok();
  error_ = WriteAll(fd_, buffer_, name_);
  written_bytes_ += buffer_.size();
  // A huge record must not keep its memory for ever.
  if (buffer_.capacity() > 16 * flush_bytes_) {
    std::string().swap(buffer_);
    buffer_.reserve(flush_bytes_ + (flush_bytes_ >> 2));
  }
  buffer_.clear();
  return error_;
}

}  // namespace glp::io
