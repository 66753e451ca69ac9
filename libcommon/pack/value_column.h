// Columns of values: what stands in the holes of templates, and other lists of short texts or
// numbers, in the encoding that takes the fewest bytes. Exact to the byte for any input.
// Format: FORMAT.md, Values.
//
//   ValueEncoder encoder(level);
//   encoder.Encode({text, width, {}, count}, &out);     // appends
//   Values values;
//   GLP_RETURN_IF_ERROR(decoder.Decode(bytes, &values));
//   values.At(17);
//
// Threads: one at a time. Errors: Code::kData for bytes that cannot be; decoding needs no more
// memory than `max_bytes`. Cost: …
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pack/buffer.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

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
  size_t size() const { return count_; }
  uint32_t width() const { return width_; }  // 0: of any length
  std::string_view At(size_t i) const {
    if (width_ > 0) return {text_.data() + i * width_, width_};
    return {text_.data() + starts_[i], starts_[i + 1] - starts_[i]};
  }
  // All, one behind the other; may be read 32 bytes beyond its end.
  std::string_view text() const { return {text_.data(), text_bytes_}; }
  const std::vector<uint32_t>& starts() const { return starts_; }  // width 0 only

 private:
  friend class ValueDecoder;
  Buffer text_;
  size_t text_bytes_ = 0;
  uint32_t width_ = 0;
  size_t count_ = 0;
  std::vector<uint32_t> starts_;
};

// Numbers instead of texts, as times and kinds of lines are.
class ValueEncoder {
 public:
  // `level`: of Zstandard, 1 to 19.
  explicit ValueEncoder(int level);
  ~ValueEncoder();
  ValueEncoder(const ValueEncoder&) = delete;
  ValueEncoder& operator=(const ValueEncoder&) = delete;

  // Appends one encoded column; its size is not in it.
  void Encode(const ValueList& values, std::string* out);
  // Bytes in any encoding, the best of plain and Zstandard.
  void EncodeBytes(std::string_view bytes, std::string* out);
  // Numbers below 2^16, of few different ones, with patterns in their order.
  void EncodeSymbols(std::span<const uint16_t> symbols, std::string* out);
  // Times in rising order: the first is not in it.
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

  // `bytes` is exactly what one call of the encoder appended; `count` values are expected and at
  // most `max_bytes` of text.
  Status Decode(std::string_view bytes, size_t count, uint64_t max_bytes, Values* values);
  Status DecodeBytes(std::string_view bytes, uint64_t max_bytes, std::string* out);
  Status DecodeSymbols(std::string_view bytes, size_t count, std::vector<uint16_t>* symbols);
  // `first` is the first of the `count` times, `last` the last.
  Status DecodeTimes(std::string_view bytes, int64_t first, int64_t last, size_t count,
                     std::vector<int64_t>* times);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace glp::pack
