// Durations and sizes as the Go libraries of Loki and promtail read and write them, strictly: what
// they refuse is refused. (What people type into glp's own options: base/units.h.)
// Threads: pure functions. Errors: Code::kData, in the library's words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace glp::codec {

// time.ParseDuration: "1h2m3.5s", "-1.5ms", "0"; units ns us µs ms s m h.
Result<int64_t> ParseGoDuration(std::string_view text);
// Prometheus' durations: "1d12h", "30s"; units y w d h m s ms, each once in this order, whole.
Result<int64_t> ParsePrometheusDuration(std::string_view text);
// The same written: "1d12h", "1s500ms"; less than a millisecond is cut.
std::string FormatPrometheusDuration(int64_t duration_ns);

// Humanize's sizes: "42", "1.5 MB", "1,024", "1KiB", "1k"; powers of 1000, of 1024 with an i.
Result<uint64_t> ParseHumanizedBytes(std::string_view text);
// "999 B", "1.5 kB", "18 EB".
std::string FormatHumanizedBytes(uint64_t bytes);

}  // namespace glp::codec
