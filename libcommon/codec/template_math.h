// How sprig's functions take any value as a number: texts are parsed, what is none is 0.
#pragma once

#include <cstdint>

#include "codec/template_value.h"

namespace glp::codec::tmpl {

int64_t ToInt64(const Value& value, TemplateDialect dialect);
double ToFloat64(const Value& value);

}  // namespace glp::codec::tmpl
