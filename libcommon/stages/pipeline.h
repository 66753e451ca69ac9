// Stages one behind the other, and the promise that a position never passes a line that a stage
// still holds back (record/held_positions.h).
//
//   Pipeline pipeline(&table, &sink);
//   pipeline.Add(…);
//   pipeline.Process(record);   // calls sink.OnEntry, not at all, once or more often
//   pipeline.ReleaseAll();      // at the end
//
// Memory:   some 200 bytes a file, of 100,000 files at most, besides what the stages hold.
// Lifetime: entries given to the sink are good until it returns. The table outlives the pipeline.
// Threads:  one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "record/held_positions.h"
#include "record/labels.h"
#include "record/record.h"
#include "stages/stage.h"

namespace glp::stages {

class EntrySink {
 public:
  virtual ~EntrySink() = default;
  virtual void OnEntry(StageEntry& entry) = 0;
  // A stage dropped it. `reason` lives as long as the stages.
  virtual void OnDrop(StageEntry& entry, std::string_view reason) = 0;
  // A stage held it to no end, and it is to be read again (StageRun::Abandon).
  virtual void OnAbandon(StageEntry& entry, std::string_view reason) { OnDrop(entry, reason); }
  // Returns after `ns`, or when the process is to stop.
  virtual void Wait(int64_t ns) = 0;
};

// Watches entries on their way (glp-parse --tap).
class StageObserver {
 public:
  virtual ~StageObserver() = default;
  // In front of the first stage (a line that came in; not one that a stage lets go), and behind
  // each stage that it went through.
  virtual void OnBegin(StageEntry& entry) = 0;
  virtual void OnStage(size_t stage, StageEntry& entry, Verdict verdict) = 0;
};

class Pipeline {
 public:
  Pipeline(LabelTable* labels, EntrySink* sink) : labels_(*labels), sink_(*sink) {}
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  void Add(std::unique_ptr<Stage> stage) {
    holds_ |= stage->holds();
    stages_.push_back(std::move(stage));
  }
  bool empty() const { return stages_.empty(); }
  const std::vector<std::unique_ptr<Stage>>& stages() const { return stages_; }
  // How many of the records became a part of another one.
  uint64_t joined() const { return joined_; }

  void Process(const Record& record);
  // A mark came by. What it ends is let go ahead of it: all at an end, what is held of the file at
  // a gap. False: it is a position that would pass something held; it is remembered for what leaves
  // later, and must not go on.
  bool OnMark(const Mark& mark);
  void ReleaseAll();

  // When OnTime is to be called, on the steady clock; Stage::kNever for not at all. Only an input
  // that has nothing to read lets time pass: a line that waits in a pipe is not late.
  int64_t deadline_ns() const;
  void OnTime();

  void set_observer(StageObserver* observer) { observer_ = observer; }
  // The clocks (ns), for tests; both run by default.
  void set_clocks(std::function<int64_t()> now_ns, std::function<int64_t()> steady_ns) {
    now_ns_ = std::move(now_ns);
    steady_ns_ = std::move(steady_ns);
  }

 private:
  friend class StageRun;
  using File = HeldPositions::File;
  void RunFrom(size_t stage, StageEntry& entry);
  void Begin(const Record& record);
  void Leave(StageEntry& entry);
  void Forget(const StageEntry& entry, uint64_t number);
  // The file of an entry in the pipeline; nullptr where it has no src.
  File* Find(const StageEntry& entry);

  LabelTable& labels_;
  EntrySink& sink_;
  StageObserver* observer_ = nullptr;
  std::function<int64_t()> now_ns_, steady_ns_;
  std::vector<std::unique_ptr<Stage>> stages_;
  bool holds_ = false;  // some stage may
  uint64_t joined_ = 0;
  Arena arena_;
  StageEntry entry_;     // of Process
  uint64_t number_ = 0;  // of the last one, and its file and NEXT
  File* file_ = nullptr;
  uint64_t next_ = 0;
  HeldPositions positions_;
};

}  // namespace glp::stages
