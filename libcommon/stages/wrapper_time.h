// What promtail's docker and cri do with the time of a line: they have a stage
// `timestamp: {format: RFC3339Nano, action_on_failure: fudge}` of their own.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "codec/go_time.h"
#include "stages/entry.h"
#include "stages/stream_times.h"

namespace glp::stages {

class WrapperTime {
 public:
  // Sets the entry's time from `text`, which `fast` reads as well (or not); false where it is none:
  // the entry then has the time of its stream's next line, or keeps its own.
  bool Apply(StageEntry* entry, std::string_view text, std::optional<int64_t> fast) {
    // The quick ways of reading take and refuse a few spellings that Go does not.
    if (!fast || text.back() != 'Z') fast = format_.Parse(text, entry->ts_ns);
    if (!fast) return Miss(entry);
    entry->ts_ns = *fast;
    times_.Set(entry->labels, *fast);
    return true;
  }
  // The same for an entry without a time. False.
  bool Miss(StageEntry* entry) {
    if (auto next = times_.Next(entry->labels)) entry->ts_ns = *next;
    return false;
  }

 private:
  codec::TimeLayout format_ = *codec::TimeLayout::Compile("RFC3339Nano");
  StreamTimes times_;
};

}  // namespace glp::stages
