// Bytes that are not set to zero first. Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>

namespace glp::pack {

class Buffer {
 public:
  // False where there is no such memory. What was in it is gone.
  bool Resize(uint64_t size) {
    if (size > capacity_) {
      bytes_.reset(new (std::nothrow) char[size]);
      capacity_ = bytes_ ? size : 0;
    }
    size_ = bytes_ ? size : 0;
    return size_ == size;
  }
  // Leaves the first `size` bytes; what was behind them may still be read. REQUIRES: size <= size()
  void Cut(size_t size) { size_ = size; }
  char* data() { return bytes_.get(); }
  const char* data() const { return bytes_.get(); }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace glp::pack
