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

// The highest NEXT of a source ID within a stream.
struct Position {
  uint32_t stream = 0;
  std::string id;
  uint64_t next = 0;
};

struct Index {
  uint32_t flags = 0;
  std::vector<std::string> streams;  // label sets as JSON, by number
  std::vector<BlockInfo> blocks;     // in the order of the file
  uint64_t entries = 0;
  uint64_t line_bytes = 0;
  std::vector<Position> positions;

  void AddBlock(const BlockInfo& block) {
    blocks.push_back(block);
    entries += block.entries;
    line_bytes += block.line_bytes;
  }
};

// The head of the footer record.
std::string EncodeIndex(const Index& index);
// Errors: Code::kData where it is not one, or says what cannot be.
Result<Index> DecodeIndex(std::string_view head);

}  // namespace glp::pack
