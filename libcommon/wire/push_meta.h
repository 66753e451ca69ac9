// Structured metadata of a pushed entry as the store keeps it. Part of the decoders of a push.
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "record/labels.h"

namespace glp::wire {

// As Loki makes names fit for LogQL: one `_` for each character (a whole UTF-8 sequence) that is
// no letter, digit or `_`, and one in front of a leading digit.
std::string NormalizeMetaName(std::string_view name);

// Blanks in place of bytes that are not UTF-8, as Loki does.
std::string BlankInvalidUtf8(std::string_view text);

}  // namespace glp::wire
