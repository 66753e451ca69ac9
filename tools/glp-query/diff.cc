#include "run.h"

namespace glp::query {

Result<bool> DiffPatterns(Job&) { return UsageError("diff is being built"); }

}  // namespace glp::query
