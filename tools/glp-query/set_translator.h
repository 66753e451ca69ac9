// Label sets of another table as sets of one's own: sources that merge or outlive other tables
// need pointers and ids that stay unique and good.
// Lifetime: returned sets live as long as `own`. Threads: one at a time.
#pragma once

#include <unordered_map>

#include "record/labels.h"

namespace glp::query {

class SetTranslator {
 public:
  explicit SetTranslator(LabelTable* own) : own_(own) {}

  const LabelSet* Translate(const LabelSet* foreign) {
    if (foreign == last_foreign_) return last_own_;
    auto [it, added] = known_.try_emplace(foreign, nullptr);
    if (added) it->second = own_->FromLabels(foreign->labels);
    last_foreign_ = foreign;
    last_own_ = it->second;
    return last_own_;
  }

  // The foreign table was cleared: its pointers may come again with other labels.
  void Forget() {
    known_.clear();
    last_foreign_ = nullptr;
  }

 private:
  LabelTable* own_;
  std::unordered_map<const LabelSet*, const LabelSet*> known_;
  const LabelSet* last_foreign_ = nullptr;
  const LabelSet* last_own_ = nullptr;
};

}  // namespace glp::query
