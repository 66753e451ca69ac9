#include <zstd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

#include "pack/number_bits.h"
#include "pack/value_coding.h"
#include "pack/value_column.h"
#include "pack/varint.h"

namespace glp::pack {
namespace {

constexpr uint32_t kMagic = 0xFD2FB528;  // of a Zstandard frame
constexpr size_t kSlack = Values::kSlack;
static_assert(kSlack >= BitReader::kSlack);

Status Bad(std::string_view what) { return DataError("values " + std::string(what)); }
Status NoMemory() { return Status(Code::kIo, "no memory for values"); }

struct ClassTable {
  uint64_t least[256];
  uint8_t bits[256];
  bool is_class[256];
  constexpr ClassTable() : least(), bits(), is_class() {
    for (unsigned c = 0; c < 256; ++c) {
      is_class[c] = IsClass(c);
      least[c] = is_class[c] ? LeastOf(c) : 0;
      bits[c] = static_cast<uint8_t>(is_class[c] ? BitsOf(c) : 0);
    }
  }
};
constexpr ClassTable kClasses;

struct PairTable {
  char text[100][2];
  constexpr PairTable() : text() {
    for (int i = 0; i < 100; ++i) {
      text[i][0] = static_cast<char>('0' + i / 10);
      text[i][1] = static_cast<char>('0' + i % 10);
    }
  }
};
constexpr PairTable kPairTexts;

// As many bytes as processors take at once.
using Bytes16 = unsigned char __attribute__((vector_size(16)));
// Of a and b byte by byte in turns: the first 16, the last 16.
Bytes16 ZipLow(Bytes16 a, Bytes16 b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
Bytes16 ZipHigh(Bytes16 a, Bytes16 b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                 31);
}

// Two digits of each byte, the high half first.
void PutHex(const unsigned char* from, size_t bytes, char first_letter, char* out) {
  const auto beyond = static_cast<unsigned char>(first_letter - '0' - 10);
  size_t i = 0;
  for (; i + sizeof(Bytes16) <= bytes; i += sizeof(Bytes16)) {
    Bytes16 in;
    std::memcpy(&in, from + i, sizeof in);
    const auto digits = [beyond](Bytes16 half) {
      return half + '0' + (reinterpret_cast<Bytes16>(half > 9) & beyond);
    };
    const Bytes16 high = digits(in >> 4), low = digits(in & 15);
    const Bytes16 text[] = {ZipLow(high, low), ZipHigh(high, low)};
    std::memcpy(out + 2 * i, text, sizeof text);
  }
  const auto digit = [beyond](unsigned half) {
    return static_cast<char>('0' + half + (half > 9 ? beyond : 0));
  };
  for (; i < bytes; ++i) {
    out[2 * i] = digit(from[i] >> 4);
    out[2 * i + 1] = digit(from[i] & 15u);
  }
}

void Widen(const unsigned char* from, size_t count, uint16_t* to) {
  size_t i = 0;
  if constexpr (std::endian::native == std::endian::little) {
    for (; i + sizeof(Bytes16) <= count; i += sizeof(Bytes16)) {
      Bytes16 in;
      std::memcpy(&in, from + i, sizeof in);
      const Bytes16 wide[] = {ZipLow(in, Bytes16{}), ZipHigh(in, Bytes16{})};
      std::memcpy(to + i, wide, sizeof wide);
    }
  }
  for (; i < count; ++i) to[i] = from[i];
}

// How many there are of each; false where one is not below counts->size().
bool CountBytes(const unsigned char* bytes, size_t count, std::vector<uint32_t>* counts) {
  // Equal ones often stand side by side: several counts, which do not wait for each other.
  constexpr size_t kLanes = 4;
  uint32_t lanes[kLanes][256] = {};
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    ++lanes[0][bytes[i]];
    ++lanes[1][bytes[i + 1]];
    ++lanes[2][bytes[i + 2]];
    ++lanes[3][bytes[i + 3]];
  }
  for (; i < count; ++i) ++lanes[0][bytes[i]];
  uint32_t beyond = 0;
  for (size_t value = 0; value < 256; ++value) {
    const uint32_t all = lanes[0][value] + lanes[1][value] + lanes[2][value] + lanes[3][value];
    (value < counts->size() ? (*counts)[value] : beyond) += all;
  }
  return beyond == 0;
}

// The two digits of each number below 100.
void PutPairs(const unsigned char* pairs, size_t count, char* out) {
  size_t i = 0;
  if constexpr (std::endian::native == std::endian::little) {
    using Words8 = uint16_t __attribute__((vector_size(16)));
    for (; i + sizeof(Bytes16) <= count; i += sizeof(Bytes16)) {
      Bytes16 in;
      std::memcpy(&in, pairs + i, sizeof in);
      Words8 texts[] = {reinterpret_cast<Words8>(ZipLow(in, Bytes16{})),
                        reinterpret_cast<Words8>(ZipHigh(in, Bytes16{}))};
      for (Words8& text : texts) {
        const Words8 tens = text * 103 >> 10;
        text = tens + ((text - tens * 10) << 8) + ('0' | '0' << 8);
      }
      std::memcpy(out + 2 * i, texts, sizeof texts);
    }
  }
  for (; i < count; ++i) std::memcpy(out + 2 * i, kPairTexts.text[pairs[i]], 2);
}

// The digits of a number below 10^8: of its halves, of their halves, and of those, side by side in
// one word.
void Put8Digits(uint64_t value, char* out) {
  const uint64_t fours = value / 10'000 | value % 10'000 << 32;
  const uint64_t hundreds = fours * 10'486 >> 20 & 0x7F'0000'007F;
  const uint64_t twos = hundreds | (fours - hundreds * 100) << 16;
  const uint64_t tens = twos * 103 >> 10 & 0x000F'000F'000F'000F;
  const uint64_t ones = (tens | (twos - tens * 10) << 8) + 0x3030'3030'3030'3030;
  std::memcpy(out, &ones, sizeof ones);
}

// The last `digits` digits of `value`.
void PutDigits(uint64_t value, uint32_t digits, char* out) {
  uint32_t at = digits;
  if constexpr (std::endian::native == std::endian::little) {
    for (; at >= 8; at -= 8, value /= 100'000'000) Put8Digits(value % 100'000'000, out + at - 8);
  }
  for (; at >= 2; at -= 2, value /= 100) std::memcpy(out + at - 2, kPairTexts.text[value % 100], 2);
  if (at > 0) out[0] = static_cast<char>('0' + value % 10);
}

unsigned Highest(const unsigned char* bytes, size_t count) {
  Bytes16 lanes = {};
  size_t i = 0;
  for (; i + sizeof lanes <= count; i += sizeof lanes) {
    Bytes16 in;
    std::memcpy(&in, bytes + i, sizeof in);
    lanes = in > lanes ? in : lanes;
  }
  unsigned highest = 0;
  for (size_t lane = 0; lane < sizeof lanes; ++lane)
    highest = std::max<unsigned>(highest, lanes[lane]);
  for (; i < count; ++i) highest = std::max<unsigned>(highest, bytes[i]);
  return highest;
}

unsigned DigitsOf(uint64_t value) {
  unsigned digits = 1;
  for (; value >= 10; value /= 10) ++digits;
  return digits;
}

}  // namespace

