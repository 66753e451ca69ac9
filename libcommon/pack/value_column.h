// Columns of values: what stands in the holes of templates, and other lists of short texts or
// numbers, each in the coding that takes the fewest bytes. Exact to the byte for any input.
// Format: FORMAT.md, Values.
//
//   ValueEncoder encoder(level);
//   encoder.Encode({text, width, {}, count}, &out);  // appends
//   Values values;
//   GLP_RETURN_IF_ERROR(decoder.Decode(bytes, count, max_bytes, &values));
//   values.At(17);
//
// Threads: one at a time. Errors: Code::kData for bytes that cannot be, or need more than the
// memory that the caller allows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pack/buffer.h"

namespace glp::pack {

// Texts, one behind the other: each `width` bytes, or (width 0) text[starts[i] … starts[i + 1]).
struct ValueList {
  std::string_view text;
  uint32_t width = 0;
  std::span<const uint32_t> starts;  // count + 1; width 0 only
  size_t count = 0;
};

class Values {
 public:
  // How far behind text() bytes may be read (not what they are), so that short values are copied
  // in one piece.
  static constexpr size_t kSlack = 32;

  size_t size() const { return count_; }
  uint32_t width() const { return width_; }  // 0: of any length
  std::string_view At(size_t i) const {
    if (width_ > 0) return {text_.data() + i * width_, width_};
    return {text_.data() + starts_[i], starts_[i + 1] - starts_[i]};
  }
  // All, one behind the other.
  std::string_view text() const { return text_.view().substr(0, text_.size() - kSlack); }
  const std::vector<uint32_t>& starts() const { return starts_; }  // count + 1; width 0 only

 private:
  friend class ValueDecoder;
  Buffer text_;  // kSlack bytes longer
  uint32_t width_ = 0;
  size_t count_ = 0;
  std::vector<uint32_t> starts_;
};

// What the first bytes of an encoded column say of all its values.
struct ValueShape {
  enum class Bytes : uint8_t { kAny, kDigits, kLowerHex, kUpperHex };
  uint32_t width = 0;  // 0: of any length
  Bytes bytes = Bytes::kAny;
  // Whether a value may hold the piece. `fold_case`: the piece is in lower case, letters of values
  // may be in any.
  bool MayHold(std::string_view piece, bool fold_case) const;
};
ValueShape ShapeOf(std::string_view encoded);

class ValueEncoder {
 public:
  // `level`: of Zstandard, 1 to 19.
  explicit ValueEncoder(int level);
  ~ValueEncoder();
  ValueEncoder(const ValueEncoder&) = delete;
  ValueEncoder& operator=(const ValueEncoder&) = delete;

  // Each appends one encoded column; its size is not in it.
  void Encode(const ValueList& values, std::string* out);
  // As they are, or compressed where that is shorter.
  void EncodeBytes(std::string_view bytes, std::string* out);
  // Numbers of few different ones, with patterns in their order.
  void EncodeSymbols(std::span<const uint16_t> symbols, std::string* out);
  // Numbers that are mostly noise, and of any size.
  void EncodeNumbers(std::span<const uint64_t> numbers, std::string* out);
  // Rising times; the first is not in it. REQUIRES: !times.empty()
  void EncodeTimes(std::span<const int64_t> times, std::string* out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class ValueDecoder {
 public:
  ValueDecoder();
  ~ValueDecoder();
  ValueDecoder(const ValueDecoder&) = delete;
  ValueDecoder& operator=(const ValueDecoder&) = delete;

  // `bytes` is exactly what one call of the encoder appended for `count` values.
  Status Decode(std::string_view bytes, size_t count, uint64_t max_bytes, Values* values);
  Status DecodeBytes(std::string_view bytes, uint64_t max_bytes, Buffer* out);
  // All are below `end`; `counts` gets how many there are of each.
  Status DecodeSymbols(std::string_view bytes, size_t count, size_t end,
                       std::vector<uint16_t>* symbols, std::vector<uint32_t>* counts);
  Status DecodeNumbers(std::string_view bytes, size_t count, std::vector<uint64_t>* numbers);
  // REQUIRES: count > 0. Errors also where the last is not `last`.
  Status DecodeTimes(std::string_view bytes, int64_t first, int64_t last, size_t count,
                     std::vector<int64_t>* times);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace glp::pack
