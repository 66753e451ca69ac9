// ANSI escape sequences taken out of a line, as Loki's and promtail's `decolorize` do: ESC or the
// one-character CSI (U+009B), then
//   any of [ ] ( ) # ; ?, then letters, digits and ';' up to a BEL, or
//   the same, then numbers of up to four digits between ';' and one of 0-9 A-P R Z c f-n t q r y
//   = > < ~
// What is not such a sequence stays, also the ESC. Other ends (ESC \) are not known to them.
// Lifetime: the view is the line itself where it has none, else into `scratch`.
// Threads:  pure. Cost: two memchr for a line without any, one look at each byte of the others.
// Source:   recorded answers in tests/golden-go/decolorize.ndjson.
#pragma once

#include <string>
#include <string_view>

namespace glp::codec {

std::string_view Decolorize(std::string_view line, std::string* scratch);

}  // namespace glp::codec
