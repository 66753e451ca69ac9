// Takes these labels away; what was extracted stays.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "stages/build.h"
#include "stages/label_cache.h"
#include "stages/stage.h"

namespace glp::stages {

class LabelDropStage : public Stage {
 public:
  explicit LabelDropStage(std::vector<std::string> names);
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  std::vector<std::string> names_;
  LabelCache cache_;
};

std::unique_ptr<Stage> ReadLabelDropStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
