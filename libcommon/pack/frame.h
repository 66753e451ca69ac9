// The fixed pieces of a .glp file: header, record frames, trailer. Format: FORMAT.md.
// Write-ahead logs use the same frames, so that both are recovered the same way.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace glp::pack {

inline constexpr size_t kHeaderSize = 16;
inline constexpr size_t kFrameSize = 32;
inline constexpr size_t kTrailerSize = 32;
inline constexpr uint32_t kVersion = 2;
inline constexpr uint32_t kFlagSeq = 1;

enum class Marker : uint32_t {  // four letters, the first in the lowest byte
  kStreams = 0x53504c47,        // GLPS
  kTemplates = 0x54504c47,      // GLPT
  kBlock = 0x42504c47,          // GLPB
  kFilters = 0x58504c47,        // GLPX
  kFooter = 0x46504c47,         // GLPF
  kLog = 0x57504c47,            // GLPW
};

void AppendHeader(std::string* out, uint32_t flags);
// The flags. Errors: Code::kData where it is no header or not one that this version reads.
Result<uint32_t> ParseHeader(std::string_view bytes);

struct Frame {
  Marker marker;
  uint32_t head_size = 0;
  uint64_t tail_size = 0;
  uint64_t head_hash = 0;
  uint64_t record_size() const { return kFrameSize + head_size + tail_size; }
};
// The frame of a record whose head is `head`. REQUIRES: head.size() < 4 GiB
void AppendFrame(std::string* out, Marker marker, std::string_view head, uint64_t tail_size);
// Nothing where the first kFrameSize bytes are not a frame with a right hash.
std::optional<Frame> ParseFrame(std::string_view bytes);
// Offset of the first frame in `bytes` at or behind `from`; npos where there is none.
size_t FindFrame(std::string_view bytes, size_t from);

struct Trailer {
  uint64_t footer_offset = 0;
  uint64_t footer_size = 0;
};
void AppendTrailer(std::string* out, const Trailer& trailer);
// Nothing where it is no trailer or its hash is wrong.
std::optional<Trailer> ParseTrailer(std::string_view bytes);

}  // namespace glp::pack
