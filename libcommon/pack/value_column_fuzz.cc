// Any bytes as a column: decoding reads nothing outside and keeps to its bounds. The same bytes as
// values, cut in pieces: encoding and decoding give them back.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pack/value_column.h"

namespace {

constexpr uint64_t kMaxBytes = 1 << 20;

void RoundTrip(const glp::pack::ValueList& list) {
  std::string bytes;
  glp::pack::ValueEncoder(1).Encode(list, &bytes);
  glp::pack::Values values;
  glp::pack::ValueDecoder decoder;
  if (!decoder.Decode(bytes, list.count, list.text.size(), &values).ok()) __builtin_trap();
  if (values.size() != list.count || values.text() != list.text) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t number = data[0];
  const bool decodes = data[1] % 2 == 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  if (decodes) {
    glp::pack::ValueDecoder decoder;
    glp::pack::Values values;
    if (decoder.Decode(bytes, number, kMaxBytes, &values).ok() &&
        (values.size() != number || values.text().size() > kMaxBytes)) {
      __builtin_trap();
    }
    std::vector<int64_t> times;
    if (number > 0 && decoder.DecodeTimes(bytes, 0, 1000, number, &times).ok() &&
        (times.size() != number || times.back() != 1000)) {
      __builtin_trap();
    }
    std::vector<uint16_t> symbols;
    std::vector<uint32_t> counts;
    (void)decoder.DecodeSymbols(bytes, number, 1 + number % 65536, &symbols, &counts);
    return 0;
  }
  // Of one width, without what is left over; and cut where a byte is below a bound.
  const auto width = static_cast<uint32_t>(1 + number % 40);
  const size_t count = bytes.size() / width;
  RoundTrip({bytes.substr(0, count * width), width, {}, count});
  std::vector<uint32_t> starts = {0};
  for (uint32_t i = 0; i < bytes.size(); ++i) {
    if (static_cast<unsigned char>(bytes[i]) <= number) starts.push_back(i);
  }
  starts.push_back(static_cast<uint32_t>(bytes.size()));
  RoundTrip({bytes, 0, starts, starts.size() - 1});
  return 0;
}