ValueShape ShapeOf(std::string_view encoded) {
  Decoder in(encoded);
  const auto coding = static_cast<Coding>(in.Fixed<uint8_t>() & ~kWithReferences);
  const uint64_t width = in.Varint();
  ValueShape shape;
  if (!in.ok() || width > UINT32_MAX) return shape;
  shape.width = static_cast<uint32_t>(width);
  switch (coding) {
    case Coding::kGroups:
    case Coding::kPairs:
    case Coding::kRising:
    case Coding::kDecimals:
      shape.bytes = ValueShape::Bytes::kDigits;
      break;
    case Coding::kLowerHex:
      shape.bytes = ValueShape::Bytes::kLowerHex;
      break;
    case Coding::kUpperHex:
      shape.bytes = ValueShape::Bytes::kUpperHex;
      break;
    default:
      break;
  }
  return shape;
}

bool ValueShape::MayHold(std::string_view piece, bool fold_case) const {
  if (width > 0 && piece.size() > width) return false;
  if (bytes == Bytes::kAny) return true;
  return std::all_of(piece.begin(), piece.end(), [&](char c) {
    if (c >= '0' && c <= '9') return true;
    if (c >= 'a' && c <= 'f') {
      return bytes == Bytes::kLowerHex || (fold_case && bytes == Bytes::kUpperHex);
    }
    return c >= 'A' && c <= 'F' && bytes == Bytes::kUpperHex;
  });
}

