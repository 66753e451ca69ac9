// Stages for some of the entries only: those that a LogQL selector with its pipeline finds, or none
// at all (action drop). The stages of its block stand behind it in the pipeline's list; what the
// selector does not find goes on behind them.
//
// An entry that enters the block has its labels of then extracted anew, as promtail has it:
// `source` and the like see their values, also where a field of that name was extracted before.
// as_promtail: matchers and the line filters |= != |~ !~ with one text each; else every log query.
// Parsers, filters and formats in the selector only decide: the entry keeps its line and labels.
// Threads:  one at a time. Cost: the matchers are asked once for each set of labels.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "logql/expr.h"
#include "logql/pipeline.h"
#include "stages/build.h"
#include "stages/stage.h"

namespace glp::stages {

class MatchStage : public Stage {
 public:
  struct Options {
    std::string selector;
    bool drop = false;
    std::string drop_reason = "match_stage";
    bool as_promtail = false;
  };
  // Errors: Code::kUsage for a selector that is none.
  static Result<std::unique_ptr<MatchStage>> Make(Options options);
  void set_block(size_t stages) { block_ = stages; }

  Verdict Process(StageEntry& entry, StageRun& run) override;
  size_t block() const override { return block_; }

 private:
  MatchStage(Options options, logql::LogExpr query, logql::Pipeline pipeline);
  bool Finds(StageEntry& entry, StageRun& run);
  void ExtractLabels(StageEntry& entry, LabelTable& table);

  struct Answer {
    const LabelSet* labels = nullptr;
    bool matches = false;
  };
  struct Union {
    const LabelSet* origin = nullptr;
    const LabelSet* labels = nullptr;
    const LabelSet* both = nullptr;
  };
  Options options_;
  const logql::LogExpr query_;
  logql::Pipeline pipeline_;
  bool asks_for_names_ = false;  // its pipeline has more than line filters
  size_t block_ = 0;
  uint64_t generation_ = 0;
  std::array<Answer, 1024> answers_;
  std::array<Union, 256> unions_;
  std::string meta_, fields_;
};

void ReadMatchStage(const codec::YamlNode& config, BuildContext& context, StageList* out);

}  // namespace glp::stages
