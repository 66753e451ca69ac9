// The seam of the pipeline: what a stage is. One stage a file, named after it.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "stages/arena.h"
#include "stages/entry.h"

namespace glp::stages {

class Pipeline;

enum class Verdict : uint8_t {
  kPass,  // goes on to the next stage, changed or not
  kHeld,  // the stage copied what it needs and lets it go later, in this or another entry
          // (StageEntry::number)
};

// What a stage may use while it works.
class StageRun {
 public:
  StageRun(Pipeline* pipeline, size_t stage, LabelTable& labels, Arena& arena)
      : labels(labels), arena(arena), pipeline_(pipeline), stage_(stage) {}

  // Sends an entry of the stage's own making to the stages behind it, ahead of the one at work.
  void Emit(StageEntry& entry);

  LabelTable& labels;
  Arena& arena;

 private:
  Pipeline* pipeline_;
  size_t stage_;
};

struct Failure {
  std::string_view reason;
  uint64_t count;
};

class Stage {
 public:
  virtual ~Stage() = default;

  virtual Verdict Process(StageEntry& entry, StageRun& run) = 0;

  // Whether Process may answer kHeld.
  virtual bool holds() const { return false; }

  // Emits what is held back of one file (by its ID, as in `src`), or all of it.
  virtual void ReleaseFile(std::string_view, StageRun&) {}
  virtual void ReleaseAll(StageRun&) {}

  // Why entries passed unchanged, and how many did.
  virtual std::vector<Failure> failures() const { return failures_; }

 protected:
  // The entry could not be used: it goes on with the reason in the field __error__ (the first
  // reason stays). `reason` lives as long as the stage.
  void Fail(StageEntry& entry, std::string_view reason) {
    if (!entry.fields.Get(kErrorField)) entry.fields.Set(kErrorField, reason);
    for (Failure& failure : failures_) {
      if (failure.reason.data() == reason.data()) {
        ++failure.count;
        return;
      }
    }
    failures_.push_back({reason, 1});
  }

 private:
  std::vector<Failure> failures_;
};

}  // namespace glp::stages
