// An entry that a stage holds back: all of it copied, so that it outlives the batch, the arena and
// a LabelTable::Clear.
//
//   held.Take(entry, run);            // when the stage answers kHeld
//   StageEntry out;
//   held.Give(&out, run);             // later; then run.Emit(out)
//
// Lifetime: the entry given back views `held` and the arena: good until either changes.
// Threads:  one at a time.
// Cost:     taking one after the other of the same stream copies its labels once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "record/labels.h"
#include "stages/stage.h"

namespace glp::stages {

struct HeldEntry {
  void Take(StageEntry& entry, StageRun& run);
  void Give(StageEntry* entry, StageRun& run) const;
  // Bytes of text held.
  size_t size() const {
    return line.size() + fields.size() + meta.size() + src.size() + extra.size();
  }

  std::string line;  // its bytes
  Labels labels, origin;
  int64_t ts_ns = 0;
  std::string fields, meta;  // JSON
  std::string src, extra;
  uint64_t number = 0;

 private:
  // What a field holds that is not in the JSON.
  struct Unrendered {
    std::string name, value;
    Field::Kind kind;
  };
  std::vector<Unrendered> unrendered_;
  // The sets that `labels` and `origin` are, while the table is of this generation.
  uint64_t generation_ = 0;
  const LabelSet* labels_set_ = nullptr;
  const LabelSet* origin_set_ = nullptr;
};

}  // namespace glp::stages
