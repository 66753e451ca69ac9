// Compressed input told by its first bytes: gzip and Zstandard (several members one behind the
// other are read as one). Anything else is passed through.
// Errors: Code::kData where the compressed bytes are damaged or cut off; what was read before the
// damage has been given out.
#pragma once

#include <memory>
#include <string>

#include "io/input.h"

namespace glp::io {

enum class Compression { kNone, kGzip, kZstd };
// From the first bytes of a file.
Compression DetectCompression(std::string_view head);
// Reads the first bytes of `source` and decodes the rest accordingly.
Result<std::unique_ptr<ByteSource>> MakeDecodingSource(std::unique_ptr<ByteSource> source,
                                                       std::string name);

}  // namespace glp::io
