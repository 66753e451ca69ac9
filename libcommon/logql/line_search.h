// What |= and |~ look for in a line, in its fastest form:
// - a literal, or a regular expression that is no more than literals (error|panic, .*error.*,
//   (?i)timeout): a search for bytes;
// - another regular expression: literals that every match must hold (found by RE2's prefilter
//   analysis) are searched first, RE2 runs only on lines that have them.
// Bytes that are not UTF-8 count as U+FFFD each for a regular expression, as in Loki; a literal is
// compared as bytes.
// Threads: const from any. Errors: Code::kUsage, as CompileRegex.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "logql/literal_finder.h"
#include "logql/regex.h"

namespace glp::logql {

class LineSearch {
 public:
  static std::shared_ptr<const LineSearch> ForLiteral(std::string_view literal);
  static Result<std::shared_ptr<const LineSearch>> ForRegex(std::string_view pattern);

  // Whether it is anywhere in the line.
  bool Matches(std::string_view line) const;

  // Nothing but a search for any of literals().
  bool is_literal() const { return is_literal_; }
  const std::vector<LiteralFinder>& literals() const { return literals_; }
  const std::shared_ptr<const re2::RE2>& regex() const { return regex_; }  // ForRegex

 private:
  // A literal that a match may need.
  struct Atom {
    LiteralFinder finder;
    // Its absence proves nothing in a line with bytes above ASCII, where a character's lower case
    // may be a letter of it (the Kelvin sign is a k).
    bool needs_ascii = false;
  };
  // A match has at least one of these.
  using Clause = std::vector<Atom>;

  bool MayMatch(std::string_view line) const;
  void BuildPrefilter(std::string_view pattern);

  bool is_literal_ = true;
  std::vector<LiteralFinder> literals_;
  std::shared_ptr<const re2::RE2> regex_;
  std::vector<Clause> clauses_;  // all must hold before RE2 is asked
};

}  // namespace glp::logql
