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
constexpr uint64_t kWhole = 1, kKeys = 2, kJoins = 4;  // flags

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

void BlockFilterBuilder::Slots::Tell(uint64_t share, uint64_t bits, char* out) const {
  ForEach(share, [&](uint64_t slot) {
    const uint64_t bit = slot * bits >> kSlotBits;
    out[bit / 8] = static_cast<char>(out[bit / 8] | 1 << (bit % 8));
  });
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
  constexpr uint64_t kBitsPerKey = 3, kLeast = 64, kPercent = 8, kLeastShare = 64;
  const uint64_t values = values_.Count(kAll), told = told_.Count(kAll), keys = values + told;
  uint64_t bits = std::max(keys * kBitsPerKey, kLeast);
  bits = std::min({bits, std::max(block_bytes * 8 / 100 * kPercent, kLeast), kSlots});
  // So full that it would hardly ever say no.
  const bool has_keys = bits >= keys / 2;
  if (!has_keys || keys == 0) bits = 0;
  // What says most of what the bits can say: half of them set. Values have many keys, so that a
  // share of them says as much.
  const uint64_t room = bits * 7 / 10;
  uint64_t share = kAll;
  if (keys > room) {
    share = room > told ? (room - told) * kAll / values : 0;
    share = std::clamp(share, kLeastShare, kAll);
  }

  std::string out;
  AppendVarint(&out, (has_whole ? kWhole : 0) | (has_keys ? kKeys | kJoins : 0));
  AppendVarint(&out, templates.size());
  uint32_t next = 0;
  for (const uint32_t number : templates) {
    AppendVarint(&out, number - next);
    next = number + 1;
  }
  AppendVarint(&out, share);
  AppendVarint(&out, bits);
  const size_t from = out.size();
  out.append((bits + 7) / 8, '\0');
  if (bits > 0) {
    values_.Tell(share, bits, out.data() + from);
    told_.Tell(kAll, bits, out.data() + from);
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
  filter.has_joins_ = (flags & kJoins) != 0;
  const uint64_t templates = in.Varint();
  if (flags > (kWhole | kKeys | kJoins) || templates > in.left()) return std::nullopt;
  uint64_t next = 0;
  filter.templates_.reserve(templates);
  for (uint64_t i = 0; i < templates; ++i) {
    const uint64_t number = next + in.Varint();
    if (number < next || number >= UINT32_MAX) return std::nullopt;
    filter.templates_.push_back(static_cast<uint32_t>(number));
    next = number + 1;
  }
  filter.share_ = in.Varint();
  filter.bits_ = in.Varint();
  if (!in.ok() || filter.share_ > kAll || filter.bits_ > kSlots ||
      in.left() != (filter.bits_ + 7) / 8)
    return std::nullopt;
  filter.bytes_ = bytes.substr(bytes.size() - in.left());
  return filter;
}

bool BlockFilter::Has(uint64_t key) const {
  const uint64_t bit = SlotOf(key) * bits_ >> kSlotBits;
  return bits_ > 0 && (bytes_[bit / 8] >> (bit % 8) & 1) != 0;
}

bool BlockFilter::HasValue(uint64_t key, size_t size) const {
  return (!IsOfLetters(key, size) && !IsTold(SlotOf(key), share_)) || Has(key);
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
  return !has_joins_ || Has(JoinKey(join));
}

}  // namespace glp::pack
