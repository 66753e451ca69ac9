// The patterns of log lines, as Loki shows them: `user <_> logged in after <_>`, with how often
// each came, when, and an example.
//
//   PatternMiner miner({});
//   while (…) miner.Add({line, ts_ns});
//   for (const PatternMiner::Pattern& pattern : miner.Patterns()) …
//
// Algorithm. Four steps, the first two for each line, the others for each distinct shape:
//   1. Mask  what is a number, a time, an id, a temporary name (codec/pattern_mask.h).
//   2. Count the shapes that come out, in a hash table.
//   3. Part  shapes into groups of one frame: the same blanks, brackets, quotes, keys and words of
//            outcome (error, PASSED) at the same places. A quoted value of logfmt or JSON is one
//            word, that of a message is taken apart like a line.
//   4. Merge within a frame: while a place has few words, the group is parted by its words; where
//            all places have one word or many, and enough words stay the same, the places with many
//            become <_> (codec/pattern_merge.h).
// What a pattern is follows from the set of shapes alone, not from the order of the lines, as long
// as the limits below are not reached. Patterns of two sets of lines can be compared when one miner
// takes both: each line has one shape, each shape one pattern. With Options::baseline the shapes of
// that slot are merged first and those of other slots are fitted in behind; so what a word may vary
// to is learnt from the good run, and twenty new errors do not swallow one that was there before.
// Sources: AEL (Jiang, Hassan, Hamann, Flora: Abstracting Execution Logs to Execution Events, 2008)
//          for masking, parting and merging by the number of different words; IPLoM (Makanju,
//          Zincir-Heywood, Milios, KDD 2009) for parting by the place with fewest words; Drain (He,
//          Zhu, Zheng, Lyu, ICWS 2017), what Loki uses, for the look of the result. Drain's tree
//          itself depends on the order of the lines, so it is not used.
//
// Limits: kMaxShapes shapes are kept and kMaxTextBytes of their text and examples. When there are
// more, shapes are merged as in step 4 and then those that came least often are given up and
// counted as `other`. Lines are looked at up to PatternMask::kMaxLineBytes; lines that differ
// behind that are alike. Threads: one at a time. Errors: none. Cost: steps 1 and 2 are linear in
// the bytes and allocate nothing for a known shape; 3 and 4 cost
//       once per kMaxShapes / 2 new shapes, so the whole is linear in the lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/pattern_mask.h"

namespace glp::codec {

class PatternMiner {
 public:
  static constexpr size_t kMaxShapes = 50'000;
  static constexpr size_t kMaxTextBytes = 32 << 20;

  struct Options {
    size_t max_shapes = kMaxShapes;
    size_t max_text_bytes = kMaxTextBytes;
    std::optional<int64_t> baseline;  // a slot, see above
  };

  enum class Level { kUnknown, kError, kOther };  // what labels and fields of a line say
  struct Line {
    std::string_view text;
    int64_t ts_ns = 0;
    int64_t slot = 0;  // lines are counted by slot: a side of a comparison, a step of time
    Level level = Level::kUnknown;
  };

  struct Slot {
    int64_t slot = 0;
    uint64_t count = 0;
    uint64_t errors = 0;  // of these, by their level or else by what they say (pattern_words.h)
    int64_t first_ns = 0, last_ns = 0;
  };
  struct Pattern {
    std::string text;         // valid UTF-8 without control characters but tab
    uint64_t count = 0;       // of all slots
    std::vector<Slot> slots;  // by slot, ascending; none is empty
    std::string example;      // the earliest line of the last slot, cut as CutForPattern does
    std::string note;         // what the caller noted about the example
    int64_t example_ns = 0;   // its time
  };

  explicit PatternMiner(Options options);

  // Returns where to note something about the line, if it is an example now; else nullptr. Good
  // until the next call.
  std::string* Add(const Line& line);

  // By count, the most frequent first, equal ones by their text. More lines may be added behind it.
  std::vector<Pattern> Patterns() const;

  // Lines whose patterns were given up, by slot.
  const std::vector<Slot>& other() const { return other_; }
  uint64_t lines() const { return lines_; }

 private:
  struct Shape {
    uint64_t hash = 0;
    std::string text;
    bool says_error = false;
    uint64_t count = 0;
    std::vector<Slot> slots;
    std::string example, note;
    int64_t example_slot = 0, example_ns = 0;
  };

  Shape* FindOrMake(std::string_view text);
  void MakeRoom();
  void Rebuild();
  // The shapes with those of one pattern put together.
  std::deque<Shape> Merged(std::deque<Shape> shapes) const;
  static void Put(const Slot& from, std::vector<Slot>* slots);
  static void Join(Shape&& from, Shape* into);
  static size_t TextBytes(const Shape& shape) { return shape.text.size() + shape.example.size(); }

  Options options_;
  PatternMask mask_;
  std::deque<Shape> shapes_;
  size_t text_bytes_ = 0;
  std::vector<uint32_t> table_;  // open addressing: index into shapes_ + 1; 0: free
  std::vector<Slot> other_;
  uint64_t lines_ = 0;
};

}  // namespace glp::codec
