// Percent-encoding as Go's package net/url does it.
#pragma once

#include <string>
#include <string_view>

#include "codec/template_value.h"

namespace glp::codec::tmpl {

// url.QueryEscape: a blank becomes a +.
void AppendQueryEscaped(std::string_view text, TextBuilder* out);
// url.QueryUnescape. False, with the wrong escape in `bad`, where it is not valid.
bool AppendUnescaped(std::string_view text, bool plus_is_blank, TextBuilder* out,
                     std::string_view* bad);

}  // namespace glp::codec::tmpl
