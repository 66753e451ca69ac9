// sum, avg, min, max, count by or without labels.

#include <cmath>
#include <deque>

#include "logql/series_labels.h"
#include "logql/step_evaluator.h"

namespace glp::logql {
namespace {

class VectorEvaluator : public StepEvaluator {
 public:
  VectorEvaluator(const VectorAggregation& vector, std::unique_ptr<StepEvaluator> inner,
                  const EvalContext& context)
      : op_(vector.op),
        grouping_(vector.grouping.value_or(Grouping())),
        inner_(std::move(inner)),
        context_(context) {}

  Result<bool> Next(uint64_t* step, std::vector<Point>* points) override;

 private:
  struct Group {
    const LabelSet* labels;
    double value = 0;
    uint64_t count = 0;  // of series in it at this step; 0: not in touched_
  };
  Group* GroupOf(const LabelSet* labels);
  void Add(Group* group, double value) const;

  VectorAggregation::Op op_;
  Grouping grouping_;  // nothing given is by ()
  std::unique_ptr<StepEvaluator> inner_;
  const EvalContext& context_;
  std::vector<Point> inner_points_;
  std::deque<Group> groups_;
  std::vector<Group*> by_id_;     // by the id of a group's labels
  std::vector<Group*> by_inner_;  // by the id of a series' labels
  std::vector<Group*> touched_;
};

VectorEvaluator::Group* VectorEvaluator::GroupOf(const LabelSet* labels) {
  if (by_inner_.size() <= labels->id) by_inner_.resize(labels->id + 1);
  if (Group* group = by_inner_[labels->id]; group != nullptr) return group;
  const LabelSet* set = context_.labels->FromLabels(ProjectLabels(labels->labels, grouping_));
  if (by_id_.size() <= set->id) by_id_.resize(set->id + 1);
  Group*& group = by_id_[set->id];
  if (group == nullptr) group = &groups_.emplace_back(Group{set});
  return by_inner_[labels->id] = group;
}

void VectorEvaluator::Add(Group* group, double value) const {
  ++group->count;
  switch (op_) {
    case VectorAggregation::Op::kSum:
    case VectorAggregation::Op::kAvg:
      group->value = group->count == 1 ? value : group->value + value;
      break;
    case VectorAggregation::Op::kMin:
      if (group->count == 1 || value < group->value || std::isnan(group->value)) {
        group->value = value;
      }
      break;
    case VectorAggregation::Op::kMax:
      if (group->count == 1 || value > group->value || std::isnan(group->value)) {
        group->value = value;
      }
      break;
    case VectorAggregation::Op::kCount:
      group->value = static_cast<double>(group->count);
      break;
  }
}

Result<bool> VectorEvaluator::Next(uint64_t* step, std::vector<Point>* points) {
  points->clear();
  GLP_ASSIGN_OR_RETURN(const bool has_step, inner_->Next(step, &inner_points_));
  if (!has_step) return false;
  for (const Point& point : inner_points_) {
    Group* group = GroupOf(point.labels);
    if (group->count == 0) touched_.push_back(group);
    Add(group, point.value);
  }
  for (Group* group : touched_) {
    const double divisor =
        op_ == VectorAggregation::Op::kAvg ? static_cast<double>(group->count) : 1;
    points->push_back({group->labels, group->value / divisor});
    group->count = 0;
  }
  touched_.clear();
  return true;
}

}  // namespace

Result<std::unique_ptr<StepEvaluator>> MakeVectorEvaluator(const VectorAggregation& vector,
                                                           const EvalContext& context) {
  GLP_ASSIGN_OR_RETURN(std::unique_ptr<StepEvaluator> inner, MakeEvaluator(*vector.inner, context));
  return std::unique_ptr<StepEvaluator>(
      std::make_unique<VectorEvaluator>(vector, std::move(inner), context));
}

}  // namespace glp::logql
