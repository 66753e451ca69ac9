// Reading bytes by blocks of whole lines, with time-outs and a way to be stopped.
// Lifetime: views returned by Read are good until the next Read.
// Threads:  one at a time. Cost: one read(2) a block, no copy but of the cut-off last line.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace glp::io {

// A stream of bytes: a descriptor, or what a decompressor makes of one (io/compressed.h).
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Up to `size` bytes to `out`; 0 is the end.
  virtual Result<size_t> Read(char* out, size_t size) = 0;
  // The descriptor to poll before Read, or -1 where Read never waits long.
  virtual int poll_fd() const { return -1; }
};

// Reads from `fd`, owned if `own`. `name` stands in errors.
std::unique_ptr<ByteSource> MakeFdSource(int fd, std::string name, bool own);

enum class ReadState {
  kData,     // `lines` holds at least one line
  kTimeout,  // nothing came in time
  kEnd,      // no more bytes
  kStopped,  // SIGTERM or SIGINT asked to stop (io/stop.h)
};

class LineInput {
 public:
  // Bytes behind every view that may be read (not written): simdjson and 16-byte scans need them.
  static constexpr size_t kPadding = 64;
  static constexpr size_t kMaxLineBytes = size_t{1} << 30;

  explicit LineInput(std::unique_ptr<ByteSource> source, size_t block_bytes = 1 << 20);
  ~LineInput();
  LineInput(const LineInput&) = delete;
  LineInput& operator=(const LineInput&) = delete;

  // Whole lines, each ended by '\n'; only the last line before kEnd may lack its end.
  // `timeout_ms` < 0 waits for ever. Errors: I/O, a line over kMaxLineBytes (Code::kLimit).
  Result<ReadState> Read(std::string_view* lines, int timeout_ms = -1);

 private:
  std::unique_ptr<ByteSource> source_;
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  size_t block_bytes_;
  size_t used_ = 0;      // bytes in buffer_
  size_t consumed_ = 0;  // bytes already given out
  size_t scanned_ = 0;   // bytes known to hold no line end behind consumed_
  bool end_ = false;
};

}  // namespace glp::io
