// Values of a logfmt line into fields, by key. Where the line stops being logfmt what was read
// before stays and the entry is marked.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "stages/build.h"
#include "stages/stage.h"

namespace glp::stages {

class LogfmtStage : public Stage {
 public:
  struct Mapping {
    std::string field;
    std::string key;
  };
  struct Options {
    std::vector<Mapping> mapping;
    std::string source;  // field or label; "": the line
  };
  explicit LogfmtStage(Options options);
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  Options options_;
  std::string no_source_;
  std::string scratch_;
};

std::unique_ptr<Stage> ReadLogfmtStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
