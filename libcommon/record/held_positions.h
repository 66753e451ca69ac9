// The promise that no position passes a line that is still held back: a record that leaves while
// something of its file is held says, as `pos`, the offset in front of the first byte held. So what
// is held in one stream of a file holds up nothing of the others, positions go on as soon as the
// oldest line has left, and after a crash nothing is lost. A line that leaves late says how far its
// file is dealt with by then.
//
//   uint64_t number = positions.Begin(record);        // each record that comes
//   positions.Leave(number, was_held, &record);       // when it goes, wherever it goes
//
// Threads: one at a time. Memory: some 100 bytes a file (100,000 of them at most, and those with
// lines held), 24 bytes a line held.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "record/record.h"

namespace glp {

class HeldPositions {
 public:
  // The lines of one file, by numbers that rise in the order of arrival.
  class File {
   public:
    bool holds_nothing() const { return head_ == held_.size(); }
    // A line was seen, up to `next`, with `pos` as in Record. It is held until it leaves.
    void Begin(uint64_t number, uint64_t next, uint64_t pos);
    // What leaves says the returned `pos`. `was_held`: others may have left since it came.
    uint64_t Leave(uint64_t number, uint64_t next, uint64_t pos, bool was_held);
    // It has become part of another line.
    void Forget(uint64_t number);
    // It never leaves: no position passes it until the file is told of anew.
    void Abandon(uint64_t number);
    // `start`: that of a file mark. False: a position that would pass something held; it is
    // remembered for what leaves later, and must not go on.
    bool OnMark(Mark::Kind kind, uint64_t next, uint64_t start);

   private:
    struct Line {
      uint64_t number;
      uint64_t start;  // offset of its first byte, 0 where that is not known
      bool abandoned = false;
    };
    Line* Find(uint64_t number);
    uint64_t FirstHeld() const;

    uint64_t last_ = 0;       // NEXT of the line, or position of the mark, that was seen last
    uint64_t newest_ = 0;     // all up to here was seen
    uint64_t left_ = 0;       // highest NEXT that has left
    std::vector<Line> held_;  // from head_ on
    size_t head_ = 0;
    bool is_sorted_ = true;  // none of them begins in front of an earlier one
  };

  // Good as long as this is, and fewer than 100,000 files came since or it holds something.
  File& FileOf(std::string_view id);
  File* Find(std::string_view id);  // nullptr where nothing came of it

  // The same by record. Begin gives the number.
  uint64_t Begin(const Record& record);
  // Sets record->pos where it is another than that of its src; true where it did.
  bool Leave(uint64_t number, bool was_held, Record* record);
  bool OnMark(const Mark& mark);

 private:
  StringMap<File> files_;
  std::string last_id_;
  File* last_file_ = nullptr;
  uint64_t number_ = 0;
};

}  // namespace glp
