// Tells entries of a stream that are equal in time, line and metadata to one before, as they come
// in the order of time.
// Threads: one at a time. Cost: nothing but a comparison for a time that no other entry has; else
// two hashes of the text and memory for each entry of that time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/hash.h"

namespace glp::store {

class Repeats {
 public:
  // Whether an entry equal to this one came before. The views must be good until the next call,
  // or until Keep.
  bool Add(int64_t ts_ns, std::string_view line, std::string_view meta) {
    if (!any_ || ts_ns != ts_ns_) {
      if (!seen_.empty()) Forget();
      any_ = true;
      ts_ns_ = ts_ns;
      line_ = line;
      meta_ = meta;
      is_viewed_ = true;
      return false;
    }
    Keep();
    return !seen_.insert(HashOf(line, meta)).second;
  }
  // The text of the entry that came last is about to go.
  void Keep() {
    if (is_viewed_) seen_.insert(HashOf(line_, meta_));
    is_viewed_ = false;
  }
  // Another stream begins.
  void Clear() {
    any_ = is_viewed_ = false;
    Forget();
  }

 private:
  // 128 bits, so that different entries are never taken for equal ones.
  struct TextHash {
    uint64_t low;
    uint64_t high;
    bool operator==(const TextHash&) const = default;
  };
  struct First {
    size_t operator()(const TextHash& hash) const { return hash.low; }
  };
  static TextHash HashOf(std::string_view line, std::string_view meta) {
    return {Hash64(line, Hash64(meta, 1)), Hash64(line, Hash64(meta, 2))};
  }
  void Forget() {
    constexpr size_t kKeptBuckets = 1024;
    if (seen_.bucket_count() > kKeptBuckets) {
      seen_ = {};
    } else {
      seen_.clear();
    }
  }

  bool any_ = false;
  int64_t ts_ns_ = 0;
  // The first entry of the time, until another comes.
  bool is_viewed_ = false;
  std::string_view line_, meta_;
  std::unordered_set<TextHash, First> seen_;
};

}  // namespace glp::store
