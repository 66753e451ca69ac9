// Pieces of long lines, held back until the last one comes: what Docker (16 KiB) and the CRI
// runtimes (tag P) make of a line that is too long for them. Pieces belong together where file (the
// ID in `src`) and labels (with the stream) are the same, so that files and streams do not mix. The
// joined line has the time, fields and `src` of its last piece.
//
// Bounded: more than `max_streams` unfinished lines, more than `max_bytes` held, or `max_passing`
// other entries since a piece came: the oldest is let go as it is; so is one that kMaxPassing
// entries of its own file came behind. (Of other files very many may come in between: where much is
// to be read, each gives a block in turn.) Nothing is dropped; only
// `truncate`, where it is asked for, cuts. as_promtail: see Options.
// Lifetime: everything held is a copy; label sets are found again after LabelTable::Clear.
// Threads:  one at a time.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>

#include "stages/held_entry.h"
#include "stages/stage.h"

namespace glp::stages {

class PartialLines {
 public:
  struct Options {
    size_t max_streams = 100;
    size_t max_bytes = size_t{256} << 20;
    uint64_t max_passing = 1'000'000;
    // promtail's max_partial_line_size with max_partial_line_size_truncate: a joined line is cut
    // to so many bytes. 0: never.
    size_t truncate_bytes = 0;
    // As promtail: a piece that comes while max_streams are held, also of its own line, lets all of
    // them go, and an end without the rest is no line: what is held then is abandoned, to be read
    // again.
    bool as_promtail = false;
  };
  static constexpr std::string_view kUnfinished = "unfinished line";
  static constexpr uint64_t kMaxPassing = 10'000;

  PartialLines() = default;
  explicit PartialLines(Options options) : options_(options) {}

  bool empty() const { return held_.empty(); }
  // Keeps the entry, its line being the next piece; the stage answers what this returns (kPass
  // where the line has grown too long to be held: the entry is then all of it up to here).
  Verdict Hold(StageEntry& entry, StageRun& run);
  // The entry ends a line: what is held of it is put in front. Good for any entry that passes
  // while something is held.
  void Complete(StageEntry& entry, StageRun& run);

  void ReleaseFile(std::string_view id, StageRun& run);
  void ReleaseAll(StageRun& run);

 private:
  struct Held {
    std::string id;
    uint64_t labels_hash;
    std::string text;     // of all pieces
    HeldEntry last;       // the last piece, with the number of the first; its line stays empty
    uint64_t since = 0;   // clock_ when its last piece came
    uint64_t passed = 0;  // by so many entries of its file since
  };
  using Iterator = std::list<Held>::iterator;

  Iterator Find(const StageEntry& entry, std::string_view id);
  void CountPassing(std::string_view id);
  void Append(Held* held, std::string_view bytes);
  void Join(Iterator held, StageEntry& entry, StageRun& run);
  void Release(Iterator held, StageRun& run);
  void Leave(Iterator held, StageRun& run);

  Options options_;
  std::list<Held> held_;  // the oldest first
  size_t bytes_ = 0;
  uint64_t clock_ = 0;
  std::string joined_;
  StageEntry entry_;
  Held leaving_;
};

}  // namespace glp::stages
