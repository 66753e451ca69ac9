// Looks at entries on their way and writes words about them, in place of the records.
#pragma once

#include <string_view>

#include "stages/pipeline.h"

namespace glp::parse {

class Watcher : public stages::StageObserver {
 public:
  // The entry has left the pipeline, or a stage dropped it (the one that it was seen behind last).
  virtual void OnLeave(stages::StageEntry& entry) = 0;
  virtual void OnDrop(stages::StageEntry&, std::string_view /*reason*/) {}
};

}  // namespace glp::parse
