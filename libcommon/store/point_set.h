// A set of positions in a file in about the bytes that the distances between them need: rising ones
// are appended to blocks of differences; late ones wait in sorted runs until there are enough of
// them to be worked in.
// Memory:  about two bytes a point, for lines of up to 8 KiB.
// Cost:    ten nanoseconds to add or find points that rise; one or two microseconds for others.
// Threads: one at a time, const or not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "pack/varint.h"
#include "store/range_set.h"

namespace glp::store {

class PointSet {
 public:
  bool Has(uint64_t point) const {
    return size_ > 0 && point <= highest_ && (IsInBlocks(point) || IsLate(point));
  }
  // REQUIRES: !Has(point)
  void Add(uint64_t point);
  // Takes out what is in the range.
  void Erase(Range range);
  void Clear() { *this = {}; }
  size_t size() const { return size_; }
  size_t CountIn(Range range) const;
  // A point of the range that about half of its points are not above; range.to where they are few.
  uint64_t Middle(Range range) const;
  // Memory.
  size_t bytes() const;
  // All points, rising.
  template <typename Sink>
  void ForEach(Sink sink) {
    WorkIn();
    for (const Block& block : blocks_) block.ForEach(sink);
  }

 private:
  struct Block {
    uint64_t first = 0;
    uint64_t last = 0;
    uint32_t count = 0;
    std::string deltas;  // varints, of each behind the first to the one before

    void Append(uint64_t point);
    template <typename Sink>
    void ForEach(Sink sink) const {
      sink(first);
      pack::Decoder in(deltas);
      for (uint64_t point = first; in.left() > 0;) sink(point += in.Varint());
    }
  };
  // Where a look ended, so that looks in rising order go on from there.
  struct Cursor {
    size_t block = SIZE_MAX;
    size_t offset = 0;
    uint64_t point = 0;
  };

  size_t BlockOf(uint64_t point) const;
  bool IsInBlocks(uint64_t point) const;
  bool IsLate(uint64_t point) const;
  void AddLate(uint64_t point);
  void WorkIn();
  static void AppendBlocks(const std::vector<uint64_t>& points, std::vector<Block>* out);

  size_t size_ = 0;
  uint64_t highest_ = 0;  // at least
  std::vector<Block> blocks_;
  std::vector<std::vector<uint64_t>> late_;  // sizes fall by half or more
  size_t late_size_ = 0;
  mutable Cursor cursor_;
};

}  // namespace glp::store
