// Drops the lines for which everything holds that is asked for:
//   longer_than  the line has more bytes
//   older_than   its time stamp is further back than that
//   source       all of these names are there; with `expression` or `value`: the texts of those
//                that are, joined by the separator, match it or are it
//   expression   without a source: the line matches it (RE2, anywhere)
// What is dropped is counted under `drop_counter_reason`.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/regex.h"
#include "logql/line_search.h"
#include "stages/build.h"
#include "stages/stage.h"

namespace glp::stages {

class DropStage : public Stage {
 public:
  struct Options {
    std::vector<std::string> source;
    std::string separator = ";";
    std::optional<std::string> expression, value;
    std::optional<int64_t> older_than_ns;
    std::optional<uint64_t> longer_than_bytes;
    std::string reason = "drop_stage";
  };
  // Errors: Code::kUsage with RE2's reason.
  static Result<std::unique_ptr<DropStage>> Make(Options options);
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  explicit DropStage(Options options) : options_(std::move(options)) {}
  bool IsLonger(StageEntry& entry, StageRun& run) const;
  bool SourceHolds(StageEntry& entry);
  bool Matches(std::string_view text) const;

  Options options_;
  // One of them where there is an expression; the first is faster, but takes not all of Go's
  // spellings.
  std::shared_ptr<const logql::LineSearch> search_;
  std::optional<codec::GroupRegex> regex_;
  std::string joined_;
};

std::unique_ptr<Stage> ReadDropStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