struct ValueDecoder::State {
  State() : zstd(ZSTD_createDCtx()) {
    if (zstd == nullptr) throw std::bad_alloc();
  }
  ~State() { ZSTD_freeDCtx(zstd); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // `out` gets the bytes and `slack` more.
  Status Bytes(std::string_view coded, uint64_t max_bytes, size_t slack, Buffer* out);
  Status BytesOf(std::string_view coded, uint64_t size, Buffer* out);
  Status Numbers(std::string_view coded, size_t count, std::vector<uint64_t>* out);
  // New values, one behind the other, into `out` with kSlack; `starts` where their width is 0.
  Status New(Coding coding, Decoder* in, uint32_t width, size_t count, uint64_t max_bytes,
             Buffer* out, std::vector<uint32_t>* starts);
  Status Text(Decoder* in, uint32_t width, size_t count, uint64_t max_bytes, Buffer* out,
              std::vector<uint32_t>* starts);
  Status Groups(Decoder* in, uint32_t width, size_t count, char* out);
  Status Pairs(Decoder* in, uint32_t width, size_t count, char* out);
  Status Hex(Decoder* in, uint32_t width, size_t count, char first_letter, char* out);
  Status Transposed(Decoder* in, uint32_t width, size_t count, char* out);
  Status Rising(Decoder* in, uint32_t width, size_t count, char* out);
  Status Decimals(Decoder* in, size_t count, uint64_t max_bytes, Buffer* out,
                  std::vector<uint32_t>* starts);

  ZSTD_DCtx* zstd;
  std::string frame;
  Buffer plane, classes, bits, references, new_text;
  std::vector<uint32_t> new_starts;
  std::vector<uint64_t> numbers;
};

Status ValueDecoder::State::Bytes(std::string_view coded, uint64_t max_bytes, size_t slack,
                                  Buffer* out) {
  if (coded.empty()) return Bad("are missing");
  const char form = coded[0];
  coded.remove_prefix(1);
  if (form == kPlain) {
    if (coded.size() > max_bytes) return Bad("are more than there can be");
    if (!out->Resize(coded.size() + slack)) return NoMemory();
    if (!coded.empty()) std::memcpy(out->data(), coded.data(), coded.size());
    return Status::Ok();
  }
  if (form != kCompressed) return Bad("are in an unknown form");
  frame.assign(reinterpret_cast<const char*>(&kMagic), kMagicSize);
  frame.append(coded);
  const unsigned long long size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > max_bytes) {
    return Bad("are of a size that cannot be");
  }
  if (!out->Resize(size + slack)) return NoMemory();
  const size_t got = ZSTD_decompressDCtx(zstd, out->data(), size, frame.data(), frame.size());
  if (ZSTD_isError(got) || got != size) return Bad("do not decompress");
  return Status::Ok();
}

Status ValueDecoder::State::BytesOf(std::string_view coded, uint64_t size, Buffer* out) {
  GLP_RETURN_IF_ERROR(Bytes(coded, size, 0, out));
  return out->size() == size ? Status::Ok() : Bad("are fewer than told");
}

