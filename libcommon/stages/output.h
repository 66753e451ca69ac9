// A field (or label) takes the place of the line.
#pragma once

#include <string>
#include <utility>

#include "stages/stage.h"

namespace glp::stages {

class OutputStage : public Stage {
 public:
  explicit OutputStage(std::string source)
      : source_(std::move(source)), no_source_("output: no field or label '" + source_ + "'") {}

  Verdict Process(StageEntry& entry, StageRun&) override {
    if (auto value = entry.Value(source_)) {
      entry.SetLine(Line::Bytes(*value));
    } else {
      Fail(entry, no_source_);
    }
    return Verdict::kPass;
  }

 private:
  std::string source_;
  std::string no_source_;
};

}  // namespace glp::stages
