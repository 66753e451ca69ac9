// Durations and byte sizes as people write them. Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace glp {

// "1h30m", "500ms", "1.5s", "2d", "1w", "1y": Go's and Prometheus' forms together; units
// y(365d) w d h m s ms us µs ns, optional sign. A bare number is refused unless it is 0.
Result<int64_t> ParseDurationNs(std::string_view text);
// The shortest of Go's forms: "1h30m0s", "500ms", "0s".
std::string FormatDuration(int64_t duration_ns);

// "1048576", "64K", "1MB", "1MiB": K M G T with optional B are powers of 1000 as in MB,
// powers of 1024 as in MiB or with a bare letter (K, M, G, as in `head -c`).
Result<uint64_t> ParseSizeBytes(std::string_view text);
// "512 B", "1.2 MB": powers of 1000, for people.
std::string FormatSize(uint64_t size_bytes);

}  // namespace glp
