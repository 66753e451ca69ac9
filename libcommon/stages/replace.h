// Replaces, in the line or in a field, the text of every group of every match of an expression by
// what a Go template makes of it: `.Value` is the text of the group, everything extracted is there,
// too. Of groups within groups the outer one is replaced. Named groups become fields with what came
// out for their first match. Without a group nothing is replaced. No match is no error.
// Errors: where the source is not there, the template fails or the result is too long, the entry
//         is unchanged, with the reason.
// Limits: 256 MiB of result.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/regex.h"
#include "codec/template.h"
#include "logql/line_search.h"
#include "stages/build.h"
#include "stages/stage.h"

namespace glp::stages {

class ReplaceStage : public Stage {
 public:
  static constexpr size_t kMaxResultBytes = 256 << 20;

  // `source`: field or label; "": the line.
  ReplaceStage(std::string_view expression, codec::GroupRegex regex, codec::Template replacement,
               std::string source);
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  struct NamedText {
    size_t begin = 0, end = 0;  // in texts_
    bool is_there = false;
  };
  bool Matches(std::string_view text) const;
  // Makes out_, and what the named groups become.
  Status Replace(std::string_view text, StageEntry& entry, StageRun& run, bool* matched);

  codec::GroupRegex regex_;
  std::shared_ptr<const logql::LineSearch> search_;  // the same, faster, to see that there is none
  codec::Template replacement_;
  std::string source_;
  std::string no_source_;
  std::string out_, texts_;
  std::vector<NamedText> named_;  // for each group
};

std::unique_ptr<Stage> ReadReplaceStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
