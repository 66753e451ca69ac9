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

  // Lines that may have a match though they have no literal of a clause: those with a character
  // above ASCII whose lower case is a letter of it (the Kelvin sign is a k, the long s an s), or
  // with any byte above ASCII.
  enum class Unless { kNever, kKelvin, kWide };
  // A line that matches has one of these, unless.
  struct Clause {
    std::vector<LiteralFinder> literals;
    Unless unless = Unless::kNever;
  };
  // The best of them to look for in many lines at once. No literals: nothing is known.
  const Clause& clue() const { return clauses_.empty() ? kNoClue : clauses_.front(); }
  // All of them: a line that matches has one literal of each, unless.
  const std::vector<Clause>& clauses() const { return clauses_; }
  // A line that has a literal of the clue matches.
  bool clue_decides() const { return clue_decides_; }

  // Whether a line without a literal of a clause may match nevertheless.
  static bool MayHold(Unless unless, std::string_view line);

 private:
  bool MayMatch(std::string_view line) const;
  void BuildPrefilter(std::string_view pattern);

  static const Clause kNoClue;

  bool is_literal_ = true, clue_decides_ = true;
  std::vector<LiteralFinder> literals_;
  std::shared_ptr<const re2::RE2> regex_;
  std::vector<Clause> clauses_;  // all must hold before RE2 is asked
};

// The characters above ASCII whose lower case is within it.
inline constexpr std::string_view kLongS = "\xC5\xBF", kKelvin = "\xE2\x84\xAA";

}  // namespace glp::logql
