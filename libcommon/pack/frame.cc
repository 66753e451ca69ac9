#include "pack/frame.h"

#include "base/hash.h"
#include "pack/varint.h"

namespace glp::pack {
namespace {

constexpr std::string_view kMagic("\x89GLP\r\n\x1a\n", 8);
constexpr std::string_view kEndMagic("GLPend\r\n", 8);

bool IsMarker(uint32_t value) {
  return value == static_cast<uint32_t>(Marker::kStreams) ||
         value == static_cast<uint32_t>(Marker::kTemplates) ||
         value == static_cast<uint32_t>(Marker::kBlock) ||
         value == static_cast<uint32_t>(Marker::kFilters) ||
         value == static_cast<uint32_t>(Marker::kFooter) ||
         value == static_cast<uint32_t>(Marker::kLog);
}

}  // namespace

void AppendHeader(std::string* out, uint32_t flags) {
  out->append(kMagic);
  AppendFixed(out, kVersion);
  AppendFixed(out, flags);
}

Result<uint32_t> ParseHeader(std::string_view bytes) {
  if (bytes.size() < kHeaderSize || !bytes.starts_with(kMagic)) {
    return DataError("not a .glp file (its first bytes are others)");
  }
  auto version = LoadFixed<uint32_t>(bytes.data() + 8);
  auto flags = LoadFixed<uint32_t>(bytes.data() + 12);
  if (version != kVersion || (flags & ~kFlagSeq) != 0) {
    return DataError("format version " + std::to_string(version) + ", flags " +
                     std::to_string(flags) + ": damaged, or made by a newer glp (this one reads " +
                     "version " + std::to_string(kVersion) + ")");
  }
  return flags;
}

void AppendFrame(std::string* out, Marker marker, std::string_view head, uint64_t tail_size) {
  size_t start = out->size();
  AppendFixed(out, static_cast<uint32_t>(marker));
  AppendFixed(out, static_cast<uint32_t>(head.size()));
  AppendFixed(out, tail_size);
  AppendFixed(out, Hash64(head));
  AppendFixed(out, Hash64(std::string_view(*out).substr(start)));
}

std::optional<Frame> ParseFrame(std::string_view bytes) {
  if (bytes.size() < kFrameSize) return std::nullopt;
  const char* p = bytes.data();
  if (!IsMarker(LoadFixed<uint32_t>(p))) return std::nullopt;
  if (LoadFixed<uint64_t>(p + 24) != Hash64(bytes.substr(0, 24))) return std::nullopt;
  Frame frame{static_cast<Marker>(LoadFixed<uint32_t>(p))};
  frame.head_size = LoadFixed<uint32_t>(p + 4);
  frame.tail_size = LoadFixed<uint64_t>(p + 8);
  frame.head_hash = LoadFixed<uint64_t>(p + 16);
  // No file is that large; keeps record_size() from wrapping around.
  if (frame.tail_size > (uint64_t{1} << 62)) return std::nullopt;
  return frame;
}

size_t FindFrame(std::string_view bytes, size_t from) {
  for (size_t at = from; (at = bytes.find("GLP", at)) != std::string_view::npos; ++at) {
    if (ParseFrame(bytes.substr(at))) return at;
  }
  return std::string_view::npos;
}

void AppendTrailer(std::string* out, const Trailer& trailer) {
  size_t start = out->size();
  AppendFixed(out, trailer.footer_offset);
  AppendFixed(out, trailer.footer_size);
  AppendFixed(out, Hash64(std::string_view(*out).substr(start)));
  out->append(kEndMagic);
}

std::optional<Trailer> ParseTrailer(std::string_view bytes) {
  if (bytes.size() != kTrailerSize || !bytes.ends_with(kEndMagic)) return std::nullopt;
  const char* p = bytes.data();
  if (LoadFixed<uint64_t>(p + 16) != Hash64(bytes.substr(0, 16))) return std::nullopt;
  return Trailer{LoadFixed<uint64_t>(p), LoadFixed<uint64_t>(p + 8)};
}

}  // namespace glp::pack
