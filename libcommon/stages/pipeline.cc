#include "stages/pipeline.h"

#include <algorithm>

namespace glp::stages {

void StageRun::Emit(StageEntry& entry) { pipeline_->RunFrom(stage_ + 1, entry); }

void Pipeline::Process(const Record& record) {
  arena_.Reset();
  entry_.Load(record, &arena_);
  RunFrom(0, entry_);
}

void Pipeline::RunFrom(size_t stage, StageEntry& entry) {
  for (; stage < stages_.size(); ++stage) {
    StageRun run(this, stage, labels_, arena_);
    if (stages_[stage]->Process(entry, run) == Verdict::kHeld) {
      CountHeld(entry);
      return;
    }
  }
  if (!held_.empty()) Leave(entry);
  sink_.OnEntry(entry);
}

void Pipeline::CountHeld(const StageEntry& entry) {
  Source source = ParseSource(entry.src);
  if (source.id.empty()) return;
  auto it = held_.find(source.id);
  if (it == held_.end()) it = held_.emplace(std::string(source.id), HeldFile()).first;
  ++it->second.held;
  it->second.newest = std::max(it->second.newest, source.next);
}

void Pipeline::Leave(StageEntry& entry) {
  Source source = ParseSource(entry.src);
  auto it = source.id.empty() ? held_.end() : held_.find(source.id);
  if (it == held_.end()) return;
  HeldFile& file = it->second;
  file.held -= std::min<uint64_t>(file.held, entry.covers);
  file.newest = std::max(file.newest, source.next);
  if (file.held > 0) {
    entry.src = {};
    return;
  }
  src_ = it->first + "@";
  AppendUint64(&src_, file.newest);
  entry.src = src_;
  held_.erase(it);
}

void Pipeline::ReleaseFile(std::string_view src) {
  std::string id(ParseSource(src).id);
  if (id.empty() || held_.find(id) == held_.end()) return;
  for (size_t i = 0; i < stages_.size(); ++i) {
    StageRun run(this, i, labels_, arena_);
    stages_[i]->ReleaseFile(id, run);
  }
}

void Pipeline::ReleaseAll() {
  for (size_t i = 0; i < stages_.size(); ++i) {
    StageRun run(this, i, labels_, arena_);
    stages_[i]->ReleaseAll(run);
  }
}

bool Pipeline::MayPass(std::string_view src) {
  if (held_.empty()) return true;
  Source source = ParseSource(src);
  auto it = held_.find(source.id);
  if (it == held_.end()) return true;
  it->second.newest = std::max(it->second.newest, source.next);
  return false;
}

}  // namespace glp::stages
