// Regular expressions of queries: RE2 with Loki's dialect and Loki's words for what is wrong.
// Threads: pure functions; the compiled regex const from any.
// Errors:  Code::kUsage, "error parsing regexp: missing closing ): `(`".
// Limits:  8 MB for a compiled expression (RE2's own); those of one query together: RegexBudget.
#pragma once

#include <re2/re2.h>

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace glp::logql {

// `dot_matches_newline`: as label matchers have it; line filters do not.
Result<std::shared_ptr<const re2::RE2>> CompileRegex(std::string_view pattern,
                                                     bool dot_matches_newline);

// While one lives, the expressions compiled on this thread may have so many instructions together,
// at about 100 bytes and 2 microseconds each; what goes beyond is refused. One within another
// counts for both.
class RegexBudget {
 public:
  static constexpr size_t kOfAQuery = size_t{1} << 19;
  explicit RegexBudget(size_t instructions = kOfAQuery);
  ~RegexBudget();
  RegexBudget(const RegexBudget&) = delete;
  RegexBudget& operator=(const RegexBudget&) = delete;
  // For what was compiled elsewhere. Errors: Code::kUsage where there is not so much left.
  static Status Take(size_t instructions);

 private:
  size_t left_;
  RegexBudget* const outer_;
};

}  // namespace glp::logql
