#include <zstd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <numeric>

#include "base/hash.h"
#include "pack/number_bits.h"
#include "pack/value_coding.h"
#include "pack/value_column.h"
#include "pack/varint.h"

namespace glp::pack {
namespace {

// Bits of all symbols of a histogram, if each took as many as its frequency asks for.
double Entropy(const uint32_t (&histogram)[256], size_t count) {
  double bits = 0;
  for (const uint32_t n : histogram) {
    if (n > 0) bits += n * std::log2(static_cast<double>(count) / n);
  }
  return bits;
}

// What all bytes of values have in common.
struct Alphabet {
  bool digits = true;
  bool lower_hex = true;
  bool upper_hex = true;
};
constexpr uint8_t kNotDigit = 1, kNotLowerHex = 2, kNotUpperHex = 4;
struct AlphabetTable {
  uint8_t lacks[256];
  constexpr AlphabetTable() : lacks() {
    for (int c = 0; c < 256; ++c) {
      const bool digit = c >= '0' && c <= '9';
      lacks[c] = static_cast<uint8_t>((digit ? 0 : kNotDigit) |
                                      (digit || (c >= 'a' && c <= 'f') ? 0 : kNotLowerHex) |
                                      (digit || (c >= 'A' && c <= 'F') ? 0 : kNotUpperHex));
    }
  }
};
constexpr AlphabetTable kAlphabet;

Alphabet AlphabetOf(std::string_view text) {
  uint8_t lacks = 0;
  for (const char c : text) lacks |= kAlphabet.lacks[static_cast<unsigned char>(c)];
  return {(lacks & kNotDigit) == 0, (lacks & kNotLowerHex) == 0, (lacks & kNotUpperHex) == 0};
}

uint64_t NumberOf(const char* digits, size_t count) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) value = value * 10 + static_cast<uint64_t>(digits[i] - '0');
  return value;
}

}  // namespace

