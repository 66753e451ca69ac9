// JSON text as bytes: writing strings, and finding, checking and decoding the raw text of a string
// without building a document. Reading JSON of unknown shape is simdjson's work, not this file's.
// Threads: pure functions. Cost: scans look at 16 bytes at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace glp {

// Appends `text` as the inside of a JSON string (no quotes): `"`, `\` and control characters are
// escaped, everything else stands as it is. REQUIRES: `text` is valid UTF-8.
void AppendJsonEscaped(std::string* out, std::string_view text);
// The same with quotes around.
void AppendJsonString(std::string* out, std::string_view text);

struct JsonStringScan {
  const char* end;   // the closing quote; nullptr where there is none or the text is not JSON
  bool has_escapes;  // a backslash was seen
  bool has_unicode;  // a \u escape was seen; it was not checked: decode to know
};
// Finds the closing quote of a string whose first byte behind the opening quote is `p`.
// Refuses unescaped control characters and unknown escapes.
// REQUIRES: 16 readable bytes from `limit`.
JsonStringScan ScanJsonString(const char* p, const char* limit);

// Decodes the raw inside of a JSON string. False where an escape is not valid (lone surrogates
// included); `out` is appended to.
bool AppendJsonUnescaped(std::string* out, std::string_view raw);

// Whether `text` is a JSON number, of any size: simdjson refuses what fits no double, but numbers
// that only pass through keep their text.
bool IsJsonNumber(std::string_view text);

}  // namespace glp
