// | unwrap label: the number that an entry gives to a range aggregation. An entry without the label
// is left out; a value that is no number is 0 and sets __error__.

#include "base/time.h"
#include "logql/label_value.h"
#include "logql/pipeline_stage.h"

namespace glp::logql {
namespace {

std::optional<double> Convert(Unwrap::Conversion conversion, std::string_view text) {
  switch (conversion) {
    case Unwrap::Conversion::kNone:
      return ParseFloatValue(text);
    case Unwrap::Conversion::kBytes: {
      const auto bytes = ParseBytesValue(text);
      return bytes ? std::optional<double>(static_cast<double>(*bytes)) : std::nullopt;
    }
    case Unwrap::Conversion::kDuration:
    case Unwrap::Conversion::kDurationSeconds:
      break;
  }
  const auto duration_ns = ParseDurationValue(text);
  if (!duration_ns) return std::nullopt;
  // Whole seconds and the rest apart, as Go does it: no digit gets lost.
  return static_cast<double>(*duration_ns / kNsPerSecond) +
         static_cast<double>(*duration_ns % kNsPerSecond) / static_cast<double>(kNsPerSecond);
}

std::string_view Wanted(Unwrap::Conversion conversion) {
  static constexpr std::string_view kWords[] = {"a number", "a size in bytes", "a duration",
                                                "a duration"};
  return kWords[static_cast<int>(conversion)];
}

class UnwrapStage : public PipelineStage {
 public:
  UnwrapStage(LabelNames::Id id, Unwrap::Conversion conversion, double* sample)
      : id_(id), conversion_(conversion), sample_(sample) {}

  bool Run(StageLine*, LabelsBuilder* labels) override {
    const std::optional<std::string_view> text = labels->Get(id_);
    if (!text || text->empty()) return false;
    const std::optional<double> value = Convert(conversion_, *text);
    *sample_ = value.value_or(0);
    if (!value) {
      labels->SetError(kUnwrapError,
                       "not " + std::string(Wanted(conversion_)) + ": " + std::string(*text));
    }
    return true;
  }

 private:
  const LabelNames::Id id_;
  const Unwrap::Conversion conversion_;
  double* const sample_;
};

}  // namespace

StageResult MakeStage(const Unwrap& unwrap, const StageContext& context) {
  return std::unique_ptr<PipelineStage>(std::make_unique<UnwrapStage>(
      context.labels->names().Intern(unwrap.label), unwrap.conversion, context.sample));
}

}  // namespace glp::logql