// A list, and what is in it. Only new values where there are references.
struct ValueEncoder::State {
  explicit State(int zstd_level) : level(zstd_level), zstd(ZSTD_createCCtx()) {
    if (zstd == nullptr) throw std::bad_alloc();
  }
  ~State() { ZSTD_freeCCtx(zstd); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  struct List {
    std::string_view text;
    uint32_t width;
    const uint32_t* starts;
    size_t count;
    std::string_view At(size_t i) const {
      return width > 0 ? text.substr(i * width, width)
                       : text.substr(starts[i], starts[i + 1] - starts[i]);
    }
  };

  void Bytes(std::string_view bytes, std::string* out);
  void SizedBytes(std::string_view bytes, std::string* out);
  void Numbers(std::span<const uint64_t> all, std::string* out);
  bool FindReferences(const List& list);
  bool ReferencesPay(const List& list, double value_bits) const;
  void EncodeNew(const List& list, const Alphabet& alphabet, std::string* best, Coding* coding);
  void Text(const List& list, std::string* out);
  void Transposed(const List& list, std::string* out);
  void Groups(const List& list, std::string* out) const;
  void Pairs(const List& list, std::string* out);
  void Hex(const List& list, bool upper, std::string* out);
  bool Rising(const List& list, std::string* out);
  bool Decimals(const List& list, std::string* out);

  const int level;
  ZSTD_CCtx* zstd;
  // Scratch.
  std::string compressed, classes, bits, plane, references, new_text, trial, sized, numbers_text;
  std::vector<uint32_t> new_starts;
  std::vector<uint64_t> numbers;
  std::vector<uint32_t> table;
};

void ValueEncoder::State::Bytes(std::string_view bytes, std::string* out) {
  constexpr size_t kTooFew = 16;
  if (bytes.size() >= kTooFew) {
    compressed.resize(ZSTD_compressBound(bytes.size()));
    const size_t size = ZSTD_compressCCtx(zstd, compressed.data(), compressed.size(), bytes.data(),
                                          bytes.size(), level);
    if (!ZSTD_isError(size) && size < bytes.size() + kMagicSize) {
      out->push_back(kCompressed);
      out->append(compressed, kMagicSize, size - kMagicSize);
      return;
    }
  }
  out->push_back(kPlain);
  out->append(bytes);
}

void ValueEncoder::State::SizedBytes(std::string_view bytes, std::string* out) {
  sized.clear();
  Bytes(bytes, &sized);
  AppendSized(out, sized);
}

void ValueEncoder::State::Numbers(std::span<const uint64_t> all, std::string* out) {
  classes.resize(all.size());
  bits.clear();
  BitWriter writer(&bits);
  for (size_t i = 0; i < all.size(); ++i) {
    const unsigned c = ClassOf(all[i]);
    classes[i] = static_cast<char>(c);
    if (const unsigned behind = BitsOf(c); behind > 0) {
      writer.Put(all[i] & ((uint64_t{1} << behind) - 1), behind);
    }
  }
  writer.Finish();
  SizedBytes(classes, out);
  out->append(bits);
}

// Fills references, new_text and new_starts. False where there is nothing to refer to.
bool ValueEncoder::State::FindReferences(const List& list) {
  // New values by hash, each at one of a few places, where it takes that of the oldest.
  constexpr unsigned kTableBits = 12;
  constexpr size_t kPlaces = 4;
  table.assign(kPlaces << kTableBits, 0);
  references.resize(list.count);
  new_text.clear();
  new_starts.assign(1, 0);
  uint32_t new_count = 0;
  for (size_t i = 0; i < list.count; ++i) {
    const std::string_view value = list.At(i);
    uint32_t* const places = &table[(Hash64(value) >> (64 - kTableBits)) * kPlaces];
    uint32_t* oldest = places;
    size_t behind = 0;
    for (uint32_t* place = places; place < places + kPlaces; ++place) {
      if (*place < *oldest) oldest = place;
      if (*place == 0 || new_count + 1 - *place > UINT8_MAX) continue;
      const uint32_t from = new_starts[*place - 1];
      if (std::string_view(new_text).substr(from, new_starts[*place] - from) == value) {
        behind = new_count + 1 - *place;
        break;
      }
    }
    references[i] = static_cast<char>(behind);
    if (behind > 0) continue;
    new_text.append(value);
    new_starts.push_back(static_cast<uint32_t>(new_text.size()));
    *oldest = ++new_count;  // its number + 1
  }
  return new_count < list.count;
}

// `value_bits`: what a new value takes, about.
bool ValueEncoder::State::ReferencesPay(const List& list, double value_bits) const {
  uint32_t histogram[256] = {};
  for (const char r : references) ++histogram[static_cast<unsigned char>(r)];
  const double with = Entropy(histogram, list.count) + histogram[0] * value_bits;
  return with < 0.97 * value_bits * static_cast<double>(list.count);
}

void ValueEncoder::State::Text(const List& list, std::string* out) {
  if (list.width == 0) {
    numbers.resize(list.count);
    for (size_t i = 0; i < list.count; ++i) numbers[i] = list.starts[i + 1] - list.starts[i];
    numbers_text.clear();
    Numbers(numbers, &numbers_text);
    AppendSized(out, numbers_text);
  }
  Bytes(list.text, out);
}

void ValueEncoder::State::Transposed(const List& list, std::string* out) {
  plane.resize(list.text.size());
  for (uint32_t column = 0; column < list.width; ++column) {
    char* to = plane.data() + column * list.count;
    const char* from = list.text.data() + column;
    for (size_t i = 0; i < list.count; ++i) to[i] = from[i * list.width];
  }
  Bytes(plane, out);
}

void ValueEncoder::State::Groups(const List& list, std::string* out) const {
  const size_t group = kGroupDigits / list.width;
  BitWriter writer(out);
  for (size_t i = 0; i < list.count; i += group) {
    const auto digits = static_cast<unsigned>(std::min(group, list.count - i) * list.width);
    writer.Put(NumberOf(list.text.data() + i * list.width, digits), GroupBits(digits));
  }
  writer.Finish();
}

void ValueEncoder::State::Pairs(const List& list, std::string* out) {
  plane.resize(list.count);
  for (uint32_t at = 0; at < list.width;) {
    const uint32_t digits = at == 0 && list.width % 2 == 1 ? 1 : 2;
    const char* from = list.text.data() + at;
    for (size_t i = 0; i < list.count; ++i) {
      plane[i] = static_cast<char>(NumberOf(from + i * list.width, digits));
    }
    SizedBytes(plane, out);
    at += digits;
  }
}

void ValueEncoder::State::Hex(const List& list, bool upper, std::string* out) {
  const char letter = upper ? 'A' : 'a';
  auto digit = [&](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - letter + 10); };
  plane.clear();
  const uint32_t odd = list.width % 2;
  for (size_t i = 0; i < list.count; ++i) {
    const char* value = list.text.data() + i * list.width;
    if (odd > 0) plane.push_back(static_cast<char>(digit(value[0])));
    for (uint32_t at = odd; at < list.width; at += 2) {
      plane.push_back(static_cast<char>(digit(value[at]) << 4 | digit(value[at + 1])));
    }
  }
  Bytes(plane, out);
}

// False where the steps are not much smaller than the values.
bool ValueEncoder::State::Rising(const List& list, std::string* out) {
  if (list.width == 0 || list.width > kMaxDecimal) return false;
  numbers.resize(list.count);
  uint64_t before = 0;
  uint64_t step_bits = 0;
  uint64_t value_bits = 0;
  for (size_t i = 0; i < list.count; ++i) {
    const uint64_t value = NumberOf(list.text.data() + i * list.width, list.width);
    numbers[i] = ZigZag(static_cast<int64_t>(value - before));
    step_bits += static_cast<unsigned>(std::bit_width(numbers[i]));
    value_bits += static_cast<unsigned>(std::bit_width(value));
    before = value;
  }
  if (step_bits * 4 > value_bits * 3) return false;
  Numbers(numbers, out);
  return true;
}

