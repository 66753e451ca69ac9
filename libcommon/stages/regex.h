// Named groups of a regular expression into fields (codec/regex.h). Where the source is a label,
// the expression runs once for each label set.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/regex.h"
#include "stages/build.h"
#include "stages/stage.h"

namespace glp::stages {

class RegexStage : public Stage {
 public:
  struct Options {
    std::string expression;
    std::string source;  // field or label; "": the line
  };
  // Errors: Code::kUsage with RE2's reason.
  static Result<std::unique_ptr<RegexStage>> Make(Options options);
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  struct Slot {
    const LabelSet* labels = nullptr;
    std::unique_ptr<const SharedFields> fields;  // none: no match
  };

  RegexStage(Options options, codec::GroupRegex regex);
  const SharedFields* OfLabel(const LabelSet* labels, std::string_view value, LabelTable& table);

  Options options_;
  codec::GroupRegex regex_;
  std::string no_source_;
  std::vector<std::string_view> values_;
  uint64_t generation_ = 0;
  std::array<Slot, 1024> slots_;
};

std::unique_ptr<Stage> ReadRegexStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
