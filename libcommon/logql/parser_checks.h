// What a stage must be beyond its grammar: expressions that compile, names that may be set. A line
// filter comes back with its alternatives made ready.
// Threads: pure functions.
// Errors:  Code::kUsage in Loki's words, "invalid pattern parser: at least one capture is
//          required", "stage '| a=ip(\"x\")' : ip: invalid pattern: \"x\"".
#pragma once

#include "base/result.h"
#include "logql/expr.h"

namespace glp::logql {

Status CheckStage(Stage* stage);

}  // namespace glp::logql
