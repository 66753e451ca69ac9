// Values of a JSON object into fields, by paths (codec/json.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "codec/json.h"
#include "stages/build.h"
#include "stages/stage.h"

namespace glp::stages {

class JsonStage : public Stage {
 public:
  struct Expression {
    std::string field;
    std::string path;
  };
  struct Options {
    std::vector<Expression> expressions;
    std::string source;  // field or label; "": the line
  };
  // Errors: Code::kUsage for a path that is not understood.
  static Result<std::unique_ptr<JsonStage>> Make(Options options);
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  explicit JsonStage(Options options) : options_(std::move(options)) {}
  Options options_;
  std::string no_source_;
  codec::JsonExtractor extractor_;
  std::vector<codec::JsonValue> values_;
};

std::unique_ptr<Stage> ReadJsonStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
