// Stage `decolorize`: ANSI escape sequences are taken out of the line (codec/decolorize.h), or of
// the field that `source` names, where it then stands. Without options it is promtail's.
#pragma once

#include <memory>
#include <string>

#include "stages/build.h"
#include "stages/stage.h"

namespace glp::stages {

class DecolorizeStage : public Stage {
 public:
  explicit DecolorizeStage(std::string source);
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  std::string source_;  // "": the line
  std::string no_source_;
  std::string scratch_;
};

std::unique_ptr<Stage> ReadDecolorizeStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
