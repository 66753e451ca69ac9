// gzip and deflate of whole bodies, bounded. Threads: pure functions.
// Errors:  Code::kData for bytes that are damaged or cut off, Code::kLimit for more than the bound.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace glp::wire {

// Level 1 is the fastest, 9 the smallest.
std::string Gzip(std::string_view bytes, int level = 1);

// gzip (also several members), zlib, or raw deflate where `raw_deflate` and it is not zlib.
Result<std::string> Inflate(std::string_view bytes, bool raw_deflate, size_t max_bytes);

}  // namespace glp::wire
