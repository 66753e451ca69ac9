// Numbers as Go's package strconv reads and writes them.
// Threads: pure functions. Cost: no allocation but the result's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace glp::codec {

// Base 0: "42", "-0x1F", "0b101", "0o17", "010" (eight), "1_000". Nothing where it is none or does
// not fit.
std::optional<int64_t> ParseGoInt(std::string_view text);
std::optional<uint64_t> ParseGoUint(std::string_view text);
// "1.5", ".5", "1e3", "0x1p-2", "inf", "NaN"; nothing where it is none or does not fit.
std::optional<double> ParseGoFloat(std::string_view text);

// `verb` e E f F g G x X, `precision` -1 for the shortest text that reads as the same number.
std::string FormatGoFloat(double value, char verb, int precision);

}  // namespace glp::codec
