// A field (or label) takes the place of the line.
#pragma once

#include <string>
#include <utility>

#include "stages/build.h"
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

inline std::unique_ptr<Stage> ReadOutputStage(const codec::YamlNode& config,
                                              BuildContext& context) {
  codec::Given<std::string> source;
  codec::YamlMap map(config, "output", context.errors);
  map.Text("source", &source);
  map.Finish();
  if (!source) map.Error(map.place(), "output: expected a source");
  return std::make_unique<OutputStage>(source.value);
}

}  // namespace glp::stages
