// Regular expressions of queries: RE2 with Loki's dialect and Loki's words for what is wrong.
// Threads: pure functions; the compiled regex const from any.
// Errors:  Code::kUsage, "error parsing regexp: missing closing ): `(`".
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string_view>

#include "base/result.h"

namespace glp::logql {

// `dot_matches_newline`: as label matchers have it; line filters do not.
Result<std::shared_ptr<const re2::RE2>> CompileRegex(std::string_view pattern,
                                                     bool dot_matches_newline);

}  // namespace glp::logql
