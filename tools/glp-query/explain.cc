#include "run.h"

namespace glp::query {

Result<bool> ExplainQuery(Job&, const std::string&) { return UsageError("explain is being built"); }

}  // namespace glp::query
