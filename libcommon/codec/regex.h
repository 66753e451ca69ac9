// A regular expression whose named groups become fields: RE2, first match, not anchored, as
// promtail's regex stage and LogQL's `regexp` take it.
// Go's `(?<name>…)` is understood besides `(?P<name>…)`. A name may stand on several groups
// (`(?P<level>ERR)|(?P<level>WRN)`): the first of them that took part counts, or, as Go's programs
// have it, the text of the last, also where it took no part.
//
// Threads: const from any. Errors: Code::kUsage with the expression and RE2's reason.
// Cost: linear in the text, whatever the expression.
// Limits: 63 groups, 8 MiB for the compiled expression.
#pragma once

#include <functional>
#include <memory>
#include <span>
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
  // Which of the groups of one name gives the value.
  enum class SameName { kFirstThatTookPart, kLast };
  static Result<GroupRegex> Compile(std::string_view expression,
                                    SameName same_name = SameName::kFirstThatTookPart);
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

  // Instructions of the compiled expression.
  size_t program_size() const;

  // Whether it is anywhere in the text.
  bool Matches(std::string_view text) const;
  // Calls `each` with every match, as Go's FindAll has them, until it answers false. groups[0] is
  // the match, groups[i] the text of group i; data() is nullptr for a group that took no part.
  void ForEachMatch(std::string_view text,
                    const std::function<bool(std::span<const std::string_view>)>& each) const;
  // group_names()[i - 1]: the name of group i, "" for one without.
  const std::vector<std::string>& group_names() const { return group_names_; }

 private:
  GroupRegex() = default;
  std::unique_ptr<const re2::RE2> regex_;
  std::unique_ptr<const re2::RE2> bytes_;  // the same over Latin-1, for text that is not UTF-8
  const re2::RE2& RegexFor(std::string_view text) const;

  SameName same_name_ = SameName::kFirstThatTookPart;
  std::vector<std::string> names_;
  std::vector<std::string> group_names_;
  // groups_[g - 1]: which name group g gives its text to, -1 for none.
  std::vector<int> groups_;
};

}  // namespace glp::codec
