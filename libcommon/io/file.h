// Files as wholes: descriptors that close themselves, reading, atomic writing, folders.
// Threads: functions are safe from any, objects one at a time. Errors: Code::kIo with the path.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace glp::io {

// An owned descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      Reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Fd() { Reset(); }
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }
  void Reset();

 private:
  int fd_ = -1;
};

Result<Fd> OpenRead(const std::string& path);
Result<Fd> Create(const std::string& path, unsigned mode = 0644);  // truncates
// More than `max_bytes`, as of /dev/zero: Code::kIo.
Result<std::string> ReadFile(const std::string& path, uint64_t max_bytes = UINT64_MAX);
// Exactly `size` bytes from `offset`; fewer is Code::kData ("cut off").
Status ReadAt(int fd, uint64_t offset, size_t size, char* out, const std::string& name);
// The same, but fewer where the file ends: how many.
Result<size_t> ReadUpTo(int fd, uint64_t offset, size_t size, char* out, const std::string& name);
Result<uint64_t> FileSize(int fd, const std::string& name);
Status SyncFile(int fd, const std::string& name);
// Cuts the file to `size`; what is written next goes behind that.
Status Truncate(int fd, uint64_t size, const std::string& name);
// Makes names in the folder durable: what was made, renamed and removed in it.
Status SyncFolder(const std::string& folder);
// Those that are missing, durable.
Status MakeFolders(const std::string& folder);
// Names in a folder without . and .., sorted.
Result<std::vector<std::string>> ListFolder(const std::string& folder);
// Also true where that cannot be told (an error of the disk): what is done next says why.
bool Exists(const std::string& path);
bool IsFolder(const std::string& path);
Status Rename(const std::string& from, const std::string& to);
// A second name for a file.
Status Link(const std::string& from, const std::string& to);
Status Remove(const std::string& path);
// Sets a file's or folder's time of modification.
Status SetModified(const std::string& path, int64_t modified_ns);

// Replaces `path` by `content`: temporary file, fsync, rename, fsync of the folder. The old
// content stays whole when anything fails.
Status WriteFileAtomically(const std::string& path, std::string_view content, unsigned mode = 0644);

}  // namespace glp::io
