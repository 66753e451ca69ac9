// Work on texts that several functions of templates share, by Go's rules.
#pragma once

#include <string_view>

#include "codec/template_value.h"

namespace glp::codec::tmpl {

enum class TrimSide : uint8_t { kLeft = 1, kRight = 2, kBoth = 3 };
// Without characters of `set` at its ends.
std::string_view TrimRunes(std::string_view text, std::string_view set, TrimSide side);
// Without Unicode's white space at its ends.
std::string_view TrimGoSpace(std::string_view text);
// strings.Replace; a negative `count` is all. An empty `from` stands between all characters.
Value ReplaceText(RunState* run, std::string_view text, std::string_view from, std::string_view to,
                  int64_t count);
Value MapRunes(RunState* run, std::string_view text, uint32_t (*map)(uint32_t));
// Where `part` is in the text, npos if nowhere; linear whatever both are, which find() is not.
size_t FindText(std::string_view text, std::string_view part);
// Calls `add(part)` for each; a `limit` above 0 leaves the rest in the last. An empty separator
// splits into characters.
template <typename Add>
void SplitText(std::string_view text, std::string_view separator, int64_t limit, Add&& add) {
  int64_t parts = 1;
  while (limit < 0 || parts < limit) {
    size_t at;
    if (separator.empty()) {
      if (text.empty()) return;
      at = DecodeRune(text).size;
      if (at == text.size()) break;
    } else {
      at = FindText(text, separator);
      if (at == std::string_view::npos) break;
    }
    add(text.substr(0, at));
    text.remove_prefix(at + separator.size());
    ++parts;
  }
  add(text);
}

// Any value as text: %v, or the text itself.
std::string_view TextOf(RunState* run, const Value& value);

}  // namespace glp::codec::tmpl
