// The last time of each stream: what promtail's `fudge` gives a line whose time cannot be read, and
// one nanosecond, so that it stays in order.
// Memory:  some 100 bytes a stream, of 10,000 streams at most; the one unused for longest is
//          forgotten.
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>
#include <utility>

#include "record/labels.h"

namespace glp::stages {

class StreamTimes {
 public:
  void Set(const LabelSet* labels, int64_t ts_ns);
  // The time of the stream's next line; nothing where no time of the stream is known.
  std::optional<int64_t> Next(const LabelSet* labels);

 private:
  static constexpr size_t kMaxStreams = 10'000;
  using Recent = std::list<std::pair<uint64_t, int64_t>>;  // hash of the labels, time

  int64_t* Find(const LabelSet* labels);

  Recent recent_;  // the latest first
  std::unordered_map<uint64_t, Recent::iterator> by_labels_;
};

}  // namespace glp::stages
