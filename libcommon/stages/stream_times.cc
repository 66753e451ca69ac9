#include "stages/stream_times.h"

namespace glp::stages {

int64_t* StreamTimes::Find(const LabelSet* labels) {
  if (!recent_.empty() && recent_.front().first == labels->hash) return &recent_.front().second;
  auto it = by_labels_.find(labels->hash);
  if (it == by_labels_.end()) return nullptr;
  recent_.splice(recent_.begin(), recent_, it->second);
  return &recent_.front().second;
}

void StreamTimes::Set(const LabelSet* labels, int64_t ts_ns) {
  if (int64_t* last = Find(labels)) {
    *last = ts_ns;
    return;
  }
  if (recent_.size() >= kMaxStreams) {
    by_labels_.erase(recent_.back().first);
    recent_.pop_back();
  }
  recent_.emplace_front(labels->hash, ts_ns);
  by_labels_[labels->hash] = recent_.begin();
}

std::optional<int64_t> StreamTimes::Next(const LabelSet* labels) {
  int64_t* last = Find(labels);
  if (last == nullptr) return std::nullopt;
  return ++*last;
}

}  // namespace glp::stages
