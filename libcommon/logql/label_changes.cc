// | drop and | keep: labels out of the way, by name or where their value matches.

#include <algorithm>

#include "logql/pipeline_stage.h"

namespace glp::logql {
namespace {

struct Wanted {
  LabelNames::Id id;
  std::optional<Matcher> matcher;
  bool Matches(std::string_view value) const { return !matcher || matcher->Matches(value); }
};

std::vector<Wanted> Compile(const std::vector<NameOrMatcher>& labels, LabelNames* names) {
  std::vector<Wanted> out;
  for (const NameOrMatcher& label : labels)
    out.push_back({names->Intern(label.name), label.matcher});
  return out;
}

class DropStage : public PipelineStage {
 public:
  explicit DropStage(std::vector<Wanted> labels) : labels_(std::move(labels)) {}

  bool Run(StageLine*, LabelsBuilder* labels) override {
    for (const Wanted& wanted : labels_) {
      if (wanted.id == LabelNames::kError) {
        if (wanted.Matches(labels->error())) labels->ClearError();
      } else if (wanted.id == LabelNames::kErrorDetails) {
        if (wanted.Matches(labels->error_details())) labels->ClearErrorDetails();
      }
      const std::optional<std::string_view> value = labels->Get(wanted.id);
      if (value && wanted.Matches(*value)) labels->Delete(wanted.id);
    }
    return true;
  }

 private:
  const std::vector<Wanted> labels_;
};

class KeepStage : public PipelineStage {
 public:
  explicit KeepStage(std::vector<Wanted> labels) : labels_(std::move(labels)) {}

  bool Run(StageLine*, LabelsBuilder* labels) override {
    gone_.clear();
    for (const LabelsBuilder::Item& item : labels->Sorted()) {
      if (item.id <= LabelNames::kPreserveError) continue;
      const bool keep = std::any_of(labels_.begin(), labels_.end(), [&](const Wanted& wanted) {
        return wanted.id == item.id && wanted.Matches(item.value);
      });
      if (!keep) gone_.push_back(item.id);
    }
    for (const LabelNames::Id id : gone_) labels->Delete(id);
    return true;
  }

 private:
  const std::vector<Wanted> labels_;
  std::vector<LabelNames::Id> gone_;
};

}  // namespace

StageResult MakeStage(const DropLabels& drop, const StageContext& context) {
  return std::unique_ptr<PipelineStage>(
      std::make_unique<DropStage>(Compile(drop.labels, &context.labels->names())));
}

StageResult MakeStage(const KeepLabels& keep, const StageContext& context) {
  return std::unique_ptr<PipelineStage>(
      std::make_unique<KeepStage>(Compile(keep.labels, &context.labels->names())));
}

}  // namespace glp::logql
