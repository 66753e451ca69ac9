// Memory for the texts of one entry on its way through stages of any kind, given back all at once.
// Lifetime: what it gives is good until Reset. Threads: one at a time.
// Cost: a pointer moved; blocks beyond the first are freed by Reset, so one huge line keeps
// nothing.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace glp {

class Arena {
 public:
  // Readable bytes behind everything: scans look at 16 bytes at a time, simdjson at 64.
  static constexpr size_t kPadding = 64;

  char* Allocate(size_t size) {
    if (static_cast<size_t>(end_ - at_) < size) AddBlock(size);
    char* out = at_;
    at_ += size;
    return out;
  }

  std::string_view Copy(std::string_view text) {
    char* out = Allocate(text.size());
    if (!text.empty()) std::memcpy(out, text.data(), text.size());
    return {out, text.size()};
  }

  void Reset() {
    if (blocks_.size() > 1) blocks_.resize(1);
    if (blocks_.empty()) return;
    at_ = blocks_[0].get();
    end_ = at_ + kBlockBytes;
  }

 private:
  static constexpr size_t kBlockBytes = 64 << 10;

  void AddBlock(size_t size) {
    if (blocks_.empty()) {
      NewBlock(kBlockBytes);
      if (size <= kBlockBytes) return;
    }
    NewBlock(size > kBlockBytes ? size : kBlockBytes);
  }
  void NewBlock(size_t size) {
    blocks_.push_back(std::make_unique<char[]>(size + kPadding));
    at_ = blocks_.back().get();
    end_ = at_ + size;
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  char* at_ = nullptr;
  char* end_ = nullptr;
};

}  // namespace glp
