// Bytes of an open file at a place, as many as are there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace glp::tail {

// Up to `size`. Errors: Code::kIo with `name`.
Result<size_t> ReadSome(int fd, char* out, size_t size, uint64_t offset, const std::string& name);
// The first bytes, up to `size`.
Result<std::string> ReadHead(int fd, size_t size, const std::string& name);

}  // namespace glp::tail
