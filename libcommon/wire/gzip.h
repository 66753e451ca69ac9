// gzip and deflate of whole bodies, bounded, and gzip of a body in pieces.
// Threads: pure functions; a GzipStream one at a time.
// Errors:  Code::kData for bytes that are damaged or cut off, Code::kLimit for more than the bound.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/memory_budget.h"
#include "base/result.h"

namespace glp::wire {

// Level 1 is the fastest, 9 the smallest.
std::string Gzip(std::string_view bytes, int level = 1);

// gzip (also several members), zlib, or raw deflate where `raw_deflate` and it is not zlib.
// `memory` counts what is made of it; errors are its, too.
Result<std::string> Inflate(std::string_view bytes, bool raw_deflate, size_t max_bytes,
                            MemoryClaim* memory = nullptr);

// One gzip member out of pieces. Cost: 256 KiB until its end.
class GzipStream {
 public:
  explicit GzipStream(int level = 1);
  ~GzipStream();

  // Appends to `out` what `bytes` become, such that a reader of it has all of them; `is_last` ends
  // the member. Errors: Code::kIo where there is no memory.
  Status Append(std::string_view bytes, bool is_last, std::string* out);

 private:
  struct Deflater;
  std::unique_ptr<Deflater> deflater_;
};

}  // namespace glp::wire
