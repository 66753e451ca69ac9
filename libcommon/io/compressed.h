// Compressed input told by its first bytes: gzip, bzip2, xz and Zstandard (several members one
// behind the other are read as one). Anything else is passed through.
// Errors: Code::kData where the compressed bytes are damaged or cut off; what was read before the
//         damage has been given out. Code::kLimit for xz data whose dictionary takes more than
//         kMaxXzBytes.
// Cost:   memory, besides 128 KiB of input: gzip 64 KiB, bzip2 4 MiB, xz and Zstandard the window
//         that the writer chose (xz -6 9 MiB, xz -9 65 MiB, zstd -3 2 MiB, zstd --long=31 2 GiB).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "io/input.h"

namespace glp::io {

inline constexpr uint64_t kMaxXzBytes = 512 << 20;

enum class Compression { kNone, kGzip, kBzip2, kXz, kZstd };
// So many bytes of a file tell for sure.
inline constexpr size_t kMagicBytes = 10;
// From the first bytes of a file; four of them tell but for what hardly ever is a text ("BZh9").
Compression DetectCompression(std::string_view head);
// Whether bytes that begin so may turn out to be compressed when there are more of them.
bool MayBecomeCompressed(std::string_view head);
// Reads the first bytes of `source`, no more than it needs, and decodes the rest accordingly.
Result<std::unique_ptr<ByteSource>> MakeDecodingSource(std::unique_ptr<ByteSource> source,
                                                       std::string name);

}  // namespace glp::io
