// Regular expressions as Go's package regexp uses them: RE2, replaced with $1, ${name} and $$.
// Threads: const from any. Cost: linear in the text.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string_view>

#include "codec/template_functions.h"

namespace glp::codec::tmpl {

// Look at ok() and error() of what is returned.
std::shared_ptr<const RE2> CompileGoRegex(std::string_view expression);

// regexReplaceAll and regexReplaceAllLiteral: expression, text, replacement.
Value RegexReplaceAll(const Call& call);
Value RegexReplaceAllLiteral(const Call& call);
// How often an expression matches a text.
Value CountMatches(const Call& call);

}  // namespace glp::codec::tmpl
