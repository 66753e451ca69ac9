#include "pack/index.h"

#include <algorithm>
#include <utility>

#include "pack/frame.h"
#include "pack/varint.h"

namespace glp::pack {
namespace {

// Fewer bytes of a footer no label set and no block takes: no more room is made beforehand.
constexpr uint64_t kMinStream = 3;
constexpr uint64_t kMinBlock = 11;

}  // namespace

void AppendPosition(std::string* out, const Position& position) {
  AppendSized(out, position.id);
  AppendVarint(out, static_cast<uint64_t>(position.kind));
  AppendVarint(out, position.next);
  AppendSized(out, position.points);
}

bool ReadPosition(Decoder* in, Position* position) {
  position->id = in->Sized();
  uint64_t kind = in->Varint();
  position->kind = static_cast<Position::Kind>(kind);
  position->next = in->Varint();
  position->points = in->Sized();
  return in->ok() && kind <= static_cast<uint64_t>(Position::Kind::kRanges) &&
         ForEachPoint(*position, [](uint64_t) {}) &&
         ForEachRange(*position, [](uint64_t, uint64_t) {});
}

namespace {

// Entries by minute. False where they do not fit the block.
bool ReadMinutes(Decoder* in, BlockInfo* block) {
  uint64_t minutes = in->Varint();
  if (minutes == 0) return true;
  if (minutes > MaxMinutes(block->entries) || block->min_ts_ns > block->max_ts_ns ||
      MinuteOf(block->max_ts_ns) - MinuteOf(block->min_ts_ns) + 1 != minutes) {
    return false;
  }
  uint64_t left = block->entries;
  for (; minutes > 0 && in->ok(); --minutes) {
    uint64_t count = in->Varint();
    if (count > left || count > UINT32_MAX) return false;
    left -= count;
    block->per_minute.push_back(static_cast<uint32_t>(count));
  }
  return left == 0;
}

}  // namespace

std::string EncodeIndex(const Index& index) {
  std::string out;
  AppendVarint(&out, kVersion);
  AppendVarint(&out, index.flags);
  AppendVarint(&out, index.streams.size());
  for (const std::string& json : index.streams) AppendSized(&out, json);
  AppendVarint(&out, index.blocks.size());
  uint64_t end = kHeaderSize;
  uint64_t filter_end = 0;
  for (const BlockInfo& block : index.blocks) {
    AppendVarint(&out, block.offset - end);
    AppendVarint(&out, block.size);
    AppendVarint(&out, block.front_size);
    AppendVarint(&out, block.stream);
    AppendVarint(&out, block.entries);
    AppendVarint(&out, ZigZag(block.min_ts_ns));
    AppendVarint(&out,
                 static_cast<uint64_t>(block.max_ts_ns) - static_cast<uint64_t>(block.min_ts_ns));
    AppendVarint(&out, block.line_bytes);
    AppendVarint(&out, block.first_seq);
    AppendVarint(&out, FlagsOf(block));
    AppendVarint(&out, block.filter_size);
    if (block.filter_size > 0) {
      AppendVarint(&out, ZigZag(static_cast<int64_t>(block.filter_offset - filter_end)));
      filter_end = block.filter_offset + block.filter_size;
    }
    AppendVarint(&out, block.per_minute.size());
    for (uint32_t count : block.per_minute) AppendVarint(&out, count);
    end = block.offset + block.size;
  }
  AppendVarint(&out, index.entries);
  AppendVarint(&out, index.line_bytes);
  AppendVarint(&out, index.templates_offset);
  AppendVarint(&out, index.templates_size);
  AppendVarint(&out, index.positions.size());
  for (const Position& position : index.positions) {
    AppendVarint(&out, position.stream);
    AppendPosition(&out, position);
  }
  return out;
}

Result<Index> DecodeIndex(std::string_view head, bool with_positions) {
  Decoder in(head);
  Index index;
  uint64_t version = in.Varint();
  uint64_t flags = in.Varint();
  if (version != kVersion || (flags & ~uint64_t{kFlagSeq}) != 0) {
    return DataError("footer of format version " + std::to_string(version) + ", this glp reads " +
                     std::to_string(kVersion));
  }
  index.flags = static_cast<uint32_t>(flags);
  uint64_t streams = in.Varint();
  index.streams.reserve(std::min<uint64_t>(streams, in.left() / kMinStream));
  for (uint64_t left = streams; left > 0 && in.ok(); --left) {
    index.streams.emplace_back(in.Sized());
  }
  uint64_t end = kHeaderSize;
  uint64_t filter_end = 0;
  uint64_t blocks = in.Varint();
  index.blocks.reserve(std::min<uint64_t>(blocks, in.left() / kMinBlock));
  for (uint64_t left = blocks; left > 0 && in.ok(); --left) {
    BlockInfo block;
    block.offset = end + in.Varint();
    block.size = in.Varint();
    block.front_size = in.Varint();
    uint64_t stream = in.Varint();
    block.stream = static_cast<uint32_t>(stream);
    block.entries = in.Varint();
    block.min_ts_ns = in.Signed();
    block.max_ts_ns = static_cast<int64_t>(static_cast<uint64_t>(block.min_ts_ns) + in.Varint());
    block.line_bytes = in.Varint();
    block.first_seq = in.Varint();
    uint64_t block_flags = in.Varint();
    SetFlags(block_flags, &block);
    block.filter_size = in.Varint();
    if (block.filter_size > 0) {
      block.filter_offset = filter_end + static_cast<uint64_t>(in.Signed());
      filter_end = block.filter_offset + block.filter_size;
    }
    bool counts_fit = ReadMinutes(&in, &block);
    end = block.offset + block.size;
    bool fits = stream < index.streams.size() && block.entries > 0 && block.offset <= end &&
                block.front_size >= kFrameSize && block.front_size <= block.size &&
                block.min_ts_ns <= block.max_ts_ns && block_flags <= kBlockFlags && counts_fit &&
                block.filter_offset <= block.filter_offset + block.filter_size;
    if (in.ok() && !fits) return DataError("footer: its list of blocks cannot be");
    index.blocks.push_back(std::move(block));
  }
  index.entries = in.Varint();
  index.line_bytes = in.Varint();
  index.templates_offset = in.Varint();
  index.templates_size = in.Varint();
  if (!with_positions) {
    if (!in.ok()) return DataError("footer: cut short");
    return index;
  }
  for (uint64_t left = in.Varint(); left > 0 && in.ok(); --left) {
    Position position;
    position.stream = static_cast<uint32_t>(in.Varint());
    bool sound = ReadPosition(&in, &position);
    if (in.ok() && (!sound || position.stream >= index.streams.size())) {
      return DataError("footer: a position that cannot be");
    }
    index.positions.push_back(std::move(position));
  }
  if (!in.done()) return DataError("footer: cut short or too long");
  return index;
}

}  // namespace glp::pack
