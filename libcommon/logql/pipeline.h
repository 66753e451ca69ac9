// The stages of a log query, applied to one entry after the other.
// Lifetime: the LogExpr must outlive it. Threads: one at a time.
#pragma once

#include "logql/expr.h"
#include "logql/source.h"

namespace glp::logql {

class Pipeline {
 public:
  explicit Pipeline(const LogExpr& log) : stages_(&log.stages) {}

  // False: the entry goes no further.
  bool Passes(const Entry& entry) const;
  // Whether Passes looks at the line at all.
  bool NeedsLines() const { return !stages_->empty(); }

 private:
  const std::vector<Stage>* stages_;
};

}  // namespace glp::logql
