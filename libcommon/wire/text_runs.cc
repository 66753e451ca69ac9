#include "wire/text_runs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace glp::wire {
namespace {

constexpr size_t kBufferBytes = 64 << 10;
constexpr size_t kHeaderBytes = 24;

// A file that nobody else sees and that is gone with its descriptor.
Result<io::Fd> OpenTemporary(const std::string& folder) {
  int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0 && errno != ENOENT && errno != EACCES && errno != ENOSPC) {
    // A file system that has no files without names.
    std::string path = folder + "/.glp-XXXXXX";
    fd = ::mkostemp(path.data(), O_CLOEXEC);
    if (fd >= 0) ::unlink(path.c_str());
  }
  if (fd < 0) return IoError("make a temporary file in " + folder, errno);
  return io::Fd(fd);
}

}  // namespace

// A part of the file, read from front to back.
struct TextRuns::Run {
  size_t number = 0;
  uint64_t at = 0;   // in the file, of what is not in `buffer`
  uint64_t end = 0;  // in the file
  std::string buffer;
  size_t used = 0;        // of the buffer
  std::string key, head;  // of the text that comes
  uint64_t text_left = 0;
  bool done = false;

  size_t in_buffer() const { return buffer.size() - used; }
  uint64_t left() const { return end - at + in_buffer(); }

  // At least `size` bytes in the buffer, or as many as there are.
  Status Fill(int fd, size_t size) {
    if (in_buffer() >= size || at == end) return Status::Ok();
    buffer.erase(0, used);
    used = 0;
    const auto more = static_cast<size_t>(
        std::min<uint64_t>(end - at, std::max(size - buffer.size(), kBufferBytes)));
    const size_t old = buffer.size();
    buffer.resize(old + more);
    GLP_RETURN_IF_ERROR(io::ReadAt(fd, at, more, buffer.data() + old, "a temporary file"));
    at += more;
    return Status::Ok();
  }

  Status Skip(int fd, uint64_t size) {
    while (size > 0) {
      GLP_RETURN_IF_ERROR(Fill(fd, 1));
      const size_t some = std::min<uint64_t>(size, in_buffer());
      used += some;
      size -= some;
    }
    return Status::Ok();
  }

  // The next key, or `done`.
  Status ReadHead(int fd) {
    GLP_RETURN_IF_ERROR(Skip(fd, text_left));
    text_left = 0;
    done = left() == 0;
    if (done) return Status::Ok();
    GLP_RETURN_IF_ERROR(Fill(fd, kHeaderBytes));
    uint64_t sizes[3];
    std::memcpy(sizes, buffer.data() + used, kHeaderBytes);
    used += kHeaderBytes;
    GLP_RETURN_IF_ERROR(Fill(fd, sizes[0] + sizes[1]));
    key.assign(buffer, used, sizes[0]);
    head.assign(buffer, used + sizes[0], sizes[1]);
    used += sizes[0] + sizes[1];
    text_left = sizes[2];
    return Status::Ok();
  }
};

// Of a heap whose front is the least key, of equal ones that of the first run.
bool TextRuns::ComesLater(const Run* a, const Run* b) {
  const int order = a->key.compare(b->key);
  return order > 0 || (order == 0 && a->number > b->number);
}

TextRuns::TextRuns(std::string folder) : folder_(std::move(folder)) {}
TextRuns::~TextRuns() = default;

Status TextRuns::Write(const std::vector<const KeyedText*>& sorted) {
  if (!fd_.valid()) {
    GLP_ASSIGN_OR_RETURN(fd_, OpenTemporary(folder_));
  }
  auto run = std::make_unique<Run>();
  run->number = runs_.size();
  run->at = size_;
  for (const KeyedText* one : sorted) {
    const uint64_t sizes[3] = {one->key.size(), one->head.size(), one->text.size()};
    GLP_RETURN_IF_ERROR(Append({reinterpret_cast<const char*>(sizes), kHeaderBytes}));
    for (const std::string_view part : {one->key, one->head, one->text}) {
      GLP_RETURN_IF_ERROR(Append(part));
    }
  }
  GLP_RETURN_IF_ERROR(Flush());
  run->end = size_;
  runs_.push_back(std::move(run));
  return Status::Ok();
}

Status TextRuns::Append(std::string_view bytes) {
  buffer_ += bytes;
  return buffer_.size() < 4 * kBufferBytes ? Status::Ok() : Flush();
}

Status TextRuns::Flush() {
  std::string_view left = buffer_;
  while (!left.empty()) {
    const ssize_t n = ::write(fd_.get(), left.data(), left.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return IoError("write a temporary file in " + folder_, errno);
    left.remove_prefix(static_cast<size_t>(n));
    size_ += static_cast<uint64_t>(n);
  }
  buffer_.clear();
  return Status::Ok();
}

Result<bool> TextRuns::Next() {
  if (!is_read_) {
    is_read_ = true;
    for (const auto& run : runs_) current_.push_back(run.get());
  }
  for (Run* run : current_) {
    GLP_RETURN_IF_ERROR(run->ReadHead(fd_.get()));
    if (run->done) continue;
    others_.push_back(run);
    std::push_heap(others_.begin(), others_.end(), ComesLater);
  }
  current_.clear();
  if (others_.empty()) return false;
  do {
    std::pop_heap(others_.begin(), others_.end(), ComesLater);
    current_.push_back(others_.back());
    others_.pop_back();
  } while (!others_.empty() && others_.front()->key == current_.front()->key);
  at_ = 0;
  has_text_ = is_inside_ = false;
  return true;
}

std::string_view TextRuns::head() const { return current_.front()->head; }

Result<bool> TextRuns::Read(std::string_view separator, std::string* out) {
  for (; at_ < current_.size(); ++at_) {
    Run& run = *current_[at_];
    if (run.text_left == 0) continue;
    const bool begins = has_text_ && !is_inside_;
    GLP_RETURN_IF_ERROR(run.Fill(fd_.get(), 1));
    const size_t some = std::min<uint64_t>(run.text_left, run.in_buffer());
    if (begins) *out += separator;
    out->append(run.buffer, run.used, some);
    run.used += some;
    run.text_left -= some;
    has_text_ = true;
    is_inside_ = run.text_left > 0;
    return true;
  }
  return false;
}

}  // namespace glp::wire
