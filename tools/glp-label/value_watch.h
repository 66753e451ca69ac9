// Tells when a label has more values than it should, and which are the most frequent: what a server
// would refuse as too many streams.
//
//   watch.Count(*set);                       // for each record
//   if (!watch.warnings().empty()) …         // said once a label
//   watch.Fold();                            // before the label sets go
//
// Counting is by label set, one number each; labels are only looked at when a set is seen first and
// when something is to be said, exactly then for sets of the table's generation. What earlier ones
// had is kept in space-saving counters, so frequencies of very many values are upper bounds.
// Lifetime: counted sets stay until Fold. Threads: one at a time.
// Memory:   some 40 bytes a value up to the limit, a counter for each of 64 values, for at most
// 1,000
//           labels; longer values are shown in part.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "record/labels.h"

namespace glp::label {

// The most frequent of very many texts, in little memory: where all counters are taken, the
// smallest one goes to the new text and goes on counting from where it was.
// Source: Metwally, Agrawal, El Abbadi, "Efficient Computation of Frequent and Top-k Elements in
// Data Streams" (2005).
class SpaceSaving {
 public:
  explicit SpaceSaving(size_t counters) : limit_(counters) {}
  void Add(std::string_view text, uint64_t count);
  // The most frequent first; counts are not too small.
  std::vector<std::pair<std::string, uint64_t>> Top(size_t count) const;

 private:
  size_t limit_;
  StringMap<uint64_t> counters_;
};

class ValueWatch {
 public:
  explicit ValueWatch(uint64_t max_values) : max_values_(max_values) {}

  void Count(const LabelSet& set) {
    if (set.id >= sets_.size()) sets_.resize(set.id + 1);
    Seen& seen = sets_[set.id];
    ++seen.records;
    if (seen.set == nullptr) {
      seen.set = &set;
      Meet(set);
    }
  }
  // What is to be said and was not taken yet, a sentence each.
  std::vector<std::string> TakeWarnings() { return std::exchange(warnings_, {}); }
  bool has_warnings() const { return !warnings_.empty(); }
  // All label sets are about to go.
  void Fold();

 private:
  struct Seen {
    const LabelSet* set = nullptr;
    uint64_t records = 0;
  };
  struct Watched {
    std::unordered_set<uint64_t> values;  // hashes, until there are too many
    SpaceSaving frequent{64};
    bool warned = false;
  };
  void Meet(const LabelSet& set);
  void Warn(std::string_view name, const Watched& watched);

  uint64_t max_values_;
  std::vector<Seen> sets_;  // by LabelSet::id
  StringMap<Watched> labels_;
  bool warned_of_names_ = false;
  std::vector<std::string> warnings_;
};

}  // namespace glp::label
