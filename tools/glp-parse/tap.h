// --tap: what becomes of each record, a line after every stage, for people.
//
//   record 1 (F@40)
//     in           ts=2026-01-01T00:00:00.000000000Z labels={job="x"} line={"log":"a\n",…}
//     1 docker     *ts=2026-01-05T00:00:00.500000000Z labels={job="x", *stream="stderr"} *line=a
//     2 labeldrop  ts=2026-01-05T00:00:00.500000000Z labels={stream="stderr", -job} line=a
//     3 drop       dropped: drop_stage
//
// What a stage changed has a `*`, and a colour where wanted; what it took away a `-`. Control
// characters of the log are shown as \xNN.
// Lifetime: the pipeline must outlive it; `out` gets whole lines. Threads: one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stages/pipeline.h"
#include "watcher.h"

namespace glp::parse {

class Tap : public Watcher {
 public:
  Tap(const stages::Pipeline& pipeline, bool color, std::string* out);

  void OnBegin(stages::StageEntry& entry) override;
  void OnStage(size_t stage, stages::StageEntry& entry, stages::Verdict verdict) override;
  void OnLeave(stages::StageEntry& entry) override;
  void OnDrop(stages::StageEntry& entry, std::string_view reason) override;

 private:
  using Names = std::vector<std::pair<std::string, std::string>>;
  struct State {
    uint64_t number = 0;  // of the record; 0 for one that a stage let go
    size_t last_stage = 0;
    bool has_state = false;
    int64_t ts_ns = 0;
    std::string line;
    Names labels, fields, meta;
  };
  State Look(stages::StageEntry& entry) const;
  void Title(const stages::StageEntry& entry, const State& state);
  void Row(const std::string& name, const State& now, const State* before);
  void Words(const std::string& name, std::string_view words);
  void AppendNames(std::string_view key, const Names& now, const Names* before);
  void Changed(bool changed, std::string_view text);
  std::string NameOf(size_t stage) const;

  const stages::Pipeline& pipeline_;
  const bool color_;
  std::string* out_;
  uint64_t records_ = 0;
  std::map<const stages::StageEntry*, State> under_way_;
  const stages::StageEntry* titled_ = nullptr;  // whose lines are being written
};

}  // namespace glp::parse
