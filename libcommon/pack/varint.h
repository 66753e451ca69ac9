// LEB128 integers and fixed little-endian ones in byte strings. Format: FORMAT.md.
// Threads: pure functions.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace glp::pack {

static_assert(std::endian::native == std::endian::little);

inline constexpr size_t kMaxVarint = 10;

inline uint64_t ZigZag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
inline int64_t UnZigZag(uint64_t value) {
  return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

// `out` has room for kMaxVarint bytes; returns the end of what was written.
inline char* PutVarint(char* out, uint64_t value) {
  while (value >= 0x80) {
    *out++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<char>(value);
  return out;
}
inline void AppendVarint(std::string* out, uint64_t value) {
  char bytes[kMaxVarint];
  out->append(bytes, static_cast<size_t>(PutVarint(bytes, value) - bytes));
}
inline void AppendSized(std::string* out, std::string_view bytes) {
  AppendVarint(out, bytes.size());
  out->append(bytes);
}
template <typename T>
void AppendFixed(std::string* out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out->append(bytes, sizeof(T));
}
template <typename T>
T LoadFixed(const char* p) {
  T value;
  std::memcpy(&value, p, sizeof(T));
  return value;
}

// Takes values off the front of a text. After the first value that does not fit all are 0 or ""
// and ok() is false, so that code may read many and look once.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : p_(bytes.data()), end_(p_ + bytes.size()) {}

  uint64_t Varint() {
    if (p_ < end_ && static_cast<unsigned char>(*p_) < 0x80) {
      return static_cast<unsigned char>(*p_++);
    }
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && p_ < end_; shift += 7) {
      uint64_t byte = static_cast<unsigned char>(*p_++);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (shift == 63 && byte > 1) break;
        return value;
      }
    }
    Fail();
    return 0;
  }
  int64_t Signed() { return UnZigZag(Varint()); }
  std::string_view Bytes(uint64_t size) {
    if (size > static_cast<uint64_t>(end_ - p_)) {
      Fail();
      return {};
    }
    std::string_view bytes(p_, size);
    p_ += size;
    return bytes;
  }
  std::string_view Sized() { return Bytes(Varint()); }
  template <typename T>
  T Fixed() {
    std::string_view bytes = Bytes(sizeof(T));
    return bytes.size() == sizeof(T) ? LoadFixed<T>(bytes.data()) : T{};
  }
  bool ok() const { return ok_; }
  bool done() const { return ok_ && p_ == end_; }
  size_t left() const { return static_cast<size_t>(end_ - p_); }

 private:
  void Fail() {
    ok_ = false;
    p_ = end_;
  }
  const char* p_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace glp::pack
