// JSON as Loki's parsers read it: leniently, by one look at the bytes. What is not asked for is not
// checked: only quotes, brackets and the places of ':' and ',' count; a number is what stands up to
// the next blank, comma or bracket.
// Threads: pure functions. Source: what Loki 3.7 makes of tests/golden-go/json.ndjson.
#pragma once

#include <string>
#include <string_view>

#include "logql/labels_builder.h"

namespace glp::logql::json_text {

inline const char* SkipBlanks(const char* p, const char* end) {
  while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) ++p;
  return p;
}

struct String {
  const char* end;   // the closing quote; nullptr where there is none
  bool has_escapes;  // a backslash was seen
  bool has_wide;     // a byte above ASCII was seen
  std::string_view Raw(const char* begin) const {
    return {begin, static_cast<size_t>(end - begin)};
  }
};
// Finds the closing quote of a string whose first byte behind the opening quote is `p`.
String FindStringEnd(const char* p, const char* end);

// Behind the bracket that closes the one at `p`; nullptr where there is none.
const char* SkipBlock(const char* p, const char* end);

enum class Kind { kString, kNumber, kBoolean, kNull, kObject, kArray, kBad };
struct Value {
  Kind kind = Kind::kBad;
  std::string_view raw;       // of a string the inside
  const char* end = nullptr;  // behind it
  bool has_escapes = false, has_wide = false;
  std::string_view error;  // kBad
};
// The value at `p`. REQUIRES: p < end, no blank there.
Value ReadValue(const char* p, const char* end);

// The text of a string as a label's value: escapes decoded ("" where one is not valid), what is not
// UTF-8 and U+FFFD become blanks.
std::string_view Text(const Value& value, std::string* scratch, LabelsBuilder* labels);
// The same for bytes without escapes.
std::string_view Cleaned(std::string_view text, LabelsBuilder* labels);

}  // namespace glp::logql::json_text
