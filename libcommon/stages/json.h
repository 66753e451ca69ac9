// Values of a JSON object into fields, by JMESPath expressions (codec/json_expressions.h).
// A line that is no JSON object is marked, or dropped where drop_malformed says so (`null`, which
// promtail takes for an object without keys, is only marked).
// Where promtail is followed, a name whose expression finds nothing is null from then on: what was
// extracted under it before, or a label of that name, is not seen behind the stage.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "codec/json_expressions.h"
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
    bool drop_malformed = false;
    bool as_promtail = false;
  };
  // Errors: Code::kUsage for an expression that is not understood.
  static Result<std::unique_ptr<JsonStage>> Make(Options options);
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  explicit JsonStage(Options options)
      : options_(std::move(options)), expressions_({options_.as_promtail}) {}

  Options options_;
  std::string no_source_;
  codec::JsonExpressions expressions_;
  std::vector<codec::JsonValue> values_;
};

std::unique_ptr<Stage> ReadJsonStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
