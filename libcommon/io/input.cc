#include "io/input.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "io/stop.h"

namespace glp::io {
namespace {

using Clock = std::chrono::steady_clock;

class FdSource : public ByteSource {
 public:
  FdSource(int fd, std::string name, bool own) : fd_(fd), name_(std::move(name)), own_(own) {}
  ~FdSource() override {
    if (own_) close(fd_);
  }
  Result<size_t> Read(char* out, size_t size) override {
    for (;;) {
      ssize_t n = read(fd_, out, size);
      if (n >= 0) return static_cast<size_t>(n);
      if (errno == EAGAIN) {
        WaitReadable(fd_, -1);
        if (StopRequested()) return size_t{0};
      } else if (errno != EINTR) {
        return IoError("read " + name_, errno);
      }
    }
  }
  int poll_fd() const override { return fd_; }

 private:
  int fd_;
  std::string name_;
  bool own_;
};

}  // namespace

std::unique_ptr<ByteSource> MakeFdSource(int fd, std::string name, bool own) {
  return std::make_unique<FdSource>(fd, std::move(name), own);
}

LineInput::LineInput(std::unique_ptr<ByteSource> source, size_t block_bytes)
    : source_(std::move(source)), block_bytes_(block_bytes) {}

LineInput::~LineInput() = default;

Result<ReadState> LineInput::Read(std::string_view* lines, int timeout_ms) {
  *lines = {};
  // The cut-off line moves to the front.
  if (consumed_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + consumed_, used_ - consumed_);
    used_ -= consumed_;
    consumed_ = 0;
    scanned_ = used_;
  }
  const auto deadline = Clock::now() + std::chrono::milliseconds(std::max(timeout_ms, 0));
  while (!end_) {
    // Grows for a long line, shrinks when it has gone.
    if (used_ + block_bytes_ > capacity_ ||
        (capacity_ > 8 * block_bytes_ && used_ <= block_bytes_)) {
      size_t wanted = 2 * std::max(used_, block_bytes_);
      std::unique_ptr<char[]> buffer(new char[wanted + kPadding]);
      if (used_ > 0) std::memcpy(buffer.get(), buffer_.get(), used_);
      buffer_ = std::move(buffer);
      capacity_ = wanted;
    }
    if (int fd = source_->poll_fd(); fd >= 0) {
      // A line that comes piece by piece must not make the time longer.
      int left_ms = timeout_ms;
      if (timeout_ms > 0) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        if (left.count() <= 0) return ReadState::kTimeout;
        left_ms = static_cast<int>(left.count());
      }
      switch (WaitReadable(fd, left_ms)) {
        case WaitState::kReady:
          break;
        case WaitState::kTimeout:
          return ReadState::kTimeout;
        case WaitState::kStopped:
          return ReadState::kStopped;
      }
    } else if (StopRequested()) {
      return ReadState::kStopped;
    }
    GLP_ASSIGN_OR_RETURN(size_t got, source_->Read(buffer_.get() + used_, capacity_ - used_));
    if (got == 0) {
      end_ = true;
      break;
    }
    used_ += got;
    const char* begin = buffer_.get();
    const void* newline = memrchr(begin + scanned_, '\n', used_ - scanned_);
    if (newline != nullptr) {
      consumed_ = static_cast<size_t>(static_cast<const char*>(newline) - begin) + 1;
      *lines = {begin, consumed_};
      return ReadState::kData;
    }
    scanned_ = used_;
    if (used_ > kMaxLineBytes) {
      return Status(Code::kLimit, "a line is longer than 1 GiB; is this a file of lines?");
    }
  }
  if (used_ > 0) {
    *lines = {buffer_.get(), used_};
    consumed_ = used_;
    return ReadState::kData;
  }
  return ReadState::kEnd;
}

}  // namespace glp::io