Status ValueDecoder::State::Numbers(std::string_view coded, size_t count,
                                    std::vector<uint64_t>* out) {
  Decoder in(coded);
  const std::string_view coded_classes = in.Sized();
  if (!in.ok()) return Bad("are cut off");
  GLP_RETURN_IF_ERROR(BytesOf(coded_classes, count, &classes));
  const auto* c = reinterpret_cast<const unsigned char*>(classes.data());
  uint64_t all_bits = 0;
  bool sound = true;
  for (size_t i = 0; i < count; ++i) {
    all_bits += kClasses.bits[c[i]];
    sound &= kClasses.is_class[c[i]];
  }
  const std::string_view coded_bits = in.Bytes(in.left());
  if (!sound || coded_bits.size() != (all_bits + 7) / 8) return Bad("are numbers that cannot be");
  if (!bits.Resize(coded_bits.size() + BitReader::kSlack)) return NoMemory();
  std::memset(bits.data() + coded_bits.size(), 0, BitReader::kSlack);
  if (!coded_bits.empty()) std::memcpy(bits.data(), coded_bits.data(), coded_bits.size());
  out->resize(count);
  BitReader reader(bits.data());
  for (size_t i = 0; i < count; ++i) {
    (*out)[i] = kClasses.least[c[i]] | reader.Take(kClasses.bits[c[i]]);
  }
  return Status::Ok();
}

Status ValueDecoder::State::Text(Decoder* in, uint32_t width, size_t count, uint64_t max_bytes,
                                 Buffer* out, std::vector<uint32_t>* starts) {
  uint64_t size = uint64_t{width} * count;
  if (width == 0) {
    GLP_RETURN_IF_ERROR(Numbers(in->Sized(), count, &numbers));
    starts->resize(count + 1);
    for (size_t i = 0; i < count; ++i) {
      (*starts)[i] = static_cast<uint32_t>(size);
      if (numbers[i] > max_bytes - size) return Bad("are more than there can be");
      size += numbers[i];
    }
    (*starts)[count] = static_cast<uint32_t>(size);
  }
  if (!in->ok()) return Bad("are cut off");
  GLP_RETURN_IF_ERROR(Bytes(in->Bytes(in->left()), size, kSlack, out));
  return out->size() == size + kSlack ? Status::Ok() : Bad("are fewer than told");
}

Status ValueDecoder::State::Groups(Decoder* in, uint32_t width, size_t count, char* out) {
  const size_t group = kGroupDigits / width;
  const auto full_digits = static_cast<unsigned>(group * width);
  const auto rest_digits = static_cast<unsigned>(count % group * width);
  const unsigned full_bits = GroupBits(full_digits);
  const unsigned rest_bits = rest_digits > 0 ? GroupBits(rest_digits) : 0;
  const std::string_view coded = in->Bytes(in->left());
  if (coded.size() != (count / group * full_bits + rest_bits + 7) / 8) {
    return Bad("are of another size than told");
  }
  if (!bits.Resize(coded.size() + BitReader::kSlack)) return NoMemory();
  std::memset(bits.data() + coded.size(), 0, BitReader::kSlack);
  if (!coded.empty()) std::memcpy(bits.data(), coded.data(), coded.size());
  BitReader reader(bits.data());
  for (size_t i = 0; i < count / group; ++i, out += full_digits) {
    PutDigits(reader.Take(full_bits), full_digits, out);
  }
  if (rest_digits > 0) PutDigits(reader.Take(rest_bits), rest_digits, out);
  return Status::Ok();
}

