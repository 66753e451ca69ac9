// What the operators between metrics make of two numbers.
// Threads: pure functions.
#pragma once

#include "logql/expr.h"

namespace glp::logql {

// Comparisons give 1 or 0; dividing by zero gives NaN, as does what is left of it. REQUIRES: no set
// operation.
double Calculate(BinaryOperation::Op op, double left, double right);

}  // namespace glp::logql
