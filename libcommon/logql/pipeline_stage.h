// One stage of a compiled pipeline, and how each kind is made. What a stage holds is compiled once;
// running it allocates nothing for a line like those before it.
// Lifetime: a stage owns what it needs; the pipeline's LabelsBuilder must outlive it.
// Threads:  one at a time.
// Errors:   of the Make functions: Code::kUsage in Loki's words, without the stage's text.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "logql/expr.h"
#include "logql/labels_builder.h"

namespace glp::logql {

inline constexpr std::string_view kJsonError = "JSONParserErr";
inline constexpr std::string_view kLogfmtError = "LogfmtParserErr";
inline constexpr std::string_view kLabelFilterError = "LabelFilterErr";
inline constexpr std::string_view kTemplateError = "TemplateFormatErr";
inline constexpr std::string_view kUnwrapError = "SampleExtractionErr";

// The labels that somebody behind a stage looks at.
class NeededLabels {
 public:
  bool all = true;
  // A parser may stop where it has found them all, though what follows may be broken; else it looks
  // at the rest of the line, too.
  bool may_stop = false;

  void Add(std::string_view name);
  bool Has(std::string_view name) const;
  // Whether any begins with this text.
  bool HasPrefix(std::string_view prefix) const;
  bool empty() const { return !all && names_.empty(); }
  const std::vector<std::string>& names() const { return names_; }  // where not all
  // How many of them a parser can set in this entry: a name of the stream or the metadata is taken.
  // SIZE_MAX where all are needed.
  size_t CountFresh(LabelsBuilder* labels) const;

 private:
  std::vector<std::string> names_;
};

struct StageContext {
  LabelsBuilder* labels;
  NeededLabels needed;  // behind this stage
  int64_t now_ns = 0;
  double* sample = nullptr;  // where an unwrap leaves the entry's number
  uint64_t max_distinct = UINT64_MAX;
};

// The line as the stages hand it on.
struct StageLine {
  int64_t ts_ns;
  std::string_view text;
};

class PipelineStage {
 public:
  virtual ~PipelineStage() = default;
  // False: the entry goes no further. `line` may be given another text, which lives until the
  // stage's next call.
  virtual bool Run(StageLine* line, LabelsBuilder* labels) = 0;
  // What ended it: Code::kLimit. It lets nothing pass any more.
  virtual Status status() const { return Status::Ok(); }
  // Ids of labels that are not kept (LabelNames::Keep) are forgotten.
  virtual void ForgetNames() {}
};

using StageResult = Result<std::unique_ptr<PipelineStage>>;
StageResult MakeStage(const LineFilter& filter, const StageContext& context);
StageResult MakeStage(const JsonParser& json, const StageContext& context);
StageResult MakeStage(const LogfmtParser& logfmt, const StageContext& context);
StageResult MakeStage(const RegexpParser& regexp, const StageContext& context);
StageResult MakeStage(const PatternStage& pattern, const StageContext& context);
StageResult MakeStage(const UnpackParser& unpack, const StageContext& context);
StageResult MakeStage(const LabelFilter& filter, const StageContext& context);
StageResult MakeStage(const LineFormat& format, const StageContext& context);
StageResult MakeStage(const LabelFormat& format, const StageContext& context);
StageResult MakeStage(const Decolorize& decolorize, const StageContext& context);
StageResult MakeStage(const DropLabels& drop, const StageContext& context);
StageResult MakeStage(const KeepLabels& keep, const StageContext& context);
StageResult MakeStage(const DistinctLabels& distinct, const StageContext& context);
StageResult MakeStage(const Unwrap& unwrap, const StageContext& context);
StageResult MakeJsonExpressions(const JsonParser& json, const StageContext& context);
StageResult MakeLogfmtExpressions(const LogfmtParser& logfmt, const StageContext& context);

// What each stage reads and makes, from the back of the pipeline: `needed` is what is needed behind
// the stage and becomes what is needed in front of it.
void NeedInFrontOf(const Stage& stage, NeededLabels* needed);

}  // namespace glp::logql
