// Lets a share of the lines pass, by chance. Not every n-th line: logs have rhythms (of two lines a
// request always the same would be dropped). The chance is seeded anew in each process, else many
// short runs would all decide the same.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "stages/build.h"
#include "stages/stage.h"

namespace glp::stages {

class SamplingStage : public Stage {
 public:
  static constexpr std::string_view kReason = "sampling_stage";
  // `rate`: 0 to 1. `number`: another one for each stage, which then decide on their own.
  SamplingStage(double rate, uint64_t number, std::string reason = std::string(kReason));
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  uint64_t Next();

  double rate_;
  std::string reason_;
  uint64_t state_;
  bool is_seeded_ = false;
};

std::unique_ptr<Stage> ReadSamplingStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
