// Bytes that are not UTF-8, made fit for JSON. Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace glp::wire {

// Every byte that is part of no valid UTF-8 sequence as `replacement`, the rest as it stands: what
// Go's encoders, and so Loki, do with U+FFFD.
std::string ReplaceInvalidUtf8(std::string_view bytes,
                               std::string_view replacement = "\xEF\xBF\xBD");

// Appends `text` as a JSON string, replaced where needed. False where something was replaced.
bool AppendJsonLossy(std::string* out, std::string_view text);

}  // namespace glp::wire
