#include "stages/pipeline.h"

#include <algorithm>

#include "base/time.h"

namespace glp::stages {
namespace {

// Of more files than these, those of which nothing is held are forgotten: where a line that is held
// then begins is not known, and its file's positions stay until it has left.
constexpr size_t kMaxFiles = 100'000;

}  // namespace

void StageRun::Emit(StageEntry& entry) { pipeline_->RunFrom(stage_ + 1, entry); }
void StageRun::Abandon(StageEntry& entry, std::string_view reason) {
  if (Pipeline::File* file = pipeline_->Find(entry)) {
    for (Pipeline::HeldLine& line : file->held) line.abandoned |= line.number == entry.number;
  }
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
  Source source = ParseSource(record.src);
  next_ = source.next;
  file_ = source.id.empty() ? nullptr : &FileOf(source.id);
  if (file_ == nullptr) return;
  File& file = *file_;
  // Held until it leaves: what a stage lets go in front of it must not tell of it.
  file.held.push_back({number_, file.last < source.next ? file.last : 0});
  file.last = source.next;
  file.newest = std::max(file.newest, record.pos == Record::kPosIsNext ? source.next : record.pos);
}

void Pipeline::Leave(StageEntry& entry) {
  File* file = Find(entry);
  if (file == nullptr) return;
  Forget(entry, entry.number);
  uint64_t next = &entry == &entry_ ? next_ : ParseSource(entry.src).next;
  bool was_held = &entry != &entry_ || entry.number != number_;
  uint64_t pos = was_held ? file->newest : entry.pos == Record::kPosIsNext ? next : entry.pos;
  for (const HeldLine& line : file->held) pos = std::min(pos, line.start);
  // A line that comes behind younger ones says its position in any case: else a sink would take the
  // order for a mistake.
  bool is_late = was_held && next < file->left;
  entry.pos = pos == next && !is_late ? Record::kPosIsNext : pos;
  file->left = std::max(file->left, next);
}

void Pipeline::Forget(const StageEntry& entry, uint64_t number) {
  File* file = Find(entry);
  if (file == nullptr) return;
  if (!file->held.empty() && file->held.back().number == number) {
    file->held.pop_back();
  } else {
    std::erase_if(file->held, [&](const HeldLine& line) { return line.number == number; });
  }
}

Pipeline::File& Pipeline::FileOf(std::string_view id) {
  if (last_file_ != nullptr && last_id_ == id) return *last_file_;
  auto it = files_.find(id);
  if (it == files_.end()) {
    if (files_.size() >= kMaxFiles) {
      std::erase_if(files_, [](const auto& file) { return file.second.held.empty(); });
    }
    it = files_.emplace(std::string(id), File()).first;
  }
  last_id_ = id;
  return *(last_file_ = &it->second);
}

Pipeline::File* Pipeline::Find(const StageEntry& entry) {
  if (&entry == &entry_) return file_;
  std::string_view id = ParseSource(entry.src).id;
  if (id.empty()) return nullptr;
  if (last_file_ != nullptr && last_id_ == id) return last_file_;
  auto it = files_.find(id);
  return it == files_.end() ? nullptr : &it->second;
}

bool Pipeline::OnMark(const Mark& mark) {
  if (mark.kind == Mark::Kind::kEnd) ReleaseAll();
  Source source = ParseSource(mark.src);
  if (source.id.empty()) return true;
  MarkWords words;
  if (mark.kind == Mark::Kind::kFile) {
    words = ReadMarkWords(mark);
    for (const auto& stage : stages_) stage->OnFile(source.id, words);
  }
  if (!holds_) return true;
  if (mark.kind == Mark::Kind::kGap) ReleaseFile(source.id);
  File& file = FileOf(source.id);
  switch (mark.kind) {
    case Mark::Kind::kFile:
      // What is said of it anew counts.
      file.last = file.newest = words.start;
      std::erase_if(file.held, [](const HeldLine& line) { return line.abandoned; });
      file.left = 0;
      return true;
    case Mark::Kind::kGap:
      file.last = file.newest = source.next;
      file.left = std::min(file.left, source.next);
      return true;
    case Mark::Kind::kPos:
      file.last = source.next;
      file.newest = std::max(file.newest, source.next);
      return file.held.empty();
    case Mark::Kind::kEnd:
    case Mark::Kind::kOther:
      break;
  }
  return true;
}

void Pipeline::ReleaseFile(std::string_view id) {
  if (FileOf(id).held.empty()) return;
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

}  // namespace glp::stages