Status ValueDecoder::State::Pairs(Decoder* in, uint32_t width, size_t count, char* out) {
  for (uint32_t at = 0; at < width;) {
    const uint32_t digits = at == 0 && width % 2 == 1 ? 1 : 2;
    GLP_RETURN_IF_ERROR(BytesOf(in->Sized(), count, &plane));
    const auto* pairs = reinterpret_cast<const unsigned char*>(plane.data());
    const unsigned end = digits == 1 ? 10 : 100;
    if (Highest(pairs, count) >= end) return Bad("are digits that cannot be");
    char* to = out + at;
    if (digits == 1) {
      for (size_t i = 0; i < count; ++i, to += width) *to = static_cast<char>('0' + pairs[i]);
    } else if (width == 2) {
      PutPairs(pairs, count, to);
    } else {
      for (size_t i = 0; i < count; ++i, to += width) std::memcpy(to, kPairTexts.text[pairs[i]], 2);
    }
    at += digits;
  }
  return in->done() ? Status::Ok() : Bad("are more than told");
}

Status ValueDecoder::State::Hex(Decoder* in, uint32_t width, size_t count, char first_letter,
                                char* out) {
  const size_t bytes = (width + 1) / 2;
  GLP_RETURN_IF_ERROR(BytesOf(in->Bytes(in->left()), bytes * count, &plane));
  const auto* from = reinterpret_cast<const unsigned char*>(plane.data());
  if (width % 2 == 0) {
    PutHex(from, bytes * count, first_letter, out);
    return Status::Ok();
  }
  for (size_t i = 0; i < count; ++i, from += bytes, out += width) {
    if (*from > 15) return Bad("are hex digits that cannot be");
    char pair[2];
    PutHex(from, 1, first_letter, pair);
    *out = pair[1];
    PutHex(from + 1, bytes - 1, first_letter, out + 1);
  }
  return Status::Ok();
}

Status ValueDecoder::State::Transposed(Decoder* in, uint32_t width, size_t count, char* out) {
  GLP_RETURN_IF_ERROR(BytesOf(in->Bytes(in->left()), uint64_t{width} * count, &plane));
  for (uint32_t at = 0; at < width; ++at) {
    const char* from = plane.data() + at * count;
    for (size_t i = 0; i < count; ++i) out[i * width + at] = from[i];
  }
  return Status::Ok();
}

Status ValueDecoder::State::Rising(Decoder* in, uint32_t width, size_t count, char* out) {
  GLP_RETURN_IF_ERROR(Numbers(in->Bytes(in->left()), count, &numbers));
  const uint64_t end = PowerOf10(width);
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i, out += width) {
    value += static_cast<uint64_t>(UnZigZag(numbers[i]));
    if (value >= end) return Bad("are numbers that cannot be");
    PutDigits(value, width, out);
  }
  return Status::Ok();
}

Status ValueDecoder::State::Decimals(Decoder* in, size_t count, uint64_t max_bytes, Buffer* out,
                                     std::vector<uint32_t>* starts) {
  GLP_RETURN_IF_ERROR(Numbers(in->Bytes(in->left()), count, &numbers));
  constexpr uint64_t kEnd = PowerOf10(kMaxDecimal);
  starts->resize(count + 1);
  uint64_t size = 0;
  for (size_t i = 0; i < count; ++i) {
    (*starts)[i] = static_cast<uint32_t>(size);
    if (numbers[i] >= kEnd) return Bad("are numbers that cannot be");
    size += DigitsOf(numbers[i]);
    if (size > max_bytes) return Bad("are more than there can be");
  }
  (*starts)[count] = static_cast<uint32_t>(size);
  if (!out->Resize(size + kSlack)) return NoMemory();
  for (size_t i = 0; i < count; ++i) {
    PutDigits(numbers[i], (*starts)[i + 1] - (*starts)[i], out->data() + (*starts)[i]);
  }
  return Status::Ok();
}

