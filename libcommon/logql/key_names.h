// From the keys of lines to names of labels: sanitised, and for nested keys joined by '_'. A key is
// worked on once; where a line has the keys of the line before in the same order, finding them is
// one comparison each.
// Lifetime: a node is good until the next BeginLine. Threads: one at a time.
// Limits:   a quarter of a million keys and 64 MB of names in one line; those of older lines are
//           forgotten when they are many.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "logql/label_names.h"
#include "logql/pipeline_stage.h"

namespace glp::logql {

class KeyNames {
 public:
  struct Key {
    LabelNames::Id id = LabelNames::kNone;  // kNone: a key that gives no label
    bool is_bad = false;                    // its escapes are not valid
    bool is_exact = false;                  // the name is the key itself
    // Somebody needs a label of this name, of NAME_extracted, of a name that begins so.
    bool needed = true, extracted_needed = true, below_needed = true;

   private:
    friend class KeyNames;
    Key* parent = nullptr;
    std::string raw, name;
    uint64_t hash = 0;
    Key* first = nullptr;  // inside of it, when last seen
    Key* next = nullptr;   // behind it, when last seen
  };

  KeyNames(LabelNames* names, const NeededLabels* needed);

  void BeginLine();
  void Clear();
  // The key `raw` (as it stands in the line; `has_escapes`: JSON's) inside of `parent` (nullptr:
  // at the top) behind `before` (nullptr: the first). nullptr where there are too many.
  const Key* Find(const Key* parent, const Key* before, std::string_view raw, bool has_escapes);

 private:
  static constexpr size_t kMaxKept = 1 << 16;
  static constexpr size_t kMaxKeys = 1 << 18;
  static constexpr size_t kMaxBytes = 64 << 20;

  Key* Lookup(Key* parent, std::string_view raw, bool has_escapes);
  Key* Make(Key* parent, std::string_view raw, bool has_escapes, uint64_t hash);
  void Rehash();

  LabelNames* names_;
  const NeededLabels* needed_;
  Key root_;
  std::deque<Key> keys_;
  std::vector<Key*> table_;  // open addressing, a power of two
  size_t bytes_ = 0;
};

}  // namespace glp::logql
