// The promise that no position passes a record that is still held back: a record that leaves while
// something of its file is held says, as `pos`, the offset in front of the first byte held.
//
//   uint64_t number = positions.Begin(record);        // each record that comes
//   positions.Leave(number, was_held, &record);       // when it goes, wherever it goes
//
// Threads: one at a time. Memory: some 100 bytes a file (100,000 of them at most, and those with
// records held), 50 bytes a record held.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>

#include "base/strings.h"
#include "record/record.h"

namespace glp::filter {

class HeldPositions {
 public:
  // Seen, and held until it leaves. Numbers go up.
  uint64_t Begin(const Record& record);
  // Sets record->pos where it is another than that of its src; true where it did. `was_held`: other
  // records may have left since it came.
  bool Leave(uint64_t number, bool was_held, Record* record);
  // A mark came by; false where it is a position that would pass something held: it must not go on.
  bool OnMark(const Mark& mark);

 private:
  struct File {
    uint64_t last = 0;    // NEXT of the record, or position of the mark, that was seen last
    uint64_t newest = 0;  // all up to here was seen
    uint64_t left = 0;    // highest NEXT that has left
    // By number: the offset of its first byte, 0 where that is not known.
    std::map<uint64_t, uint64_t> held;
    bool is_sorted = true;  // none of them begins in front of an earlier one
    uint64_t FirstHeld() const;
  };
  File& FileOf(std::string_view id);

  StringMap<File> files_;
  StringMap<File>::value_type* last_file_ = nullptr;
  uint64_t number_ = 0;
};

}  // namespace glp::filter