Status ValueDecoder::State::New(Coding coding, Decoder* in, uint32_t width, size_t count,
                                uint64_t max_bytes, Buffer* out, std::vector<uint32_t>* starts) {
  if (width > 0 && count > max_bytes / width) return Bad("are more than there can be");
  if (coding == Coding::kText) return Text(in, width, count, max_bytes, out, starts);
  if (coding == Coding::kDecimals && width == 0) {
    return Decimals(in, count, max_bytes, out, starts);
  }
  if (width == 0) return Bad("are in a coding that needs a width");
  if (!out->Resize(uint64_t{width} * count + kSlack)) return NoMemory();
  switch (coding) {
    case Coding::kGroups:
      if (width <= kGroupDigits) return Groups(in, width, count, out->data());
      break;
    case Coding::kPairs:
      return Pairs(in, width, count, out->data());
    case Coding::kRising:
      if (width <= kMaxDecimal) return Rising(in, width, count, out->data());
      break;
    case Coding::kLowerHex:
      return Hex(in, width, count, 'a', out->data());
    case Coding::kUpperHex:
      return Hex(in, width, count, 'A', out->data());
    case Coding::kTransposed:
      return Transposed(in, width, count, out->data());
    default:
      break;
  }
  return Bad("are in a coding that cannot be");
}

ValueDecoder::ValueDecoder() : state_(std::make_unique<State>()) {}
ValueDecoder::~ValueDecoder() = default;

Status ValueDecoder::Decode(std::string_view bytes, size_t count, uint64_t max_bytes,
                            Values* values) {
  max_bytes = std::min<uint64_t>(max_bytes, UINT32_MAX);
  Decoder in(bytes);
  const unsigned head = in.Fixed<uint8_t>();
  const uint64_t width = in.Varint();
  if (!in.ok() || width > UINT32_MAX) return Bad("are of a width that cannot be");
  values->width_ = static_cast<uint32_t>(width);
  values->count_ = count;
  values->starts_.clear();
  const auto coding = static_cast<Coding>(head & ~kWithReferences);
  State& state = *state_;
  const bool with_references = (head & kWithReferences) != 0;
  if (coding == Coding::kConstant) {
    const std::string_view value = in.Bytes(in.left());
    if (with_references || (width > 0 && value.size() != width) ||
        (!value.empty() && count > max_bytes / value.size())) {
      return Bad("are alike and cannot be");
    }
    if (!values->text_.Resize(value.size() * count + kSlack)) return NoMemory();
    for (size_t i = 0; i < count && !value.empty(); ++i) {
      std::memcpy(values->text_.data() + i * value.size(), value.data(), value.size());
    }
    for (size_t i = 0; width == 0 && i <= count; ++i) {
      values->starts_.push_back(static_cast<uint32_t>(i * value.size()));
    }
    return Status::Ok();
  }
  if (!with_references) {
    return state.New(coding, &in, values->width_, count, max_bytes, &values->text_,
                     &values->starts_);
  }
  GLP_RETURN_IF_ERROR(state.BytesOf(in.Sized(), count, &state.references));
  const uint64_t new_count = in.Varint();
  const auto* references = reinterpret_cast<const unsigned char*>(state.references.data());
  // Each reference must be to a value that is there by then.
  uint64_t known = 0;
  bool sound = in.ok();
  for (size_t i = 0; i < count; ++i) {
    known += references[i] == 0;
    sound &= references[i] <= known;
  }
  if (!sound || known != new_count) return Bad("refer to what is not there");
  GLP_RETURN_IF_ERROR(state.New(coding, &in, values->width_, new_count, max_bytes, &state.new_text,
                                &state.new_starts));
  if (width > 0) {
    if (count > max_bytes / width) return Bad("are more than there can be");
    if (!values->text_.Resize(width * count + kSlack)) return NoMemory();
    char* to = values->text_.data();
    const char* end = state.new_text.data();  // behind the new values so far
    if (width <= kSlack) {
      for (size_t i = 0; i < count; ++i, to += width) {
        const bool is_new = references[i] == 0;
        end += is_new ? width : 0;
        std::memcpy(to, end - (is_new ? 1 : references[i]) * width, kSlack);
      }
    } else {
      for (size_t i = 0; i < count; ++i, to += width) {
        const bool is_new = references[i] == 0;
        end += is_new ? width : 0;
        std::memcpy(to, end - (is_new ? 1 : references[i]) * width, width);
      }
    }
    return Status::Ok();
  }
  values->starts_.resize(count + 1);
  uint64_t size = 0;
  size_t next = 0;
  for (size_t i = 0; i < count; ++i) {
    values->starts_[i] = static_cast<uint32_t>(size);
    const size_t at = references[i] == 0 ? next++ : next - references[i];
    size += state.new_starts[at + 1] - state.new_starts[at];
    if (size > max_bytes) return Bad("are more than there can be");
  }
  values->starts_[count] = static_cast<uint32_t>(size);
  if (!values->text_.Resize(size + kSlack)) return NoMemory();
  next = 0;
  for (size_t i = 0; i < count; ++i) {
    const size_t at = references[i] == 0 ? next++ : next - references[i];
    const uint32_t length = state.new_starts[at + 1] - state.new_starts[at];
    if (length == 0) continue;
    std::memcpy(values->text_.data() + values->starts_[i],
                state.new_text.data() + state.new_starts[at], length);
  }
  return Status::Ok();
}