bool ValueEncoder::State::Decimals(const List& list, std::string* out) {
  numbers.resize(list.count);
  for (size_t i = 0; i < list.count; ++i) {
    const std::string_view value = list.At(i);
    if (value.empty() || value.size() > kMaxDecimal || (value[0] == '0' && value.size() > 1)) {
      return false;
    }
    numbers[i] = NumberOf(value.data(), value.size());
  }
  Numbers(numbers, out);
  return true;
}

void ValueEncoder::State::EncodeNew(const List& list, const Alphabet& alphabet, std::string* best,
                                    Coding* coding) {
  best->clear();
  Text(list, best);
  *coding = Coding::kText;
  auto take = [&](Coding other) {
    if (trial.size() < best->size()) {
      best->swap(trial);
      *coding = other;
    }
    trial.clear();
  };
  trial.clear();
  if (list.width == 0) {
    if (alphabet.digits && Decimals(list, &trial)) take(Coding::kDecimals);
    return;
  }
  if (alphabet.digits) {
    if (list.width <= kGroupDigits) {
      Groups(list, &trial);
      take(Coding::kGroups);
    }
    Pairs(list, &trial);
    take(Coding::kPairs);
    if (Rising(list, &trial)) take(Coding::kRising);
  } else if (alphabet.lower_hex || alphabet.upper_hex) {
    Hex(list, !alphabet.lower_hex, &trial);
    take(alphabet.lower_hex ? Coding::kLowerHex : Coding::kUpperHex);
  } else if (list.width > 1) {
    Transposed(list, &trial);
    take(Coding::kTransposed);
  }
}

ValueEncoder::ValueEncoder(int level) : state_(std::make_unique<State>(level)) {}
ValueEncoder::~ValueEncoder() = default;

void ValueEncoder::Encode(const ValueList& values, std::string* out) {
  State::List list{values.text, values.width, values.starts.data(), values.count};
  if (list.width > 0) list.text = list.text.substr(0, list.count * list.width);
  const std::string_view first = list.count > 0 ? list.At(0) : std::string_view();
  bool all_alike = list.count > 0;
  for (size_t i = 1; i < list.count && all_alike; ++i) all_alike = list.At(i) == first;
  if (all_alike) {
    out->push_back(static_cast<char>(Coding::kConstant));
    AppendVarint(out, list.width);
    out->append(first);
    return;
  }
  const Alphabet alphabet = AlphabetOf(list.text);
  const double char_bits = alphabet.digits                            ? 3.33
                           : alphabet.lower_hex || alphabet.upper_hex ? 4
                                                                      : 5;
  const double value_bits = char_bits * static_cast<double>(list.text.size()) /
                            static_cast<double>(std::max<size_t>(1, list.count));
  constexpr double kShort = 8;  // a reference takes as much
  const bool with_references = value_bits > kShort && state_->FindReferences(list) &&
                               state_->ReferencesPay(list, value_bits);
  std::string head;
  if (with_references) {
    state_->SizedBytes(state_->references, &head);
    list.text = state_->new_text;
    list.starts = state_->new_starts.data();
    list.count =
        static_cast<size_t>(std::count(state_->references.begin(), state_->references.end(), '\0'));
    AppendVarint(&head, list.count);
  }
  std::string best;
  Coding coding;
  state_->EncodeNew(list, alphabet, &best, &coding);
  out->push_back(
      static_cast<char>(static_cast<unsigned>(coding) | (with_references ? kWithReferences : 0)));
  AppendVarint(out, list.width);
  out->append(head);
  out->append(best);
}

void ValueEncoder::EncodeBytes(std::string_view bytes, std::string* out) {
  state_->Bytes(bytes, out);
}

void ValueEncoder::EncodeSymbols(std::span<const uint16_t> symbols, std::string* out) {
  const bool narrow =
      std::all_of(symbols.begin(), symbols.end(), [](uint16_t s) { return s <= UINT8_MAX; });
  out->push_back(narrow ? 1 : 2);
  if (!narrow) {
    state_->Bytes({reinterpret_cast<const char*>(symbols.data()), symbols.size_bytes()}, out);
    return;
  }
  state_->plane.assign(symbols.begin(), symbols.end());
  state_->Bytes(state_->plane, out);
}

void ValueEncoder::EncodeNumbers(std::span<const uint64_t> numbers, std::string* out) {
  state_->Numbers(numbers, out);
}

void ValueEncoder::EncodeTimes(std::span<const int64_t> times, std::string* out) {
  std::vector<uint64_t>& steps = state_->numbers;
  steps.resize(times.size() - 1);
  uint64_t unit = 0;
  for (size_t i = 0; i < steps.size(); ++i) {
    steps[i] = static_cast<uint64_t>(times[i + 1]) - static_cast<uint64_t>(times[i]);
    // Almost always a multiple of what was found so far.
    if (unit == 0 || (unit != 1 && steps[i] % unit != 0)) unit = std::gcd(unit, steps[i]);
  }
  if (unit > 1) {
    for (uint64_t& step : steps) step /= unit;
  }
  AppendVarint(out, unit);
  state_->Numbers(steps, out);
}

}  // namespace glp::pack
