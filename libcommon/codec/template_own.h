// The functions that promtail and Loki share by name: Go's package strings, with the text first.
#pragma once

#include "codec/template_functions.h"

namespace glp::codec::tmpl {

Value OwnReplace(const Call& call);
Value OwnToLower(const Call& call);
Value OwnToUpper(const Call& call);
Value OwnTrim(const Call& call);
Value OwnTrimLeft(const Call& call);
Value OwnTrimPrefix(const Call& call);
Value OwnTrimRight(const Call& call);
Value OwnTrimSpace(const Call& call);
Value OwnTrimSuffix(const Call& call);

}  // namespace glp::codec::tmpl
