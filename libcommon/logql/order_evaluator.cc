// topk, bottomk, approx_topk (which counts exactly here), sort, sort_desc: the series stay what
// they are. Equal values are in the order of their labels, so that an answer does not depend on the
// order in which series turned up; NaN comes last.

#include <algorithm>
#include <cmath>
#include <limits>

#include "logql/cancellable_sort.h"
#include "logql/series_labels.h"
#include "logql/step_evaluator.h"

namespace glp::logql {
namespace {

using Op = VectorAggregation::Op;

class OrderEvaluator : public StepEvaluator {
 public:
  OrderEvaluator(const VectorAggregation& vector, std::unique_ptr<StepEvaluator> inner,
                 const EvalContext& context)
      : is_ascending_(vector.op == Op::kBottomk || vector.op == Op::kSort),
        most_(vector.parameter > 0 ? static_cast<uint64_t>(vector.parameter)
                                   : std::numeric_limits<uint64_t>::max()),
        grouping_(vector.grouping.value_or(Grouping())),
        inner_(std::move(inner)),
        context_(context),
        check_(context.params->cancelled) {}

  Result<bool> Next(uint64_t* step, std::vector<Point>* points) override {
    GLP_ASSIGN_OR_RETURN(const bool has_step, inner_->Next(step, points));
    if (!has_step) return false;
    const auto before = [this](const Point& a, const Point& b) { return ComesBefore(a, b); };
    constexpr uint64_t kFew = 1000;  // more take long, and this cannot be cancelled
    if (most_ <= kFew && points->size() > most_ && grouping_.names.empty() && !grouping_.without) {
      const auto end = points->begin() + static_cast<ptrdiff_t>(most_);
      std::partial_sort(points->begin(), end, points->end(), before);
      points->erase(end, points->end());
      return true;
    }
    if (!Sort(points, before, &check_)) return CancelledError();
    if (points->size() > most_) KeepMostOfEach(points);
    return true;
  }

 private:
  bool ComesBefore(const Point& a, const Point& b) const {
    if (std::isnan(a.value) != std::isnan(b.value)) return std::isnan(b.value);
    if (a.value < b.value || b.value < a.value) return (a.value < b.value) == is_ascending_;
    return a.labels != b.labels && LabelsComeBefore(a.labels->labels, b.labels->labels);
  }

  void KeepMostOfEach(std::vector<Point>* points) {
    counts_.assign(counts_.size(), 0);
    std::erase_if(*points, [this](const Point& point) { return ++CountOf(point) > most_; });
  }

  // Of the points of this one's group.
  uint64_t& CountOf(const Point& point) {
    const uint32_t id = point.labels->id;
    if (groups_.size() <= id) groups_.resize(id + 1, nullptr);
    if (groups_[id] == nullptr) {
      groups_[id] = context_.labels->FromLabels(ProjectLabels(point.labels->labels, grouping_));
    }
    const uint32_t group = groups_[id]->id;
    if (counts_.size() <= group) counts_.resize(group + 1, 0);
    return counts_[group];
  }

  const bool is_ascending_;
  const uint64_t most_;
  const Grouping grouping_;
  std::unique_ptr<StepEvaluator> inner_;
  const EvalContext& context_;
  CancelCheck check_;
  std::vector<const LabelSet*> groups_;  // by the id of a series' labels
  std::vector<uint64_t> counts_;         // by the id of a group's labels
};

}  // namespace

Result<std::unique_ptr<StepEvaluator>> MakeOrderEvaluator(const VectorAggregation& vector,
                                                          const EvalContext& context) {
  GLP_ASSIGN_OR_RETURN(std::unique_ptr<StepEvaluator> inner, MakeEvaluator(*vector.inner, context));
  return std::unique_ptr<StepEvaluator>(
      std::make_unique<OrderEvaluator>(vector, std::move(inner), context));
}

}  // namespace glp::logql
