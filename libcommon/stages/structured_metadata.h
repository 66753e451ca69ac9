// What was extracted, else a label, becomes structured metadata; a label that was asked for is
// none any more. A name that is nowhere is no error.
// Errors: a value that is not UTF-8 is left out, with the reason.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "stages/build.h"
#include "stages/label_cache.h"
#include "stages/stage.h"

namespace glp::stages {

class StructuredMetadataStage : public Stage {
 public:
  explicit StructuredMetadataStage(std::vector<NamedSource> names) : names_(std::move(names)) {}
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  std::vector<NamedSource> names_;
  LabelCache cache_;
};

std::unique_ptr<Stage> ReadStructuredMetadataStage(const codec::YamlNode& config,
                                                   BuildContext& context);

}  // namespace glp::stages
