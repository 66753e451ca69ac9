// Bodies that a client compressed with what the server itself does not undo: zstd and lz4 (frames).
// Lifetime: what is read lives until the next Read. Threads: one at a time.
// Errors:   Code::kData for bytes that are damaged or cut off, Code::kLimit for more than the
//           bound; kData for a window of more than 2^kMaxWindowLog.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/memory_budget.h"
#include "base/result.h"

namespace glp::wire {

class ContentCoding {
 public:
  static constexpr int kMaxWindowLog = 23;  // 8 MiB, as HTTP asks for (RFC 8878)

  // Whether Read knows it: zstd, lz4, and what needs nothing: "", identity, and gzip and deflate,
  // which the server has undone. Letter case does not matter.
  static bool IsKnown(std::string_view coding);
  // `bytes` where nothing is to be undone. `memory` counts what is made of them; errors are its,
  // too. REQUIRES: IsKnown(coding).
  Result<std::string_view> Read(std::string_view bytes, std::string_view coding, size_t max_bytes,
                                MemoryClaim* memory = nullptr);

 private:
  Status ReadZstd(std::string_view bytes, size_t max_bytes, MemoryClaim* memory);
  Status ReadLz4(std::string_view bytes, size_t max_bytes, MemoryClaim* memory);

  std::string plain_;
};

}  // namespace glp::wire
