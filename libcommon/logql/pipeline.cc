#include "logql/pipeline.h"

namespace glp::logql {

bool Pipeline::Passes(const Entry& entry) const {
  for (const Stage& stage : *stages_) {
    const auto* filter = std::get_if<LineFilter>(&stage);
    if (filter != nullptr && !filter->Passes(entry.line)) return false;
  }
  return true;
}

}  // namespace glp::logql
