// Numbers of JSON as Go's programs read and write them.
// Threads: pure functions, safe from any.
#pragma once

#include <string>
#include <string_view>

namespace glp::codec {

// A JSON number of any size: what is too large is infinite, what is too small 0.
// REQUIRES: IsJsonNumber(text).
double JsonNumberValue(std::string_view text);

// The shortest digits that give the same double, never with an exponent: 1.5, NaN, +Inf; 1e21 is
// 1000000000000000000000.
void AppendGoFloat(std::string* out, double value);
// The same as encoding/json writes it: with an exponent below 1e-6 and from 1e21 on.
// REQUIRES: a finite value.
void AppendGoJsonFloat(std::string* out, double value);

// Whether AppendGoFloat would give the very same text back, as it does for most numbers in logs.
// May say no where it would. REQUIRES: IsJsonNumber(text).
bool IsGoFloatText(std::string_view text);

}  // namespace glp::codec
