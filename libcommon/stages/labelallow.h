// Keeps these labels and takes away all others; what was extracted stays.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "stages/build.h"
#include "stages/label_cache.h"
#include "stages/stage.h"

namespace glp::stages {

class LabelAllowStage : public Stage {
 public:
  explicit LabelAllowStage(std::vector<std::string> names);
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  std::vector<std::string> names_;
  LabelCache cache_;
};

std::unique_ptr<Stage> ReadLabelAllowStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
