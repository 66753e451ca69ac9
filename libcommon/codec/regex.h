// A regular expression whose named groups become fields: RE2, first match, not anchored, as
// promtail's regex stage and LogQL's `regexp` take it.
// Go's `(?<name>…)` is understood besides `(?P<name>…)`. A name may stand on several groups
// (`(?P<level>ERR)|(?P<level>WRN)`): the first of them that took part counts.
//
// Threads: const from any. Errors: Code::kUsage with the expression and RE2's reason.
// Cost: linear in the text, whatever the expression.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace glp::codec {

class GroupRegex {
 public:
  static Result<GroupRegex> Compile(std::string_view expression);
  GroupRegex(GroupRegex&&) noexcept;
  GroupRegex& operator=(GroupRegex&&) noexcept;
  ~GroupRegex();

  // Names of the groups, each once, in the order of the expression.
  const std::vector<std::string>& names() const { return names_; }
  // The first match: `values[i]` is the text of names()[i], "" for a group that took no part.
  // False where there is no match. Views into `text`.
  // In text that is not UTF-8 every byte is a character, if the expression is ASCII; other
  // expressions do not match a bad byte.
  bool Match(std::string_view text, std::vector<std::string_view>* values) const;

 private:
  GroupRegex() = default;
  std::unique_ptr<const re2::RE2> regex_;
  std::unique_ptr<const re2::RE2> bytes_;  // the same over Latin-1, for text that is not UTF-8
  std::vector<std::string> names_;
  // groups_[g - 1]: which name group g gives its text to, -1 for none.
  std::vector<int> groups_;
};

}  // namespace glp::codec
