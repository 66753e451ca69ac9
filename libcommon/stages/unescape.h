// Backslash escapes as Apache, nginx and Go write them: \" \\ \/ \a \b \f \n \r \t \v, \xHH (a
// byte), \uHHHH and \UHHHHHHHH (a character as UTF-8; no surrogates). What is none of these stays
// as it is, with its backslash.
// Lifetime: the view is `raw` where it has no backslash, else into the arena.
// Threads:  pure. Cost: one memchr, or one look at each byte.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/arena.h"

namespace glp::stages {

std::string_view Unescape(std::string_view raw, Arena& arena);
// The same where only these bytes are escaped, each by itself.
std::string_view UnescapeOnly(std::string_view raw, std::string_view bytes, Arena& arena);

// Offset of the first `quote` at `from` or behind it that no backslash stands in front of; npos
// where there is none. `quote` is no backslash.
size_t FindQuote(std::string_view text, size_t from, char quote);

}  // namespace glp::stages
