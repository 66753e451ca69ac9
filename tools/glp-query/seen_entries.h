// Which entries were given already, by time, line and all labels, so that what a server tells twice
// is given once. Metadata and what was parsed count as labels: servers merge them or keep them
// apart.
// Threads: one at a time. Cost: 64 bytes an entry, of which the latest `most` in time are kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <unordered_map>

#include "logql/source.h"

namespace glp::query {

class SeenEntries {
 public:
  explicit SeenEntries(size_t most = size_t{1} << 20) : most_(most) {}

  // Notes the entry; false where it was there.
  bool Add(const logql::Entry& entry);
  // Those before this time are not asked for any more.
  void Forget(int64_t before_ns);
  // Entries before this time may have been forgotten.
  int64_t floor_ns() const { return floor_ns_; }
  size_t size() const { return times_.size(); }

 private:
  struct Key {
    uint64_t a, b;  // two hashes: chance must not hide a line
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const { return key.a; }
  };
  static Key KeyOf(const logql::Entry& entry);
  // Of the labels, in any order.
  static Key LabelsKey(const logql::Entry& entry);

  const size_t most_;
  std::unordered_map<Key, int64_t, KeyHash> times_;
  int64_t floor_ns_ = std::numeric_limits<int64_t>::min();
  size_t next_sweep_ = 1024;
  int64_t wanted_from_ns_ = std::numeric_limits<int64_t>::min();
};

}  // namespace glp::query
