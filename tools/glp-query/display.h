// Text as it stands on a screen: how many columns it takes, made safe, filled up, cut off.
// Widths are those of code points: 0 for marks that combine with the one before, 2 for East Asian
// wide characters and emoji, 1 for all others; bytes that are not UTF-8 count as one each.
// Threads: pure functions.
// Source: the East_Asian_Width W and F ranges of Unicode 15, joined where what lies between is not
// assigned; wcwidth(3) is not used, as its answers depend on the locale.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace glp::query {

// Printable ASCII alone: as wide as it is long, nothing to escape.
bool IsPlainAscii(std::string_view text);

size_t DisplayWidth(std::string_view text);

// A piece of a line of its own, such as a cell: all control characters are written as \n, \t, \r or
// \xNN, and so are bytes that are not UTF-8.
std::string EscapeCell(std::string_view text);

// The longest part of `text` that is no wider than `width`, with an ellipsis where that is not all
// of it. REQUIRES: width > 0.
std::string CutToWidth(std::string_view text, size_t width, bool utf8);

// The blanks that fill a text up to `width` columns, for in front of it or behind it.
void AppendPadding(std::string* out, size_t text_width, size_t width);

}  // namespace glp::query
