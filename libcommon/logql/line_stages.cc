// The stages that look at the line alone: filters, and | decolorize.

#include "codec/decolorize.h"
#include "logql/pipeline_stage.h"

namespace glp::logql {
namespace {

class LineFilterStage : public PipelineStage {
 public:
  explicit LineFilterStage(LineFilter filter) : filter_(std::move(filter)) {}
  bool Run(StageLine* line, LabelsBuilder*) override { return filter_.Passes(line->text); }

 private:
  const LineFilter filter_;
};

class DecolorizeStage : public PipelineStage {
 public:
  bool Run(StageLine* line, LabelsBuilder*) override {
    line->text = codec::Decolorize(line->text, &scratch_);
    return true;
  }

 private:
  std::string scratch_;
};

}  // namespace

StageResult MakeStage(const LineFilter& filter, const StageContext&) {
  LineFilter prepared = filter;
  GLP_RETURN_IF_ERROR(PrepareLineFilter(&prepared));
  return std::unique_ptr<PipelineStage>(std::make_unique<LineFilterStage>(std::move(prepared)));
}

StageResult MakeStage(const Decolorize&, const StageContext&) {
  return std::unique_ptr<PipelineStage>(std::make_unique<DecolorizeStage>());
}

}  // namespace glp::logql
