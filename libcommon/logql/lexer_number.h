// The numbers of a query: Go's literals, durations and byte sizes. Threads: pure functions.
// Source: Loki 3.7 pkg/logql/syntax/lex.go, Go's text/scanner, go-humanize.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace glp::logql {

// Length of the Go number at the front of `text`, which begins with a digit or with a dot and a
// digit: 12, 1_000, .5, 1e3, 0x1F, 0b11, 0o17. Errors: Code::kUsage, "exponent has no digits".
Result<size_t> GoNumberLength(std::string_view text);

// Its value as strconv.ParseFloat has it. Errors: Code::kUsage, "strconv.ParseFloat: parsing
// \"0x10\": invalid syntax" (hexadecimal without exponent, octal and binary are for integers
// only) and "… value out of range".
Result<double> ParseNumberLiteral(std::string_view text);

// The length of what stands behind the digits of a duration ("h30m") or of a byte size ("KiB").
size_t DurationTailLength(std::string_view text);
size_t BytesTailLength(std::string_view text);

// "5KB", "1.5MiB", "2G": B, kB KB MB GB TB PB EB are powers of 1000, as are K M G T P E alone; KiB
// and so on are powers of 1024.
std::optional<uint64_t> ParseQueryBytes(std::string_view text);

// "1h30m", "1d", "1.5s", "-5m".
std::optional<int64_t> ParseQueryDuration(std::string_view text);

// The duration of a range: whole numbers with units from large to small, as Prometheus reads it.
Result<int64_t> ParsePrometheusDuration(std::string_view text);

}  // namespace glp::logql
