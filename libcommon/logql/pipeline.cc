#include "logql/pipeline.h"

namespace glp::logql {

bool Pipeline::Passes(const Entry& entry) const {
  for (const Stage& stage : *stages_) {
    const bool passes =
        std::visit([&](const LineFilter& filter) { return filter.Passes(entry.line); }, stage);
    if (!passes) return false;
  }
  return true;
}

}  // namespace glp::logql
