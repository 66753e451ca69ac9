// Values as text, the way Loki prints them. Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace glp::logql {

// The shortest decimal text that reads back as the same double, never with an exponent: "3",
// "0.1", "100000000000000000000000", "NaN", "+Inf", "-Inf".
std::string FormatSampleValue(double value);

// A number of a query as Go prints it: "0.5", "1e+06", "NaN", "+Inf".
std::string FormatLiteral(double value);

// A LogQL string literal of `text`: "…" with Go's escapes, \xNN for bytes that are not UTF-8.
std::string Quote(std::string_view text);

// A byte size in powers of 1000, two digits: "512B", "2.5MB", "18EB".
std::string FormatBytes(uint64_t bytes);

// A Prometheus duration: "5m", "1h30m", "1w". Whole milliseconds; "0s" for none.
std::string FormatPrometheusDuration(int64_t duration_ns);

}  // namespace glp::logql
