// absent_over_time: 1 at each step whose window has no entry, under the labels that the selector
// asks for by `=`. Also the constants, which have a value at every step.

#include <limits>
#include <map>
#include <set>

#include "logql/cancel_check.h"
#include "logql/step_evaluator.h"

namespace glp::logql {
namespace {

const Grouping kAllTogether;

class ConstantEvaluator : public StepEvaluator {
 public:
  ConstantEvaluator(double value, const EvalContext& context)
      : point_{context.labels->FromLabels({}), value},
        count_(context.steps.count),
        check_(context.params->cancelled) {}

  Result<bool> Next(uint64_t* step, std::vector<Point>* points) override {
    points->clear();
    if (next_ == count_) return false;
    // Operators may refuse every one of them.
    if (check_.Stops(kStepWork)) return CancelledError();
    *step = next_++;
    points->push_back(point_);
    return true;
  }

 private:
  const Point point_;
  const uint64_t count_;
  CancelCheck check_;
  uint64_t next_ = 0;
};

class AbsentEvaluator : public StepEvaluator {
 public:
  AbsentEvaluator(const LabelSet* labels, std::unique_ptr<StepEvaluator> inner,
                  const EvalContext& context)
      : labels_(labels), inner_(std::move(inner)), context_(context) {}

  Result<bool> Next(uint64_t* step, std::vector<Point>* points) override {
    points->clear();
    for (; next_ < context_.steps.count; ++next_) {
      if (is_behind_) {
        std::vector<Point> present;
        GLP_ASSIGN_OR_RETURN(const bool any, inner_->Next(&present_at_, &present));
        if (!any) present_at_ = std::numeric_limits<uint64_t>::max();
        is_present_ = !present.empty();
        is_behind_ = false;
      }
      if (next_ == present_at_) {
        is_behind_ = true;
        if (is_present_) continue;
      }
      *step = next_++;
      points->push_back({labels_, 1});
      return true;
    }
    return false;
  }

 private:
  const LabelSet* labels_;
  std::unique_ptr<StepEvaluator> inner_;
  const EvalContext& context_;
  uint64_t next_ = 0;
  uint64_t present_at_ = 0;  // the next step at which there may be something
  bool is_present_ = false;  // there is
  bool is_behind_ = true;    // present_at_ is to be found
};

// A name that any other matcher has, or a second one, says nothing of what is missing.
Labels LabelsOf(const std::vector<Matcher>& matchers) {
  std::map<std::string, std::string> named;
  std::set<std::string> unclear;
  for (const Matcher& matcher : matchers) {
    const bool is_equal = matcher.op == Matcher::Op::kEqual;
    if (!is_equal || !named.emplace(matcher.name, matcher.value).second) {
      unclear.insert(matcher.name);
    }
  }
  Labels labels;
  for (const auto& [name, value] : named) {
    if (unclear.count(name) == 0 && !value.empty()) labels.push_back({name, value});
  }
  return labels;
}

}  // namespace

Result<std::unique_ptr<StepEvaluator>> MakeAbsentEvaluator(const RangeAggregation& range,
                                                           const EvalContext& context) {
  GLP_ASSIGN_OR_RETURN(std::unique_ptr<StepEvaluator> inner,
                       MakeRangeEvaluator(range, &kAllTogether, context));
  return std::unique_ptr<StepEvaluator>(std::make_unique<AbsentEvaluator>(
      context.labels->FromLabels(LabelsOf(range.log.matchers)), std::move(inner), context));
}

std::unique_ptr<StepEvaluator> MakeConstantEvaluator(double value, const EvalContext& context) {
  return std::make_unique<ConstantEvaluator>(value, context);
}

}  // namespace glp::logql
