// Named groups of a regular expression into fields (codec/regex.h). Where the source is not the
// line, the expression runs once for each label set or, if the source is a field, for each of the
// values that keep coming (a path that an earlier stage found).
#pragma once

#include <array>
#include <cstdint>
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
    // Of groups of one name the last one's text, also where it took no part.
    bool as_promtail = false;
  };
  // Errors: Code::kUsage with RE2's reason.
  static Result<std::unique_ptr<RegexStage>> Make(Options options);
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  struct LabelSlot {
    const LabelSet* labels = nullptr;
    std::unique_ptr<const SharedFields> fields;  // none: no match
  };
  struct ValueSlot {
    uint64_t hash = 0;
    uint64_t seen = 0;  // hash of the value that came last and is not the one kept
    std::string value;
    bool is_kept = false;
    std::unique_ptr<const SharedFields> fields;  // none: no match
  };

  RegexStage(Options options, codec::GroupRegex regex);
  void OfText(StageEntry& entry, std::string_view text);
  void OfField(StageEntry& entry, std::string_view value);
  void OfLabel(StageEntry& entry, std::string_view value, const LabelTable& table);
  void Give(StageEntry& entry, const SharedFields* fields);
  // nullptr: no match.
  std::unique_ptr<const SharedFields> Find(std::string_view text);

  Options options_;
  codec::GroupRegex regex_;
  std::string no_source_;
  std::vector<std::string_view> values_;
  uint64_t generation_ = 0;
  std::array<LabelSlot, 1024> labels_;
  std::array<ValueSlot, 256> kept_;
};

std::unique_ptr<Stage> ReadRegexStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
