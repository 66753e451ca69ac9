// Values of labels as numbers, the way Loki's label filters and unwrap read them.
// Threads: pure functions. Errors: nothing where the text is no such number.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace glp::logql {

// Go's ParseFloat: 1, +1.5e3, .5, 5., 1_000, 0x1p-2, inf, NaN. Nothing where it does not fit.
std::optional<double> ParseFloatValue(std::string_view text);
// Go's ParseDuration: 1h2m, 1.5s, -3ms, 2us, 0. Days, weeks and years are none. Nanoseconds.
std::optional<int64_t> ParseDurationValue(std::string_view text);
// 10, 1.5KB, 2 MiB, 1,024: bytes, down to a whole number.
std::optional<uint64_t> ParseBytesValue(std::string_view text);

}  // namespace glp::logql
