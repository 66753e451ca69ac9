// Records through the stages, as the loop of the tool gives them; positions and marks in their
// order. Lifetime: the pipe, the watcher and the metrics must outlive it. Threads: one at a time.
#pragma once

#include <cstdint>
#include <string>

#include "cli/record_pipe.h"
#include "parse_metrics.h"
#include "stages/pipeline.h"
#include "watcher.h"

namespace glp::parse {

class Parser : public cli::RecordHandler, public stages::EntrySink {
 public:
  explicit Parser(cli::RecordPipe& pipe) : pipe_(pipe), pipeline_(&pipe.labels(), this) {}

  stages::Pipeline& pipeline() { return pipeline_; }
  // No records are written, but what the watcher writes.
  void SetWatcher(Watcher* watcher);
  void SetMetrics(ParseMetrics* metrics) { metrics_ = metrics; }
  // Lines that were not written, since the tool in front died in the midst of them.
  uint64_t unfinished() const { return unfinished_; }
  // Lines that were not written, since their rest had not come when the input ended.
  uint64_t abandoned() const { return abandoned_; }

  Status OnRecord(Record& record, cli::RecordPipe&) override;
  Status OnMark(const Mark& mark, cli::RecordPipe& pipe) override;
  Status OnBatchEnd(cli::RecordPipe&) override;
  int64_t deadline_ns() const override { return pipeline_.deadline_ns(); }
  Status OnTime(cli::RecordPipe&) override;
  Status OnEnd(cli::RecordPipe&) override;

  void OnEntry(stages::StageEntry& entry) override;
  void OnDrop(stages::StageEntry& entry, std::string_view reason) override;
  void OnAbandon(stages::StageEntry& entry, std::string_view reason) override;
  void Wait(int64_t ns) override { pipe_.Wait(ns); }

 private:
  cli::RecordPipe& pipe_;
  stages::Pipeline pipeline_;
  Watcher* watcher_ = nullptr;
  ParseMetrics* metrics_ = nullptr;
  std::string fields_, meta_;
  bool source_runs_ = false;  // a file was told of, and not yet the end of the tool that reads it
  bool cut_off_ = false;
  uint64_t unfinished_ = 0;
  uint64_t abandoned_ = 0;
};

}  // namespace glp::parse
