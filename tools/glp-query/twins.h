// The entries of one point in time that several sources may have, so that each is given once:
// those with the same stream, line and metadata in different sources are one entry. Of a source
// that has it k times k are meant: the answer has as many as the source with the most.
// Lifetime: views of entries that were told must live until Clear or Own.
// Threads:  one at a time. Cost: a hash of the line and a look-up for each entry.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/arena.h"
#include "logql/source.h"

namespace glp::query {

class Twins {
 public:
  // Appends this one to `given`, unless it is there already: then its fields, which only records
  // have, go to the one that was given without any, as long as that is in `given`.
  // Sources come one after the other, `source` never goes back.
  void Give(const logql::Entry& entry, size_t source, std::vector<logql::Entry>* given);
  // What was given has gone.
  void Leave();
  bool empty() const { return known_.empty(); }
  void Clear();
  // Copies what it refers to.
  void Own();

 private:
  struct Known {
    const LabelSet* stream;
    std::string_view line, meta;
    uint64_t hash;
    size_t source;  // that `count` is of
    uint64_t count, given;
    size_t at;  // of the one given last
  };
  static constexpr size_t kFewEntries = 16;
  static constexpr size_t kGone = static_cast<size_t>(-1);

  Known* Find(const logql::Entry& entry, uint64_t hash);

  std::vector<Known> known_;
  std::unordered_multimap<uint64_t, size_t> by_hash_;  // once there are more than a few
  Arena arena_;
  size_t owned_ = 0;  // of known_, from the front
};

}  // namespace glp::query