Status ValueDecoder::DecodeBytes(std::string_view bytes, uint64_t max_bytes, Buffer* out) {
  return state_->Bytes(bytes, max_bytes, 0, out);
}

Status ValueDecoder::DecodeSymbols(std::string_view bytes, size_t count, size_t end,
                                   std::vector<uint16_t>* symbols, std::vector<uint32_t>* counts) {
  if (bytes.empty()) return Bad("are missing");
  const size_t width = static_cast<unsigned char>(bytes[0]);
  if (width != 1 && width != 2) return Bad("are symbols of an unknown width");
  GLP_RETURN_IF_ERROR(state_->BytesOf(bytes.substr(1), width * count, &state_->plane));
  symbols->resize(count);
  counts->assign(end, 0);
  if (count == 0) return Status::Ok();
  if (width == 1) {
    const auto* from = reinterpret_cast<const unsigned char*>(state_->plane.data());
    Widen(from, count, symbols->data());
    return CountBytes(from, count, counts) ? Status::Ok() : Bad("are symbols that cannot be");
  }
  std::memcpy(symbols->data(), state_->plane.data(), 2 * count);
  if (*std::max_element(symbols->begin(), symbols->end()) >= end) {
    return Bad("are symbols that cannot be");
  }
  for (const uint16_t symbol : *symbols) ++(*counts)[symbol];
  return Status::Ok();
}

Status ValueDecoder::DecodeNumbers(std::string_view bytes, size_t count,
                                   std::vector<uint64_t>* numbers) {
  return state_->Numbers(bytes, count, numbers);
}

Status ValueDecoder::DecodeTimes(std::string_view bytes, int64_t first, int64_t last, size_t count,
                                 std::vector<int64_t>* times) {
  Decoder in(bytes);
  const uint64_t unit = in.Varint();
  if (!in.ok()) return Bad("are cut off");
  GLP_RETURN_IF_ERROR(state_->Numbers(in.Bytes(in.left()), count - 1, &state_->numbers));
  times->resize(count);
  int64_t* to = times->data();
  *to = first;
  auto time = static_cast<uint64_t>(first);
  const auto span = static_cast<uint64_t>(last) - static_cast<uint64_t>(first);
  uint64_t total = 0;
  bool sound = first <= last;
  for (const uint64_t number : state_->numbers) {
    uint64_t step;
    sound &= !__builtin_mul_overflow(number, unit, &step) && step <= span - total;
    if (!sound) break;
    total += step;
    time += step;
    *++to = static_cast<int64_t>(time);
  }
  return sound && total == span ? Status::Ok() : Bad("are times that do not fit their block");
}

}  // namespace glp::pack
