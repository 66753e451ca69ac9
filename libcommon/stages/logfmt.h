// Values of a logfmt line into fields, by key. Where the line stops being logfmt what was read
// before stays and the entry is marked. Of equal keys in a line the last counts.
// A key may feed several fields; where promtail is followed, only the one named last (promtail
// takes any of them).
#pragma once

#include <cstdint>
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
    bool as_promtail = false;
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
