// sum, avg, min, max, count, stddev, stdvar by or without labels.

#include <cmath>
#include <deque>

#include "logql/cancel_check.h"
#include "logql/series_labels.h"
#include "logql/step_evaluator.h"

namespace glp::logql {
namespace {

using Op = VectorAggregation::Op;

class VectorEvaluator : public StepEvaluator {
 public:
  VectorEvaluator(const VectorAggregation& vector, std::unique_ptr<StepEvaluator> inner,
                  const EvalContext& context)
      : op_(vector.op),
        grouping_(vector.grouping.value_or(Grouping())),
        inner_(std::move(inner)),
        context_(context),
        check_(context.params->cancelled) {}

  Result<bool> Next(uint64_t* step, std::vector<Point>* points) override;

 private:
  struct Group {
    const LabelSet* labels;
    double value = 0;    // stddev, stdvar: the squares of the distances, summed up
    double mean = 0;     // of these two
    uint64_t count = 0;  // of series in it at this step; 0: not in touched_
  };
  Group* GroupOf(const LabelSet* labels);
  void Add(Group* group, double value) const;
  double ValueOf(const Group& group) const;

  Op op_;
  Grouping grouping_;  // nothing given is by ()
  std::unique_ptr<StepEvaluator> inner_;
  const EvalContext& context_;
  CancelCheck check_;
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
  const bool is_first = ++group->count == 1;
  switch (op_) {
    case Op::kSum:
    case Op::kAvg:
      group->value = is_first ? value : group->value + value;
      break;
    case Op::kMin:
      if (is_first || value < group->value || std::isnan(group->value)) group->value = value;
      break;
    case Op::kMax:
      if (is_first || value > group->value || std::isnan(group->value)) group->value = value;
      break;
    case Op::kStddev:
    case Op::kStdvar: {
      if (is_first) group->mean = group->value = 0;
      const double delta = value - group->mean;
      group->mean += delta / static_cast<double>(group->count);
      group->value += delta * (value - group->mean);
      break;
    }
    default:
      break;  // kCount needs no value
  }
}

double VectorEvaluator::ValueOf(const Group& group) const {
  const auto count = static_cast<double>(group.count);
  switch (op_) {
    case Op::kAvg:
    case Op::kStdvar:
      return group.value / count;
    case Op::kStddev:
      return std::sqrt(group.value / count);
    case Op::kCount:
      return count;
    default:
      return group.value;
  }
}

Result<bool> VectorEvaluator::Next(uint64_t* step, std::vector<Point>* points) {
  points->clear();
  GLP_ASSIGN_OR_RETURN(const bool has_step, inner_->Next(step, &inner_points_));
  if (!has_step) return false;
  for (const Point& point : inner_points_) {
    if (check_.Stops(kPointWork)) return CancelledError();
    Group* group = GroupOf(point.labels);
    if (group->count == 0) touched_.push_back(group);
    Add(group, point.value);
  }
  for (Group* group : touched_) {
    points->push_back({group->labels, ValueOf(*group)});
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
