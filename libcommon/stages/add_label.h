// One label added to label sets: the result for a set and a value is found once.
// Lifetime: follows LabelTable::Clear by its generation. Threads: one at a time.
// Cost: a table look-up and a comparison of the value.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "record/labels.h"
#include "stages/entry.h"

namespace glp::stages {

class AddLabel {
 public:
  explicit AddLabel(std::string name) : name_(std::move(name)) {}

  const LabelSet* Apply(const LabelSet* labels, std::string_view value, LabelTable& table) {
    if (generation_ != table.generation()) {
      for (Slot& slot : slots_) slot.from = nullptr;
      generation_ = table.generation();
    }
    // Streams are few and their names differ in length or in the last letters (stdout, stderr).
    size_t spread = value.empty() ? 0 : static_cast<unsigned char>(value.back()) & 1;
    Slot& slot = slots_[(labels->id * 2 + spread) % slots_.size()];
    if (slot.from != labels || slot.value != value) {
      slot.to = table.FromLabels(With(labels->labels, value));
      slot.from = labels;
      slot.value = value;
    }
    return slot.to;
  }

  // And stages behind this one see it as extracted, though `fields` does not say it again.
  void ApplyAndExtract(StageEntry* entry, std::string_view value, LabelTable& table) {
    const bool same = entry->origin == entry->labels;
    entry->labels = Apply(entry->labels, value, table);
    entry->origin = same ? entry->labels : Apply(entry->origin, value, table);
  }

 private:
  struct Slot {
    const LabelSet* from = nullptr;
    const LabelSet* to = nullptr;
    std::string value;
  };

  Labels With(Labels labels, std::string_view value) const {
    labels.push_back({name_, std::string(value)});  // of equal names the last stays
    return labels;
  }

  std::string name_;
  uint64_t generation_ = 0;
  std::array<Slot, 1024> slots_;
};

}  // namespace glp::stages
