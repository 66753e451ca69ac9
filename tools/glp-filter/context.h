// -A, -B, -C: the records of a stream around those that are kept, as grep shows the lines around a
// match. They pass in the order in which they came, each once, with the field __context__ saying
// "before" or "after"; records of other streams may stand between them.
//
// What -B may need is held back, copied, until that is decided: it passes when a record of its
// stream is kept, and is dropped when so many younger ones are there.
// Threads: one at a time.
// Memory:  kMaxBytes of held records; past it the oldest ones are dropped, which is counted.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <string>
#include <string_view>

#include "record/labels.h"
#include "record/record.h"
#include "stream_map.h"

namespace glp::filter {

class Context {
 public:
  static constexpr std::string_view kField = "__context__";
  static constexpr size_t kMaxBytes = 64 << 20;

  struct Stream;
  // A record out of its batch.
  struct HeldRecord {
    HeldRecord(const Record& record, uint64_t number, Stream* stream);
    size_t size() const { return texts.size() + 200; }

    Stream* stream;
    std::string texts;               // line, meta, fields, src, extra
    size_t line, meta, fields, src;  // their ends in it
    Line::Form form;
    int64_t ts_ns;
    uint64_t pos;
    uint64_t number;
  };
  using Queue = std::list<HeldRecord>;  // oldest first, of all streams
  struct Stream {
    std::deque<Queue::iterator> held;
    uint64_t after_left = 0;
    Labels labels;
    const LabelSet* set = nullptr;  // of the table's generation
    uint64_t generation = 0;
  };

  Context(uint64_t before, uint64_t after, size_t max_bytes = kMaxBytes)
      : before_(before), after_(after), max_bytes_(max_bytes) {}

  // What leaves the queue, oldest first: what passes, and what is dropped (ahead of it). The lists
  // must not outlive the next call.
  struct Leaving {
    Queue passed, dropped;
  };
  // A record is kept: what passes in front of it; and those behind it are counted from now on.
  Leaving Match(const LabelSet& labels, const LabelTable& table);
  // Whether a record that is not kept passes behind one that was.
  bool TakeAfter(const LabelSet& labels, const LabelTable& table, Leaving* leaving);
  // Holds one that is not kept; it may itself be dropped at once.
  Leaving Hold(const Record& record, uint64_t number, const LabelTable& table);
  // Everything that is held is dropped: the end.
  Leaving ReleaseAll();

  // Whether some stream waits for records behind a match.
  bool awaits_after() const { return awaiting_ > 0; }
  // How many were dropped for want of memory.
  uint64_t given_up() const { return given_up_; }

  // A record that was held: views into it and into the table. Good until the next call of anything
  // here.
  static Record View(const HeldRecord& held, LabelTable* table);

 private:
  Stream& StreamOf(const LabelSet& labels, const LabelTable& table, Queue* dropped);
  void Move(Queue::iterator record, Queue* to);

  uint64_t before_, after_;
  size_t max_bytes_;
  StreamMap<Stream> streams_;
  StreamMap<Stream> old_streams_;  // of records that are leaving
  Queue queue_;
  size_t bytes_ = 0;
  uint64_t awaiting_ = 0;
  uint64_t given_up_ = 0;
};

}  // namespace glp::filter
