// --explain-time: how each record got its time, a line for each stage that had to do with it:
//
//   record 1 (F@40): 2 timestamp: 'Oct 25 02:30:00' of t read by 'Jan _2 15:04:05', year 2026 …
//   record 2 (F@60): 2026-01-01T00:00:00.000000000Z, as it was read: no stage gave another
//
// Lifetime: the pipeline must outlive it; `out` gets whole lines. Threads: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "stages/pipeline.h"
#include "stages/timestamp.h"
#include "watcher.h"

namespace glp::parse {

class TimeExplainer : public Watcher {
 public:
  // The stages of the pipeline begin to explain themselves.
  TimeExplainer(const stages::Pipeline& pipeline, std::string* out);

  void OnBegin(stages::StageEntry& entry) override;
  void OnStage(size_t stage, stages::StageEntry& entry, stages::Verdict verdict) override;
  void OnLeave(stages::StageEntry& entry) override;

 private:
  struct Entry {
    std::string title;
    int64_t ts_ns = 0;
    bool told = false;
  };
  void Say(Entry* entry, const std::string& what);

  const stages::Pipeline& pipeline_;
  std::vector<stages::TimestampStage*> timestamps_;  // by stage; nullptr for all others
  std::string* out_;
  uint64_t records_ = 0;
  std::map<const stages::StageEntry*, Entry> under_way_;
};

}  // namespace glp::parse
