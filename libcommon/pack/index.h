// The footer of a .glp file: what is in it and where. Format: FORMAT.md.
// Threads: plain data, pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pack/block.h"

namespace glp::pack {

// What is known of a source ID within a stream. Files of a store build on one another: each says
// what it adds to those before it, as does each position of the same stream and ID.
struct Position {
  enum class Kind : uint8_t {
    kSettled = 0,  // all up to `next` is held (a packed file: the highest NEXT)
    kAdded = 1,    // the points are held
    kRestart = 2,  // only up to `next` is all held, and the points; what was said before is void
    kRanges = 3,   // the points are pairs: all behind the first is held, up to and with the second
  };
  uint32_t stream = 0;
  std::string id;
  Kind kind = Kind::kSettled;
  uint64_t next = 0;
  // NEXTs in the order of arrival, each as zigzag of the difference to the one before, the first
  // to `next`.
  std::string points;
};
// All but the number of the stream.
void AppendPosition(std::string* out, const Position& position);
// False where it is none; `in` may have failed, too.
bool ReadPosition(Decoder* in, Position* position);
// Calls `sink` with each point. False where the bytes are no points.
template <typename Sink>
bool ForEachPoint(const Position& position, Sink sink) {
  Decoder in(position.points);
  uint64_t point = position.next;
  while (in.ok() && in.left() > 0) {
    point += static_cast<uint64_t>(in.Signed());
    if (in.ok()) sink(point);
  }
  return in.done();
}

// The same for the ranges of a position, which its kind says are there: `sink(from, to)`.
template <typename Sink>
bool ForEachRange(const Position& position, Sink sink) {
  if (position.kind == Position::Kind::kSettled && position.next > 0) sink(0, position.next);
  if (position.kind != Position::Kind::kRanges) return true;
  bool is_end = false;
  bool sound = true;
  uint64_t from = 0;
  sound &= ForEachPoint(position, [&](uint64_t point) {
    if (is_end && from < point) sink(from, point);
    sound &= !is_end || from < point;
    from = point;
    is_end = !is_end;
  });
  return sound && !is_end;
}

struct Index {
  uint32_t flags = 0;
  std::vector<std::string> streams;  // label sets as JSON, by number
  std::vector<BlockInfo> blocks;     // in the order of the file
  uint64_t entries = 0;
  uint64_t line_bytes = 0;
  // Of a file that is read: only where the footer was lost its place (PackFile::ReadPositions).
  std::vector<Position> positions;
  // The record that repeats all templates; size 0 where there are none, or with the footer lost.
  uint64_t templates_offset = 0;
  uint64_t templates_size = 0;
  bool has_footer = true;  // not put together from blocks that were found

  void AddBlock(const BlockInfo& block) {
    blocks.push_back(block);
    entries += block.entries;
    line_bytes += block.line_bytes;
  }
};

// The head of the footer record.
std::string EncodeIndex(const Index& index);
// Errors: Code::kData where it is not one, or says what cannot be. Positions are not looked at
// unless they are asked for.
Result<Index> DecodeIndex(std::string_view head, bool with_positions);

}  // namespace glp::pack
