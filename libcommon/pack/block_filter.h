// What a search can know of a block without reading it: its templates, and keys: the pieces of five
// bytes that values hold, and the four at either end. What it says of a key that was not given is
// right in half of the cases for one bit a key, in three of four for two: the keys are "ribbons",
// solutions of an equation for each (Dillinger, Hübschle-Schneider, Sanders, Walzer: Fast Succinct
// Retrieval and Approximate Membership using Ribbon, 2022). Format: FORMAT.md, Filters record.
//
//   BlockFilterBuilder builder;
//   builder.Add(values);  …                       // each column of the block
//   std::string bytes = builder.Build(templates, has_whole, block_bytes);
//   std::optional<BlockFilter> filter = BlockFilter::Parse(bytes);
//   if (!filter->MayHold("8f3a91")) …             // in no value of the block
//
// Threads: one at a time builds; const from any.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pack/value_column.h"

namespace glp::pack {

// What a filter may take.
inline constexpr size_t kMaxFilterBytes = 1 << 20;

// Of three values with a byte between each, as numbers of addresses and times stand: the piece of
// the text that tells which, from the last two bytes of the first (or the one; always one in front
// of a middle of kMaxJoinMiddle bytes) to the first of the last. `first` and `middle`: where these
// values begin, `end`: the end of the middle one. Empty where filters have no key for it: of longer
// middle values, and where no digits meet.
// REQUIRES: middle - 2 >= first, end + 1 < text.size()
inline constexpr size_t kMaxJoinMiddle = 3;
std::string_view JoinOf(std::string_view text, size_t first, size_t middle, size_t end);

// Where keys lie in a filter: `layers` bitmaps of a bit a column, and one of the columns from
// `first` on.
struct FilterRibbon {
  uint64_t columns = 0;  // 0: there is no key
  uint64_t layers = 0;
  uint64_t first = 0;
  uint64_t at = 0;  // bit of the filter where the first layer begins

  uint64_t bits() const { return columns * layers + columns - first; }
};

// Cost: 1 to 2 ns a byte of values, and about 30 ns a key of the filter, in linear time whatever
// the keys are. Memory: a megabyte, and eight bytes a key.
class BlockFilterBuilder {
 public:
  // Values of the block, in any order, also some of them twice.
  void Add(const ValueList& values);
  void Add(std::string_view value);
  // What JoinOf gives of values that stand in lines with a template; of all.
  void AddJoin(std::string_view join);
  // The filter of what was added, and begins anew. `templates`: those of the block's lines, rising;
  // `has_whole`: there are lines without one. A filter of more than 8 % of `block_bytes`, those of
  // the block as it is stored and its own, is made smaller or left without keys.
  std::string Build(std::span<const uint32_t> templates, bool has_whole, uint64_t block_bytes);

 private:
  // Keys by their hashes, a bit each.
  class Slots {
   public:
    Slots();
    void Set(uint64_t key);
    size_t Count(uint64_t share) const;
    // Appends the ribbon of those that are told to `out`, which has `*end` bits. False: the keys
    // are such that it would take too long.
    bool Tell(uint64_t share, const FilterRibbon& ribbon, uint64_t* end, std::string* out) const;
    void Clear();

   private:
    // Calls `each(word)` with the numbers of the words of slots_ that are not 0, rising.
    template <typename Each>
    void ForEachWord(Each each) const;
    template <typename Each>
    void ForEach(uint64_t share, Each each) const;

    std::vector<uint64_t> slots_;
    std::vector<uint64_t> words_;  // a bit for each word of slots_ that is not 0
  };

  void Add(const char* value, size_t size, const char* end);

  void SetValue(uint64_t key, size_t size);

  Slots values_;  // of which a share may be told
  Slots told_;    // of words and joins: all are
};

class BlockFilter {
 public:
  // Nothing where the bytes are damaged.
  static std::optional<BlockFilter> Parse(std::string_view bytes);

  const std::vector<uint32_t>& templates() const { return templates_; }  // rising
  bool has_whole() const { return has_whole_; }
  // False: no value of the block holds the piece, in whatever case its letters are.
  bool MayHold(std::string_view piece) const;
  // The same of values that begin or end with it.
  bool MayBeginWith(std::string_view piece) const;
  bool MayEndWith(std::string_view piece) const;
  // The same of lines with a template, and of what JoinOf gave.
  bool MayHoldJoin(std::string_view join) const;

 private:
  bool Has(const FilterRibbon& ribbon, uint64_t slot) const;
  bool HasValue(uint64_t key, size_t size) const;

  std::vector<uint32_t> templates_;
  bool has_whole_ = false;
  bool has_keys_ = false;
  uint64_t share_ = 0;   // of the keys of values that are no words, in 256ths
  FilterRibbon told_;    // keys of words and joins
  FilterRibbon values_;  // of others
  std::string bytes_;
};

}  // namespace glp::pack
