#include "stages/pipeline.h"

#include <algorithm>

#include "base/time.h"

namespace glp::stages {

void StageRun::Emit(StageEntry& entry) { pipeline_->RunFrom(stage_ + 1, entry); }
void StageRun::Abandon(StageEntry& entry, std::string_view reason) {
  if (Pipeline::File* file = pipeline_->Find(entry)) file->Abandon(entry.number);
  entry.src = {};  // what has one tells its position
  pipeline_->sink_.OnAbandon(entry, reason);
}
void StageRun::Wait(int64_t ns) { pipeline_->sink_.Wait(ns); }
int64_t StageRun::NowNs() const { return pipeline_->now_ns_ ? pipeline_->now_ns_() : glp::NowNs(); }
int64_t StageRun::SteadyNs() const {
  return pipeline_->steady_ns_ ? pipeline_->steady_ns_() : glp::SteadyNs();
}

void Pipeline::Process(const Record& record) {
  arena_.Reset();
  entry_.Load(record, &arena_);
  if (holds_) Begin(record);
  if (observer_ != nullptr) observer_->OnBegin(entry_);
  RunFrom(0, entry_);
}

void Pipeline::RunFrom(size_t stage, StageEntry& entry) {
  for (; stage < stages_.size(); ++stage) {
    StageRun run(this, stage, labels_, arena_);
    uint64_t number = entry.number;
    Verdict verdict = stages_[stage]->Process(entry, run);
    if (entry.number != number) {
      ++joined_;
      Forget(entry, number);
    }
    if (observer_ != nullptr) observer_->OnStage(stage, entry, verdict);
    if (verdict == Verdict::kHeld) return;
    if (verdict == Verdict::kDrop) {
      if (holds_) Leave(entry);
      sink_.OnDrop(entry, run.drop_reason());
      return;
    }
    if (verdict == Verdict::kSkip) stage += stages_[stage]->block();
  }
  if (holds_) Leave(entry);
  sink_.OnEntry(entry);
}

int64_t Pipeline::deadline_ns() const {
  int64_t deadline_ns = Stage::kNever;
  for (const auto& stage : stages_) deadline_ns = std::min(deadline_ns, stage->deadline_ns());
  return deadline_ns;
}

void Pipeline::OnTime() {
  for (size_t i = 0; i < stages_.size(); ++i) {
    StageRun run(this, i, labels_, arena_);
    if (stages_[i]->deadline_ns() <= run.SteadyNs()) stages_[i]->OnTime(run);
  }
}

void Pipeline::Begin(const Record& record) {
  entry_.number = ++number_;
  const Source source = ParseSource(record.src);
  next_ = source.next;
  file_ = source.id.empty() ? nullptr : &positions_.FileOf(source.id);
  // Held until it leaves: what a stage lets go in front of it must not tell of it.
  if (file_ != nullptr) file_->Begin(number_, source.next, record.pos);
}

void Pipeline::Leave(StageEntry& entry) {
  File* file = Find(entry);
  if (file == nullptr) return;
  const uint64_t next = &entry == &entry_ ? next_ : ParseSource(entry.src).next;
  const bool was_held = &entry != &entry_ || entry.number != number_;
  entry.pos = file->Leave(entry.number, next, entry.pos, was_held);
}

void Pipeline::Forget(const StageEntry& entry, uint64_t number) {
  if (File* file = Find(entry)) file->Forget(number);
}

Pipeline::File* Pipeline::Find(const StageEntry& entry) {
  if (&entry == &entry_) return file_;
  const std::string_view id = ParseSource(entry.src).id;
  return id.empty() ? nullptr : positions_.Find(id);
}

bool Pipeline::OnMark(const Mark& mark) {
  if (mark.kind == Mark::Kind::kEnd) ReleaseAll();
  const Source source = ParseSource(mark.src);
  if (source.id.empty()) return true;
  MarkWords words;
  if (mark.kind == Mark::Kind::kFile) {
    words = ReadMarkWords(mark);
    for (const auto& stage : stages_) stage->OnFile(source.id, words);
  }
  if (!holds_) return true;
  File& file = positions_.FileOf(source.id);
  if (mark.kind == Mark::Kind::kGap && !file.holds_nothing()) {
    for (size_t i = 0; i < stages_.size(); ++i) {
      StageRun run(this, i, labels_, arena_);
      stages_[i]->ReleaseFile(source.id, run);
    }
  }
  return file.OnMark(mark.kind, source.next, words.start);
}

void Pipeline::ReleaseAll() {
  for (size_t i = 0; i < stages_.size(); ++i) {
    StageRun run(this, i, labels_, arena_);
    stages_[i]->ReleaseAll(run);
  }
}

}  // namespace glp::stages
