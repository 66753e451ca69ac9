#include "store/point_set.h"

#include <algorithm>

namespace glp::store {
namespace {

constexpr uint32_t kBlockPoints = 256;
// Late points wait until they are so many, or this part of all: a few bytes a point, and no block
// is written anew for each.
constexpr size_t kMinLate = 512;
constexpr size_t kLatePart = 32;

}  // namespace

void PointSet::Block::Append(uint64_t point) {
  if (count++ == 0) {
    first = point;
  } else {
    pack::AppendVarint(&deltas, point - last);
  }
  last = point;
}

void PointSet::Add(uint64_t point) {
  ++size_;
  if (!blocks_.empty() && point < blocks_.back().last) {
    AddLate(point);
    return;
  }
  if (blocks_.empty() || blocks_.back().count >= kBlockPoints) {
    if (!blocks_.empty()) blocks_.back().deltas.shrink_to_fit();
    blocks_.emplace_back();
  }
  blocks_.back().Append(point);
  highest_ = point;
}

size_t PointSet::BlockOf(uint64_t point) const {
  auto behind = std::upper_bound(blocks_.begin(), blocks_.end(), point,
                                 [](uint64_t p, const Block& block) { return p < block.first; });
  return static_cast<size_t>(behind - blocks_.begin()) - 1;
}

bool PointSet::IsInBlocks(uint64_t point) const {
  size_t number = BlockOf(point);
  if (number == SIZE_MAX) return false;
  const Block& block = blocks_[number];
  if (point >= block.last) return point == block.last;
  if (cursor_.block != number || cursor_.point > point) cursor_ = {number, 0, block.first};
  pack::Decoder in(std::string_view(block.deltas).substr(cursor_.offset));
  while (cursor_.point < point) cursor_.point += in.Varint();
  cursor_.offset = block.deltas.size() - in.left();
  return cursor_.point == point;
}

bool PointSet::IsLate(uint64_t point) const {
  return std::any_of(late_.begin(), late_.end(), [&](const std::vector<uint64_t>& run) {
    return std::binary_search(run.begin(), run.end(), point);
  });
}

void PointSet::AddLate(uint64_t point) {
  late_.push_back({point});
  while (late_.size() > 1 && late_[late_.size() - 2].size() < 2 * late_.back().size()) {
    std::vector<uint64_t>& into = late_[late_.size() - 2];
    auto middle = static_cast<ptrdiff_t>(into.size());
    into.insert(into.end(), late_.back().begin(), late_.back().end());
    std::inplace_merge(into.begin(), into.begin() + middle, into.end());
    late_.pop_back();
  }
  if (++late_size_ >= std::max(kMinLate, size_ / kLatePart)) WorkIn();
}

void PointSet::AppendBlocks(const std::vector<uint64_t>& points, std::vector<Block>* out) {
  size_t parts = (points.size() + kBlockPoints - 1) / kBlockPoints;
  for (size_t part = 0; part < parts; ++part) {
    Block& block = out->emplace_back();
    size_t end = points.size() * (part + 1) / parts;
    for (size_t i = points.size() * part / parts; i < end; ++i) block.Append(points[i]);
    block.deltas.shrink_to_fit();
  }
}

void PointSet::WorkIn() {
  if (late_.empty()) return;
  std::vector<uint64_t> late;
  late.reserve(late_size_);
  for (const auto& run : late_) late.insert(late.end(), run.begin(), run.end());
  std::sort(late.begin(), late.end());
  late_.clear();
  late_size_ = 0;
  cursor_ = {};
  std::vector<Block> blocks;
  std::vector<uint64_t> points;
  auto next = late.begin();
  for (size_t i = 0; i < blocks_.size(); ++i) {
    auto end = i + 1 == blocks_.size() ? late.end()
                                       : std::lower_bound(next, late.end(), blocks_[i + 1].first);
    if (next == end) {
      blocks.push_back(std::move(blocks_[i]));
      continue;
    }
    points.assign(next, end);
    blocks_[i].ForEach([&](uint64_t point) { points.push_back(point); });
    std::inplace_merge(points.begin(), points.begin() + (end - next), points.end());
    AppendBlocks(points, &blocks);
    next = end;
  }
  blocks_ = std::move(blocks);
}

void PointSet::Erase(Range range) {
  if (size_ == 0 || range.from >= highest_) return;
  WorkIn();
  cursor_ = {};
  std::vector<Block> blocks;
  std::vector<uint64_t> points;
  size_ = 0;
  for (Block& block : blocks_) {
    if (block.first > range.to || block.last <= range.from) {
      blocks.push_back(std::move(block));
    } else if (block.first <= range.from || block.last > range.to) {
      points.clear();
      block.ForEach([&](uint64_t point) {
        if (point <= range.from || point > range.to) points.push_back(point);
      });
      AppendBlocks(points, &blocks);
    }
  }
  for (const Block& block : blocks) size_ += block.count;
  blocks_ = std::move(blocks);
}

size_t PointSet::CountIn(Range range) const {
  size_t count = 0;
  auto is_in = [&](uint64_t point) { return point > range.from && point <= range.to; };
  for (const Block& block : blocks_) {
    if (is_in(block.first) && is_in(block.last)) {
      count += block.count;
    } else if (block.first <= range.to && block.last > range.from) {
      block.ForEach([&](uint64_t point) { count += is_in(point) ? 1 : 0; });
    }
  }
  for (const auto& run : late_) {
    count += static_cast<size_t>(std::count_if(run.begin(), run.end(), is_in));
  }
  return count;
}

uint64_t PointSet::Middle(Range range) const {
  size_t begin = BlockOf(range.from) + 1;
  size_t end = BlockOf(range.to) + 1;
  return end < begin + 2 ? range.to : blocks_[begin + (end - begin) / 2].first;
}

size_t PointSet::bytes() const {
  size_t bytes = sizeof *this + blocks_.capacity() * sizeof(Block);
  for (const Block& block : blocks_) bytes += block.deltas.capacity();
  for (const auto& run : late_) bytes += run.capacity() * sizeof(uint64_t);
  return bytes;
}

}  // namespace glp::store
