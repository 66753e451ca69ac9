// Stage `pattern`: Loki's `| pattern` (codec/pattern.h) into fields.
//   expression, or pattern: "<ip> - <_> [<_>] \"<method> <path>"
//   source: field or label to read; the line by default
// Fields: one for each named capture that the text reaches, as written. What a pattern does not fit
// at all or only in its beginning is marked; what was found stays.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "codec/pattern.h"
#include "stages/build.h"
#include "stages/stage.h"
#include "stages/text_source.h"

namespace glp::stages {

class PatternStage : public Stage {
 public:
  PatternStage(codec::PatternParser parser, TextSource source)
      : parser_(std::move(parser)), source_(std::move(source)) {}
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  codec::PatternParser parser_;
  TextSource source_;
  std::vector<std::string_view> values_;
};

std::unique_ptr<Stage> ReadPatternStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
