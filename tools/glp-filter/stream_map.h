// What is remembered of each stream (label set), found by one look into an array.
// Lifetime: a reference from Of is good until the map is cleared, whatever becomes of the table.
// Memory:   kMaxStreams streams; one more and Of says so by clearing the map first.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/strings.h"
#include "record/labels.h"

namespace glp::filter {

template <typename T>
class StreamMap {
 public:
  static constexpr size_t kMaxStreams = 100'000;

  bool IsFull() const { return streams_.size() >= kMaxStreams; }
  T& Of(const LabelSet& labels, const LabelTable& table) {
    if (generation_ != table.generation()) {
      by_id_.clear();
      generation_ = table.generation();
    }
    if (by_id_.size() <= labels.id) by_id_.resize(labels.id + 1);
    T*& stream = by_id_[labels.id];
    if (stream == nullptr) {
      auto it = streams_.find(labels.json);
      if (it == streams_.end()) {
        if (IsFull()) {
          Clear();
          by_id_.resize(labels.id + 1);
        }
        it = streams_.emplace(labels.json, T()).first;
        by_id_[labels.id] = &it->second;
        return it->second;
      }
      stream = &it->second;
    }
    return *stream;
  }
  void Clear() {
    streams_.clear();
    by_id_.clear();
  }
  // Of all streams, by the JSON of their labels.
  const StringMap<T>& streams() const { return streams_; }

 private:
  StringMap<T> streams_;
  std::vector<T*> by_id_;  // by LabelSet::id, of one generation of the table
  uint64_t generation_ = 0;
};

}  // namespace glp::filter
