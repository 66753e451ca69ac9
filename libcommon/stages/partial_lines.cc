#include "stages/partial_lines.h"

#include <algorithm>

namespace glp::stages {

PartialLines::Iterator PartialLines::Find(const StageEntry& entry, std::string_view id) {
  for (auto it = held_.begin(); it != held_.end(); ++it) {
    if (it->labels_hash == entry.labels->hash && it->id == id &&
        it->last.labels == entry.labels->labels) {
      return it;
    }
  }
  return held_.end();
}

void PartialLines::Append(Held* held, std::string_view bytes) {
  if (options_.truncate_bytes != 0) {
    bytes = bytes.substr(
        0, options_.truncate_bytes - std::min(options_.truncate_bytes, held->text.size()));
  }
  held->text.append(bytes);
  bytes_ += bytes.size();
}

Verdict PartialLines::Hold(StageEntry& entry, StageRun& run) {
  std::string_view bytes = entry.LineBytes(run.arena);
  std::string_view id = ParseSource(entry.src).id;
  CountPassing(id);
  if (options_.as_promtail && held_.size() >= options_.max_streams) {
    while (!held_.empty()) Release(held_.begin(), run);
  }
  auto it = Find(entry, id);
  bool is_new = it == held_.end();
  while (!held_.empty() && ((is_new && held_.size() >= options_.max_streams) ||
                            bytes_ + bytes.size() > options_.max_bytes)) {
    auto oldest = held_.begin() == it ? std::next(it) : held_.begin();
    if (oldest == held_.end()) break;
    Release(oldest, run);
  }
  if (bytes_ + bytes.size() > options_.max_bytes) {
    // Longer than all that may be held: what there is of the line leaves as a line.
    if (!is_new) Join(it, entry, run);
    return Verdict::kPass;
  }
  if (is_new) {
    Held held;
    held.id = id;
    held.labels_hash = entry.labels->hash;
    it = held_.insert(held_.end(), std::move(held));
  }
  Append(&*it, bytes);
  if (!is_new) entry.number = it->last.number;
  entry.SetLine(Line::Bytes({}));
  it->last.Take(entry, run);
  it->since = clock_;
  it->passed = 0;
  return Verdict::kHeld;
}

void PartialLines::Complete(StageEntry& entry, StageRun& run) {
  if (held_.empty()) return;
  const std::string_view id = ParseSource(entry.src).id;
  CountPassing(id);
  if (auto it = Find(entry, id); it != held_.end()) Join(it, entry, run);
  for (auto it = held_.begin(); it != held_.end();) {
    auto next = std::next(it);
    if (it->passed > kMaxPassing || clock_ - it->since > options_.max_passing) Release(it, run);
    it = next;
  }
}

void PartialLines::CountPassing(std::string_view id) {
  ++clock_;
  for (Held& held : held_) {
    if (held.id == id) ++held.passed;
  }
}

void PartialLines::Join(Iterator held, StageEntry& entry, StageRun& run) {
  Append(&*held, entry.LineBytes(run.arena));
  bytes_ -= held->text.size();
  joined_ = std::move(held->text);
  entry.number = held->last.number;
  held_.erase(held);
  entry.SetLine(Line::Bytes(joined_));
}

void PartialLines::ReleaseFile(std::string_view id, StageRun& run) {
  for (auto it = held_.begin(); it != held_.end();) {
    auto next = std::next(it);
    if (it->id == id) Release(it, run);
    it = next;
  }
}

void PartialLines::ReleaseAll(StageRun& run) {
  while (!held_.empty()) {
    if (!options_.as_promtail) {
      Release(held_.begin(), run);
    } else {
      Leave(held_.begin(), run);
      run.Abandon(entry_, kUnfinished);
    }
  }
}

void PartialLines::Release(Iterator held, StageRun& run) {
  Leave(held, run);
  run.Emit(entry_);
}

// It is entry_ then.
void PartialLines::Leave(Iterator held, StageRun& run) {
  leaving_ = std::move(*held);
  held_.erase(held);
  bytes_ -= leaving_.text.size();
  leaving_.last.Give(&entry_, run);
  entry_.SetLine(Line::Bytes(leaving_.text));
}

}  // namespace glp::stages
