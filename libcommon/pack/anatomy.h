// Where the bytes of .glp files are: what each part of the format takes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "pack/file.h"

namespace glp::pack {

// In the order in which people read them: what lines take, then the rest of entries, then what is
// there to find them. Parts of the text column are told one by one.
enum class Part : uint8_t {
  kLines,       // as they are, compressed
  kLengths,     // of these
  kTemplates,   // what lines have in common: texts with holes
  kKinds,       // which templates and columns a block's lines have
  kKindOfLine,  // and which of these each line
  kDigits,      // values of the holes, by what they are
  kHex,
  kNumbers,
  kTexts,
  kConstants,
  kReferences,  // which values came before
  kTimes,
  kSeq,
  kMeta,
  kSrc,
  kExtra,
  kHeads,    // of the file and of blocks, with their hashes
  kStreams,  // label sets
  kFilters,
  kIndex,      // the footer: where blocks are, what they hold by minute, label sets again
  kPositions,  // what is held of each source, in the footer
  kDamaged,    // what cannot be told
};
inline constexpr size_t kParts = static_cast<size_t>(Part::kDamaged) + 1;
std::string_view NameOf(Part part);

struct Anatomy {
  struct Share {
    uint64_t stored_bytes = 0;
    uint64_t count = 0;  // of columns, records or values, whatever the part has
  };
  std::array<Share, kParts> parts;
  const Share& operator[](Part part) const { return parts[static_cast<size_t>(part)]; }
  void Add(Part part, uint64_t stored_bytes, uint64_t count = 1) {
    parts[static_cast<size_t>(part)].stored_bytes += stored_bytes;
    parts[static_cast<size_t>(part)].count += count;
  }
};

// Adds the bytes of the file, all of them. Cost: heads and text columns are read; nothing is
// decoded. Errors: I/O.
Status AddAnatomy(const PackFile& file, Anatomy* anatomy);

}  // namespace glp::pack
