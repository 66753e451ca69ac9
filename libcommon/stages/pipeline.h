// Stages one behind the other, and the promise that a position never passes a line that a stage
// still holds back: while something of a file is held, its entries leave without `src`; the entry
// that lets the last of it go carries the newest position of all that left in between. After a
// crash lines may so come twice, but none is lost.
//
//   Pipeline pipeline(&table, &sink);
//   pipeline.Add(…);
//   pipeline.Process(record);   // calls sink.OnEntry, not at all, once or more often
//   pipeline.ReleaseAll();      // at the end
//
// Lifetime: entries given to the sink are good until it returns. The table outlives the pipeline.
// Threads:  one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "record/labels.h"
#include "record/record.h"
#include "stages/stage.h"

namespace glp::stages {

class EntrySink {
 public:
  virtual ~EntrySink() = default;
  virtual void OnEntry(StageEntry& entry) = 0;
};

class Pipeline {
 public:
  Pipeline(LabelTable* labels, EntrySink* sink) : labels_(*labels), sink_(*sink) {}
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  void Add(std::unique_ptr<Stage> stage) { stages_.push_back(std::move(stage)); }
  bool empty() const { return stages_.empty(); }
  const std::vector<std::unique_ptr<Stage>>& stages() const { return stages_; }

  void Process(const Record& record);
  // Lets go of what is held of the file that `src` names: its next lines are missing or over.
  void ReleaseFile(std::string_view src);
  void ReleaseAll();
  // A position came by. False: it would pass something held; it is remembered and must not go on.
  bool MayPass(std::string_view src);

 private:
  friend class StageRun;
  struct HeldFile {
    uint64_t held = 0;    // entries
    uint64_t newest = 0;  // position of what left or is held
  };
  void RunFrom(size_t stage, StageEntry& entry);
  void CountHeld(const StageEntry& entry);
  void Leave(StageEntry& entry);

  LabelTable& labels_;
  EntrySink& sink_;
  std::vector<std::unique_ptr<Stage>> stages_;
  Arena arena_;
  StageEntry entry_;
  StringMap<HeldFile> held_;
  std::string src_;
};

}  // namespace glp::stages
