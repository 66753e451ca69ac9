// What a stage makes of a label set, found once for each set and key: the bytes that, besides the
// labels, decide about the result ("" where the labels alone do).
//
//   entry.labels = cache_.Get(entry.labels, value, run.labels, [&] { return With(value); });
//
// Lifetime: follows LabelTable::Clear by its generation. Threads: one at a time.
// Cost:     a hash of the key, a look-up and a comparison. Of two that share a slot the last stays;
//           long keys are not kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "record/labels.h"

namespace glp::stages {

class LabelCache {
 public:
  // `make` gives the Labels of the result, in any order; of equal names the last stays.
  template <typename Make>
  const LabelSet* Get(const LabelSet* from, std::string_view key, LabelTable& table, Make make) {
    if (key.size() > kMaxKeyBytes) return table.FromLabels(make());
    if (generation_ != table.generation() || slots_.empty()) {
      slots_.assign(kSlots, {});
      generation_ = table.generation();
    }
    const uint64_t spread = key.empty() ? 0 : Hash64(key);
    Slot& slot = slots_[(from->id + spread) % kSlots];
    if (slot.from != from || slot.key != key) {
      slot.to = table.FromLabels(make());
      slot.from = from;
      slot.key = key;
    }
    return slot.to;
  }

 private:
  static constexpr size_t kSlots = 4096;
  static constexpr size_t kMaxKeyBytes = 1024;
  struct Slot {
    const LabelSet* from = nullptr;
    const LabelSet* to = nullptr;
    std::string key;
  };

  uint64_t generation_ = 0;
  std::vector<Slot> slots_;
};

}  // namespace glp::stages
