// --from and --to, as glp-query takes them.
#pragma once

#include <string>

#include "base/result.h"
#include "logql/source.h"

namespace glp {

// What is "" stays as it is. Times that name no zone are UTC. Errors: Code::kUsage, also where
// nothing is in between.
Status ReadTimeRange(const std::string& from, const std::string& to, logql::TimeRange* range);

}  // namespace glp
