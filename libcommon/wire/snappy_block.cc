#include "wire/snappy_block.h"

#include <snappy.h>

#include <string>

namespace glp::wire {
namespace {

constexpr size_t kKeepBytes = 8 << 20;
// No block makes more of a byte: a copy of 64 bytes is written with three.
constexpr size_t kMaxRatio = 22;

}  // namespace

Result<std::string_view> SnappyReader::Read(std::string_view block, size_t max_bytes,
                                            MemoryClaim* memory) {
  const Status corrupt = DataError("snappy: corrupt input");
  size_t size = 0;
  if (!snappy::GetUncompressedLength(block.data(), block.size(), &size)) return corrupt;
  if (size / kMaxRatio > block.size()) return corrupt;
  if (size > max_bytes) {
    return Status(Code::kLimit, "request body too large: " + std::to_string(size) +
                                    " bytes, limit: " + std::to_string(max_bytes) + " bytes");
  }
  GLP_RETURN_IF_ERROR(TakeMemory(memory, size));
  if (capacity_ < size || (capacity_ > kKeepBytes && size <= kKeepBytes)) {
    buffer_.reset(new char[size]);
    capacity_ = size;
  }
  if (!snappy::RawUncompress(block.data(), block.size(), buffer_.get())) return corrupt;
  return std::string_view(buffer_.get(), size);
}

}  // namespace glp::wire
