// --dedup: of equal lines in a row within a stream the first passes, the others are dropped at
// once. The next record of the stream that passes says in its metadata how many there were
// (duplicates_before). A line that goes on and on passes once every `window` of the records' time.
// Lines are equal when their bytes are; 128 bits of a hash stand for them.
// Threads: one at a time. Memory: 64 bytes a stream; past 100,000 streams all are forgotten, and a
// duplicate may pass.
#pragma once

#include <cstdint>
#include <string>

#include "record/labels.h"
#include "record/record.h"
#include "stream_map.h"

namespace glp::filter {

class Dedup {
 public:
  // `window_ns`: 0 for no end.
  explicit Dedup(int64_t window_ns) : window_ns_(window_ns) {}

  // False: it is a duplicate. `before`: how many were dropped in front of one that passes.
  bool Passes(const Record& record, const LabelSet& labels, const LabelTable& table,
              uint64_t* before);

 private:
  struct Stream {
    uint64_t hash[2] = {};
    int64_t since_ns = 0;  // when the line passed last
    uint64_t dropped = 0;
    bool any = false;
  };
  int64_t window_ns_;
  StreamMap<Stream> streams_;
  std::string scratch_;
};

}  // namespace glp::filter
