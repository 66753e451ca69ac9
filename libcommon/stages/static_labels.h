// Labels that are the same for every line. One without a value is left out.
#pragma once

#include <memory>
#include <utility>

#include "record/labels.h"
#include "stages/build.h"
#include "stages/label_cache.h"
#include "stages/stage.h"

namespace glp::stages {

class StaticLabelsStage : public Stage {
 public:
  explicit StaticLabelsStage(Labels labels) : labels_(std::move(labels)) {}
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  Labels labels_;
  LabelCache cache_;
};

std::unique_ptr<Stage> ReadStaticLabelsStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
