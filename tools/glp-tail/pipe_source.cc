#include "pipe_source.h"

#include <algorithm>

#include "io/compressed.h"
#include "io/output.h"
#include "io/stop.h"

namespace glp::tail {
namespace {

// The descriptor, read with care for stops and waits, and with a way to put bytes back.
class Raw : public io::ByteSource {
 public:
  Raw(int fd, const std::string& name, bool own, std::function<void()> before_wait)
      : fd_(fd), before_wait_(std::move(before_wait)), source_(io::MakeFdSource(fd, name, own)) {}

  Result<size_t> Read(char* out, size_t size) override {
    if (!unread_.empty()) {
      size_t n = std::min(size, unread_.size());
      unread_.copy(out, n);
      unread_.erase(0, n);
      return n;
    }
    io::WaitState state = io::WaitReadable(fd_, 0);
    if (state == io::WaitState::kTimeout) {
      before_wait_();
      state = io::WaitReadable(fd_, -1);
    }
    if (state == io::WaitState::kStopped) return size_t{0};
    return source_->Read(out, size);
  }
  int poll_fd() const override { return fd_; }
  void Unread(std::string_view bytes) { unread_.insert(0, bytes); }

 private:
  int fd_;
  std::function<void()> before_wait_;
  std::unique_ptr<io::ByteSource> source_;
  std::string unread_;
};

class PipeSource : public io::ByteSource {
 public:
  PipeSource(std::unique_ptr<Raw> raw, int fd, std::string name)
      : raw_(std::move(raw)), fd_(fd), name_(std::move(name)) {}

  Result<size_t> Read(char* out, size_t size) override {
    if (decoder_ != nullptr) return decoder_->Read(out, size);
    GLP_ASSIGN_OR_RETURN(size_t n, raw_->Read(out, size));
    // As few bytes as there are decide, so that a short first line need not wait for a second.
    if (started_ || n == 0 || !MayBeCompressed({out, n})) {
      started_ = true;
      return n;
    }
    raw_->Unread({out, n});
    GLP_ASSIGN_OR_RETURN(decoder_, io::MakeDecodingSource(std::move(raw_), name_));
    return decoder_->Read(out, size);
  }
  int poll_fd() const override { return fd_; }

 private:
  std::unique_ptr<Raw> raw_;
  std::unique_ptr<io::ByteSource> decoder_;
  int fd_;
  std::string name_;
  bool started_ = false;
};

}  // namespace

bool MayBeCompressed(std::string_view head) {
  return io::DetectCompression(head) != io::Compression::kNone ||
         (!head.empty() && io::MayBecomeCompressed(head));
}

std::unique_ptr<io::ByteSource> MakePipeSource(int fd, std::string name, bool own,
                                               std::function<void()> before_wait) {
  io::EnlargePipe(fd);
  auto raw = std::make_unique<Raw>(fd, name, own, std::move(before_wait));
  return std::make_unique<PipeSource>(std::move(raw), fd, std::move(name));
}

}  // namespace glp::tail
