#include "pack/block_filter.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/hash.h"
#include "pack/varint.h"

namespace glp::pack {
namespace {

constexpr size_t kGram = 5, kEdge = 4;
constexpr int kSlotBits = 22;
constexpr uint64_t kSlots = uint64_t{1} << kSlotBits;
constexpr uint64_t kWhole = 1, kOlder = 2 | 4, kKeys = 8;  // flags

// Letters of both cases are one; of other bytes some are, too.
constexpr uint64_t kFold = 0x2020202020202020;
constexpr uint64_t kGramMask = (uint64_t{1} << (8 * kGram)) - 1;
constexpr uint64_t kEdgeMask = (uint64_t{1} << (8 * kEdge)) - 1;
// The highest byte of the keys of edges.
constexpr uint64_t kFirst = uint64_t{1} << 56, kLast = uint64_t{2} << 56;

uint64_t Load(const char* at, size_t size) {
  uint64_t word = 0;
  std::memcpy(&word, at, size);
  return word;
}
uint64_t GramKey(const char* at) { return Load(at, kGram) | (kFold & kGramMask); }
uint64_t FirstKey(const char* value) { return Load(value, kEdge) | (kFold & kEdgeMask) | kFirst; }
uint64_t LastKey(const char* end) { return Load(end - kEdge, kEdge) | (kFold & kEdgeMask) | kLast; }

// REQUIRES: it is of JoinOf
uint64_t JoinKey(std::string_view join) {
  const uint64_t mask = UINT64_MAX >> (64 - 8 * join.size());
  return Load(join.data(), join.size()) | (kFold & mask);
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

uint64_t SlotOf(uint64_t key) {
  uint64_t hash = key * 0x9E3779B97F4A7C15;
  hash ^= hash >> 32;
  hash *= 0xD6E8FEB86659FD93;
  return hash >> (64 - kSlotBits);
}

// Of the keys of values that are not all letters a share is told, in 256ths.
constexpr uint64_t kAll = 256;
bool IsOfLetters(uint64_t key, size_t size) {
  constexpr uint64_t kLetters = 0x4040404040404040;
  const uint64_t letters = kLetters >> (64 - 8 * size);
  return (key & letters) == letters;
}
bool IsTold(uint64_t slot, uint64_t share) { return slot % kAll < share; }

constexpr uint64_t kWidth = 64;  // of rows
constexpr uint64_t kMaxLayers = 8;

uint64_t Mix(uint64_t word) {
  word = (word ^ (word >> 29)) * 0xBF58476D1CE4E5B9;
  word = (word ^ (word >> 32)) * 0x94D049BB133111EB;
  return word ^ (word >> 29);
}

// The equation of a key: of the columns from `start` on those with a bit in `bits` are even.
struct Row {
  uint64_t start, bits;
};

// REQUIRES: columns >= kWidth
Row RowOf(uint64_t slot, uint64_t columns) {
  constexpr uint64_t kStep = 0x9E3779B97F4A7C15;
  const uint64_t first = Mix(slot + kStep);
  return {(first >> 32) * (columns - kWidth + 1) >> 32, Mix(first + kStep) | 1};
}

bool IsOdd(uint64_t word) { return (std::popcount(word) & 1) != 0; }

// The equations of a ribbon, brought into the form of steps: of a column at most one starts there.
class Equations {
 public:
  explicit Equations(const FilterRibbon& ribbon) : rows_(ribbon.columns) {}

  // Rows walk far only where keys were chosen for it; of such nothing is told.
  void Add(uint64_t slot) {
    constexpr uint64_t kWalk = 256;
    if (!ok()) return;
    auto [at, bits] = RowOf(slot, rows_.size());
    left_ += kWalk;
    for (; left_ > 0; --left_) {
      if (rows_[at] == 0) rows_[at] = bits;
      bits ^= rows_[at];
      if (bits == 0) return;
      const int step = std::countr_zero(bits);
      bits >>= step;
      at += static_cast<uint64_t>(step);
    }
  }
  bool ok() const { return left_ > 0; }

  // Appends a solution for each layer to `out`, which has `*end` bits.
  void Solve(const FilterRibbon& ribbon, uint64_t* end, std::string* out) const {
    for (uint64_t layer = 0; layer <= ribbon.layers; ++layer) {
      const uint64_t first = layer < ribbon.layers ? 0 : ribbon.first;
      out->resize((*end + ribbon.columns - first + 7) / 8);
      uint64_t later = 0;  // what was found, the next column lowest
      for (uint64_t i = ribbon.columns; i > first; --i) {
        const uint64_t row = rows_[i - 1];
        const bool is_set = row == 0 ? IsOdd(Mix(layer << 32 | i)) : IsOdd(row >> 1 & later);
        later = later << 1 | (is_set ? 1 : 0);
        const uint64_t bit = *end + i - 1 - first;
        if (is_set) (*out)[bit / 8] = static_cast<char>((*out)[bit / 8] | 1 << (bit % 8));
      }
      *end += ribbon.columns - first;
    }
  }

 private:
  std::vector<uint64_t> rows_;  // 0: none starts there; bit 0 is of the column
  uint64_t left_ = 1;           // steps
};

// Columns a twentieth more than keys: fewer tell less of each.
uint64_t ColumnsOf(uint64_t keys) { return keys == 0 ? 0 : keys + keys / 20 + kWidth; }

// As many layers as have room in `bits`, the last perhaps of some columns.
FilterRibbon RibbonOf(uint64_t columns, uint64_t bits) {
  FilterRibbon ribbon;
  if (columns < kWidth || bits < columns) return ribbon;
  ribbon.columns = columns;
  ribbon.layers = std::min(bits / columns, kMaxLayers);
  const uint64_t left = std::min(bits - ribbon.layers * columns, columns);
  ribbon.first = ribbon.layers == kMaxLayers || left < kWidth ? columns : columns - left;
  return ribbon;
}

}  // namespace

std::string_view JoinOf(std::string_view text, size_t first, size_t middle, size_t end) {
  static_assert(1 + 1 + kMaxJoinMiddle + 1 + 1 <= sizeof(uint64_t));
  const size_t before = end - middle == kMaxJoinMiddle ? 1 : 2;
  if (end - middle > kMaxJoinMiddle || !IsDigit(text[middle - 2]) || !IsDigit(text[middle]) ||
      !IsDigit(text[end + 1])) {
    return {};
  }
  const size_t from = middle - 1 - std::min(before, middle - 1 - first);
  return text.substr(from, end + 2 - from);
}

BlockFilterBuilder::Slots::Slots() : slots_(kSlots / 64), words_(kSlots / 64 / 64) {}

void BlockFilterBuilder::Slots::Set(uint64_t key) {
  const uint64_t slot = SlotOf(key);
  slots_[slot / 64] |= uint64_t{1} << (slot % 64);
  words_[slot / 64 / 64] |= uint64_t{1} << (slot / 64 % 64);
}

template <typename Each>
void BlockFilterBuilder::Slots::ForEachWord(Each each) const {
  for (size_t i = 0; i < words_.size(); ++i) {
    for (uint64_t left = words_[i]; left != 0; left &= left - 1) {
      each(i * 64 + static_cast<size_t>(std::countr_zero(left)));
    }
  }
}

template <typename Each>
void BlockFilterBuilder::Slots::ForEach(uint64_t share, Each each) const {
  ForEachWord([&](size_t word) {
    for (uint64_t left = slots_[word]; left != 0; left &= left - 1) {
      const uint64_t slot = word * 64 + static_cast<uint64_t>(std::countr_zero(left));
      if (IsTold(slot, share)) each(slot);
    }
  });
}

size_t BlockFilterBuilder::Slots::Count(uint64_t share) const {
  size_t count = 0;
  ForEach(share, [&](uint64_t) { ++count; });
  return count;
}

bool BlockFilterBuilder::Slots::Tell(uint64_t share, const FilterRibbon& ribbon, uint64_t* end,
                                     std::string* out) const {
  if (ribbon.columns == 0) return true;
  Equations equations(ribbon);
  ForEach(share, [&](uint64_t slot) { equations.Add(slot); });
  if (equations.ok()) equations.Solve(ribbon, end, out);
  return equations.ok();
}

void BlockFilterBuilder::Slots::Clear() {
  ForEachWord([this](size_t word) { slots_[word] = 0; });
  std::fill(words_.begin(), words_.end(), 0);
}

void BlockFilterBuilder::SetValue(uint64_t key, size_t size) {
  (IsOfLetters(key, size) ? told_ : values_).Set(key);
}

void BlockFilterBuilder::Add(const char* value, size_t size, const char* end) {
  if (size < kEdge) return;
  SetValue(FirstKey(value), kEdge);
  SetValue(LastKey(value + size), kEdge);
  if (size < kGram) return;
  const char* at = value;
  const char* const last = value + size - kGram;
  // Eight bytes at once as long as there are so many.
  for (; at <= last && end - at >= 8; ++at) {
    SetValue((Load(at, 8) | kFold) & kGramMask, kGram);
  }
  for (; at <= last; ++at) SetValue(GramKey(at), kGram);
}

void BlockFilterBuilder::Add(std::string_view value) {
  Add(value.data(), value.size(), value.data() + value.size());
}

void BlockFilterBuilder::AddJoin(std::string_view join) { told_.Set(JoinKey(join)); }

void BlockFilterBuilder::Add(const ValueList& values) {
  const char* const begin = values.text.data();
  const char* const end = begin + values.text.size();
  std::string_view before;
  for (size_t i = 0; i < values.count; ++i) {
    const size_t from = values.width > 0 ? i * values.width : values.starts[i];
    const size_t size = values.width > 0 ? values.width : values.starts[i + 1] - from;
    const std::string_view value(begin + from, size);
    if (value == before) continue;
    before = value;
    Add(value.data(), size, end);
  }
}

std::string BlockFilterBuilder::Build(std::span<const uint32_t> templates, bool has_whole,
                                      uint64_t block_bytes) {
  constexpr uint64_t kBitsPerKey = 3, kLeast = 256, kPercent = 8;
  const uint64_t values = values_.Count(kAll), told = told_.Count(kAll), keys = values + told;
  uint64_t bits = keys * kBitsPerKey + kLeast;
  bits = std::min({bits, std::max(block_bytes * 8 * kPercent / (100 - kPercent), kLeast), kSlots});
  // A needle has one or two of the keys that are all told, and many of values: the first get three
  // bits before values get a second one, but leave them two fifths.
  constexpr uint64_t kToldLayers = 3;
  const uint64_t told_columns = ColumnsOf(told), value_columns = ColumnsOf(values);
  uint64_t told_bits =
      std::max(kToldLayers * told_columns,
               bits * told_columns / std::max(told_columns + value_columns, kLeast));
  told_bits = std::min(told_bits, bits - std::min(value_columns, bits * 2 / 5));
  told_bits = std::max(told_bits, std::min(told_columns, bits));
  const FilterRibbon of_told = RibbonOf(told_columns, told_bits);
  const uint64_t left = bits - of_told.bits();
  FilterRibbon of_values = RibbonOf(value_columns, left);
  uint64_t share = kAll;
  if (values > 0 && of_values.columns == 0) {
    of_values = RibbonOf(left, left);
    const uint64_t room = left - std::min(left, kWidth);
    share = std::min(room * kAll * 20 / 21 / values, kAll);
  }
  std::string ribbons;
  uint64_t end = 0;
  // Not where they would hardly ever say no.
  const bool has_keys = bits >= keys / 2 && of_told.columns >= std::min(told_columns, kWidth) &&
                        told_.Tell(kAll, of_told, &end, &ribbons) &&
                        values_.Tell(share, of_values, &end, &ribbons);

  std::string out;
  AppendVarint(&out, (has_whole ? kWhole : 0) | (has_keys ? kKeys : 0));
  AppendVarint(&out, templates.size());
  uint32_t next = 0;
  for (const uint32_t number : templates) {
    AppendVarint(&out, number - next);
    next = number + 1;
  }
  if (has_keys) {
    AppendVarint(&out, share);
    for (const FilterRibbon& ribbon : {of_told, of_values}) {
      AppendVarint(&out, ribbon.columns);
      AppendVarint(&out, ribbon.layers);
      AppendVarint(&out, ribbon.first);
    }
    out += ribbons;
  }
  values_.Clear();
  told_.Clear();
  std::string hashed;
  AppendFixed(&hashed, Hash64(out));
  return hashed + out;
}

std::optional<BlockFilter> BlockFilter::Parse(std::string_view bytes) {
  Decoder in(bytes);
  const uint64_t hash = in.Fixed<uint64_t>();
  if (!in.ok() || Hash64(bytes.substr(sizeof hash)) != hash) return std::nullopt;
  BlockFilter filter;
  const uint64_t flags = in.Varint();
  filter.has_whole_ = (flags & kWhole) != 0;
  filter.has_keys_ = (flags & kKeys) != 0;
  const uint64_t templates = in.Varint();
  if ((flags & ~(kWhole | kOlder | kKeys)) != 0 || templates > in.left()) return std::nullopt;
  uint64_t next = 0;
  filter.templates_.reserve(templates);
  for (uint64_t i = 0; i < templates; ++i) {
    const uint64_t number = next + in.Varint();
    if (number < next || number >= UINT32_MAX) return std::nullopt;
    filter.templates_.push_back(static_cast<uint32_t>(number));
    next = number + 1;
  }
  if (!filter.has_keys_) return in.ok() ? std::optional(filter) : std::nullopt;
  filter.share_ = in.Varint();
  uint64_t bits = 0;
  for (FilterRibbon* ribbon : {&filter.told_, &filter.values_}) {
    ribbon->columns = in.Varint();
    ribbon->layers = in.Varint();
    ribbon->first = in.Varint();
    ribbon->at = bits;
    const bool is_empty = ribbon->columns == 0 && ribbon->layers == 0 && ribbon->first == 0;
    const bool is_fit = ribbon->columns >= kWidth && ribbon->columns <= kSlots &&
                        ribbon->layers >= 1 && ribbon->layers <= kMaxLayers &&
                        ribbon->first <= ribbon->columns;
    if (!in.ok() || (!is_empty && !is_fit)) return std::nullopt;
    bits += ribbon->bits();
  }
  if (filter.share_ > kAll || in.left() != (bits + 7) / 8) return std::nullopt;
  filter.bytes_ = bytes.substr(bytes.size() - in.left());
  filter.bytes_.append(sizeof(uint64_t), '\0');  // Has loads a byte more than the last word
  return filter;
}

bool BlockFilter::Has(const FilterRibbon& ribbon, uint64_t slot) const {
  if (ribbon.columns == 0) return false;
  const Row row = RowOf(slot, ribbon.columns);
  const auto is_odd = [&](uint64_t bit) {
    const char* const at = bytes_.data() + bit / 8;
    uint64_t word = Load(at, 8) >> (bit % 8);
    if (bit % 8 != 0) word |= Load(at + 8, 1) << (kWidth - bit % 8);
    return IsOdd(word & row.bits);
  };
  uint64_t layer = ribbon.at;
  for (uint64_t i = 0; i < ribbon.layers; ++i, layer += ribbon.columns) {
    if (is_odd(layer + row.start)) return false;
  }
  return row.start < ribbon.first || !is_odd(layer + row.start - ribbon.first);
}

bool BlockFilter::HasValue(uint64_t key, size_t size) const {
  const uint64_t slot = SlotOf(key);
  if (IsOfLetters(key, size)) return Has(told_, slot);
  return !IsTold(slot, share_) || Has(values_, slot);
}

bool BlockFilter::MayHold(std::string_view piece) const {
  if (!has_keys_) return true;
  for (size_t i = 0; i + kGram <= piece.size(); ++i) {
    if (!HasValue(GramKey(piece.data() + i), kGram)) return false;
  }
  return true;
}

bool BlockFilter::MayBeginWith(std::string_view piece) const {
  if (has_keys_ && piece.size() >= kEdge && !HasValue(FirstKey(piece.data()), kEdge)) return false;
  return MayHold(piece);
}

bool BlockFilter::MayEndWith(std::string_view piece) const {
  if (has_keys_ && piece.size() >= kEdge &&
      !HasValue(LastKey(piece.data() + piece.size()), kEdge)) {
    return false;
  }
  return MayHold(piece);
}

bool BlockFilter::MayHoldJoin(std::string_view join) const {
  return !has_keys_ || Has(told_, SlotOf(JoinKey(join)));
}

}  // namespace glp::pack
