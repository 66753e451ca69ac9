// The seam of the pipeline: what a stage is. One stage a file, named after it; stages/build.h makes
// them from their YAML.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/arena.h"
#include "stages/entry.h"

namespace glp::stages {

class Pipeline;

enum class Verdict : uint8_t {
  kPass,  // goes on to the next stage, changed or not
  kHeld,  // the stage copied what it needs and lets it go later, in this or another entry
          // (StageEntry::number)
  kDrop,  // goes no further; the stage has said why (StageRun::Drop)
  kSkip,  // goes on behind the stages that belong to this one (Stage::block)
};

// What a stage may use while it works.
class StageRun {
 public:
  StageRun(Pipeline* pipeline, size_t stage, LabelTable& labels, Arena& arena)
      : labels(labels), arena(arena), pipeline_(pipeline), stage_(stage) {}

  // Sends an entry of the stage's own making to the stages behind it, ahead of the one at work.
  void Emit(StageEntry& entry);
  // For what a stage held: it goes no further, counted under `reason`, and no position passes it,
  // so that it is read again the next time.
  void Abandon(StageEntry& entry, std::string_view reason);
  // What Process answers for an entry that is to go no further. `reason` is what it is counted
  // under; it lives as long as the stage.
  Verdict Drop(std::string_view reason) {
    drop_reason_ = reason;
    return Verdict::kDrop;
  }
  std::string_view drop_reason() const { return drop_reason_; }
  // Returns after `ns`, or at once when the process is to stop; what was written is flushed before.
  void Wait(int64_t ns);
  // The clock on the wall, and one that only goes forward (both in ns; tests set them).
  int64_t NowNs() const;
  int64_t SteadyNs() const;

  LabelTable& labels;
  Arena& arena;

 private:
  Pipeline* pipeline_;
  size_t stage_;
  std::string_view drop_reason_;
};

struct Failure {
  std::string_view reason;
  uint64_t count;
};

class Stage {
 public:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  virtual ~Stage() = default;

  virtual Verdict Process(StageEntry& entry, StageRun& run) = 0;

  // Whether Process may answer kHeld.
  virtual bool holds() const { return false; }

  // A file is read from now on.
  virtual void OnFile(std::string_view /*id, as in `src`*/, const MarkWords&) {}

  // Emits what is held back of one file (by its ID, as in `src`), or all of it.
  virtual void ReleaseFile(std::string_view, StageRun&) {}
  virtual void ReleaseAll(StageRun&) {}

  // When (StageRun::SteadyNs) the stage wants OnTime: to let go what no line came for in time.
  virtual int64_t deadline_ns() const { return kNever; }
  virtual void OnTime(StageRun&) {}

  // How many of the stages behind this one are its own: an entry may skip them.
  virtual size_t block() const { return 0; }

  // Why entries passed unchanged, and how many did.
  virtual std::vector<Failure> failures() const { return failures_; }

  // What it is called in a configuration, and where it stands there: "--regex", "promtail.yml:7:5".
  const std::string& name() const { return name_; }
  const std::string& place() const { return place_; }
  void Describe(std::string name, std::string place) {
    name_ = std::move(name);
    place_ = std::move(place);
  }

 protected:
  // The entry could not be used: it goes on with the reason in the field __error__ and, where
  // given, what is special about this entry in __error_details__ (the first reason stays).
  // `reason` lives as long as the stage, `details` until the entry has left.
  void Fail(StageEntry& entry, std::string_view reason, std::string_view details = {}) {
    if (!entry.fields.Get(kErrorField)) {
      entry.fields.Set(kErrorField, reason);
      if (!details.empty()) entry.fields.Set(kErrorDetailsField, details);
    }
    for (Failure& failure : failures_) {
      if (failure.reason.data() == reason.data()) {
        ++failure.count;
        return;
      }
    }
    failures_.push_back({reason, 1});
  }

 private:
  std::string name_, place_;
  std::vector<Failure> failures_;
};

}  // namespace glp::stages
