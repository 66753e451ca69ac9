#include "run.h"

namespace glp::query {

Result<bool> ListPatterns(Job&, const std::string&) {
  return UsageError("patterns is being built");
}

}  // namespace glp::query
