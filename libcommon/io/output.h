// Checked, buffered writing to a descriptor.
// Lifetime: does not own the descriptor. Threads: one at a time.
// Errors:   the first failed write is kept and returned by every later call (sticky), so hot code
//           may append and look once a batch. EPIPE is Code::kClosed, also where SIGPIPE is
//           ignored.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace glp::io {

// Asks for a 1 MiB pipe behind `fd`; silently without effect where it is no pipe or not allowed.
void EnlargePipe(int fd);

class Output {
 public:
  // `name` stands in errors ("standard output", a path). Writes at `flush_bytes`.
  Output(int fd, std::string name, size_t flush_bytes = 256 << 10);
  ~Output() = default;  // does not flush: an unchecked flush could hide an error
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // The buffer to append to; call Commit behind each whole piece (a record, a line).
  std::string& buffer() { return buffer_; }
  // Writes the buffer out if it has reached its size. What was appended is whole up to here.
  Status Commit() { return buffer_.size() < flush_bytes_ ? Status::Ok() : Flush(); }
  Status Write(std::string_view bytes) {
    buffer_.append(bytes);
    return Commit();
  }
  // Writes everything out. Blocks while a pipe is full.
  Status Flush();
  bool empty() const { return buffer_.empty(); }
  uint64_t written_bytes() const { return written_bytes_; }

 private:
  int fd_;
  std::string name_;
  size_t flush_bytes_;
  std::string buffer_;
  uint64_t written_bytes_ = 0;
  Status error_;
};

// Writes all of `bytes` to `fd`, going on after short writes and EINTR. After a stop is asked for
// (io/stop.h) a pipe that nobody empties is an error within a second.
Status WriteAll(int fd, std::string_view bytes, const std::string& name);

}  // namespace glp::io
