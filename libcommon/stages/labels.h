// What was extracted becomes labels. A name that is not there sets no label and is no error: level
// and the like often are not there.
// Errors: a value that is not UTF-8 can be no label: the others are set, the entry has the reason.
// Cost:   one look-up in a cache by label set and values; by label set alone where all fields come
//         from a label of the set (SharedFields).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stages/build.h"
#include "stages/label_cache.h"
#include "stages/stage.h"

namespace glp::stages {

class LabelsStage : public Stage {
 public:
  explicit LabelsStage(std::vector<NamedSource> labels);
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  // Makes key_, which tells all that the result depends on besides the labels.
  void MakeKey(StageEntry& entry);

  std::vector<NamedSource> labels_;
  LabelCache cache_;
  std::string key_;
  bool all_utf8_ = true;  // what key_ was made of
};

// Takes the sources of `labels` and `structured_metadata`; refuses names that are no labels.
std::vector<NamedSource> ReadLabelSources(const codec::YamlNode& config, std::string_view stage,
                                          BuildContext& context);

std::unique_ptr<Stage> ReadLabelsStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
