// Operators between two metrics, or a metric and a number.

#include <limits>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "logql/binary_operators.h"
#include "logql/cancel_check.h"
#include "logql/series_labels.h"
#include "logql/step_evaluator.h"

namespace glp::logql {
namespace {

using Op = BinaryOperation::Op;
using Many = BinaryOperation::Matching::Many;

// The value of a pair. False: a comparison that fails filters it out.
bool Pair(const BinaryOperation& binary, double left, double right, double* value) {
  *value = Calculate(binary.op, left, right);
  if (!binary.IsComparison() || binary.returns_bool) return true;
  const bool holds = *value != 0;
  *value = left;
  return holds;
}

// metric op number, number op metric. A comparison gives the metric's value.
class ScalarEvaluator : public StepEvaluator {
 public:
  ScalarEvaluator(const BinaryOperation& binary, double number, bool number_is_left,
                  std::unique_ptr<StepEvaluator> inner, bool follows)
      : binary_(binary),
        number_(number),
        number_is_left_(number_is_left),
        follows_(follows),
        inner_(std::move(inner)) {}

  Result<bool> Next(uint64_t* step, std::vector<Point>* points) override {
    for (;;) {
      GLP_ASSIGN_OR_RETURN(const bool has_step, inner_->Next(step, points));
      if (!has_step) return false;
      std::erase_if(*points, [this](Point& point) {
        const double left = number_is_left_ ? number_ : point.value;
        const double right = number_is_left_ ? point.value : number_;
        double value = 0;
        const bool holds = Pair(binary_, left, right, &value);
        if (!binary_.IsComparison() || binary_.returns_bool) point.value = value;
        return !holds;
      });
      if (!points->empty() || follows_) return true;
    }
  }

 private:
  const BinaryOperation& binary_;
  const double number_;
  const bool number_is_left_;
  const bool follows_;
  std::unique_ptr<StepEvaluator> inner_;
};

// One operand, step by step.
class Side {
 public:
  explicit Side(std::unique_ptr<StepEvaluator> inner) : inner_(std::move(inner)) {}

  // Reads where the step before was used up.
  Status Advance() {
    if (!used_) return Status::Ok();
    used_ = false;
    GLP_ASSIGN_OR_RETURN(const bool has_step, inner_->Next(&step_, &points_));
    if (!has_step) step_ = kEnd;
    return Status::Ok();
  }
  uint64_t step() const { return step_; }
  // Those at a step; none where the operand has none there.
  const std::vector<Point>& At(uint64_t step) {
    if (step_ != step) return none_;
    used_ = true;
    return points_;
  }

  static constexpr uint64_t kEnd = std::numeric_limits<uint64_t>::max();

 private:
  std::unique_ptr<StepEvaluator> inner_;
  uint64_t step_ = 0;
  bool used_ = true;
  std::vector<Point> points_;
  const std::vector<Point> none_;
};

class BinaryEvaluator : public StepEvaluator {
 public:
  BinaryEvaluator(const BinaryOperation& binary, std::unique_ptr<StepEvaluator> left,
                  std::unique_ptr<StepEvaluator> right, const EvalContext& context)
      : binary_(binary),
        left_(std::move(left)),
        right_(std::move(right)),
        context_(context),
        check_(context.params->cancelled) {
    grouping_.without = !binary.matching.on;
    grouping_.names = binary.matching.labels;
  }

  Result<bool> Next(uint64_t* step, std::vector<Point>* points) override {
    for (;;) {
      points->clear();
      GLP_RETURN_IF_ERROR(left_.Advance());
      GLP_RETURN_IF_ERROR(right_.Advance());
      *step = std::min(left_.step(), right_.step());
      if (*step == Side::kEnd) return false;
      const std::vector<Point>& left = left_.At(*step);
      const std::vector<Point>& right = right_.At(*step);
      if (binary_.IsSetOperation()) {
        GLP_RETURN_IF_ERROR(Select(left, right, points));
      } else {
        GLP_RETURN_IF_ERROR(Match(left, right, points));
      }
      if (!points->empty() || context_.params->follows) return true;
    }
  }

 private:
  static constexpr uint64_t kMatchWork = 8 * kPointWork;  // sets and maps are made at each step

  // What a series is matched by: the labels that the matching leaves of it.
  const LabelSet* KeyOf(const LabelSet* labels) {
    if (grouping_.without && grouping_.names.empty()) return labels;
    if (keys_.size() <= labels->id) keys_.resize(labels->id + 1, nullptr);
    const LabelSet*& key = keys_[labels->id];
    if (key == nullptr) {
      key = context_.labels->FromLabels(ProjectLabels(labels->labels, grouping_));
    }
    return key;
  }

  Status Select(const std::vector<Point>& left, const std::vector<Point>& right,
                std::vector<Point>* points) {
    std::unordered_set<const LabelSet*> keys;
    if (binary_.op == Op::kOr) {
      for (const Point& point : left) {
        if (check_.Stops(kMatchWork)) return CancelledError();
        keys.insert(KeyOf(point.labels));
      }
      *points = left;
      for (const Point& point : right) {
        if (check_.Stops(kMatchWork)) return CancelledError();
        if (keys.count(KeyOf(point.labels)) == 0) points->push_back(point);
      }
      return Status::Ok();
    }
    for (const Point& point : right) {
      if (check_.Stops(kMatchWork)) return CancelledError();
      keys.insert(KeyOf(point.labels));
    }
    for (const Point& point : left) {
      if (check_.Stops(kMatchWork)) return CancelledError();
      const bool found = keys.count(KeyOf(point.labels)) > 0;
      if (found == (binary_.op == Op::kAnd)) points->push_back(point);
    }
    return Status::Ok();
  }

  Status Match(const std::vector<Point>& left, const std::vector<Point>& right,
               std::vector<Point>* points) {
    const bool swapped = binary_.matching.many == Many::kRight;
    const std::vector<Point>& many = swapped ? right : left;
    std::unordered_map<const LabelSet*, Partner> ones;
    for (const Point& point : swapped ? left : right) {
      if (check_.Stops(kMatchWork)) return CancelledError();
      if (!ones.try_emplace(KeyOf(point.labels), Partner{&point}).second) {
        return UsageError("found duplicate series on the " +
                          std::string(swapped ? "left" : "right") +
                          " hand-side;many-to-many matching not allowed: matching labels must be "
                          "unique on one side");
      }
    }
    for (const Point& point : many) {
      if (check_.Stops(kMatchWork)) return CancelledError();
      const LabelSet* key = KeyOf(point.labels);
      const auto found = ones.find(key);
      if (found == ones.end()) continue;
      Partner& partner = found->second;
      const Point& one = *partner.point;
      Point result = {key, 0};
      if (binary_.matching.many != Many::kNone) {
        result.labels = Include(point.labels, one.labels);
        if (!partner.results.insert(result.labels).second) {
          return UsageError(
              "multiple matches for labels: grouping labels must ensure unique matches");
        }
      } else if (!partner.results.insert(key).second) {
        return UsageError(
            "multiple matches for labels: many-to-one matching must be explicit "
            "(group_left/group_right)");
      }
      const Point& l = swapped ? one : point;
      const Point& r = swapped ? point : one;
      if (Pair(binary_, l.value, r.value, &result.value)) points->push_back(result);
    }
    return Status::Ok();
  }

  // The labels of the many's series with those that are taken from the one's.
  const LabelSet* Include(const LabelSet* many, const LabelSet* one) {
    const std::vector<std::string>& names = binary_.matching.include;
    if (names.empty()) return many;
    const LabelSet*& included = included_[{many->id, one->id}];
    if (included == nullptr) {
      Labels labels = ProjectLabels(many->labels, {.without = true, .names = names});
      for (const std::string& name : names) {
        const std::string_view value = one->Get(name);
        if (!value.empty()) labels.push_back({name, std::string(value)});
      }
      Canonicalize(&labels);
      included = context_.labels->FromLabels(std::move(labels));
    }
    return included;
  }

  struct Partner {
    const Point* point;
    std::unordered_set<const LabelSet*> results = {};
  };

  const BinaryOperation& binary_;
  Side left_, right_;
  const EvalContext& context_;
  CancelCheck check_;
  Grouping grouping_;
  std::vector<const LabelSet*> keys_;  // by LabelSet::id
  std::map<std::pair<uint32_t, uint32_t>, const LabelSet*> included_;
};

}  // namespace

Result<std::unique_ptr<StepEvaluator>> MakeBinaryEvaluator(const BinaryOperation& binary,
                                                           const EvalContext& context) {
  for (const bool is_left : {true, false}) {
    const MetricExpr& side = is_left ? *binary.left : *binary.right;
    const auto* number = std::get_if<Literal>(&side.node);
    if (number == nullptr) continue;
    GLP_ASSIGN_OR_RETURN(std::unique_ptr<StepEvaluator> inner,
                         MakeEvaluator(is_left ? *binary.right : *binary.left, context));
    return std::unique_ptr<StepEvaluator>(std::make_unique<ScalarEvaluator>(
        binary, number->value, is_left, std::move(inner), context.params->follows));
  }
  GLP_ASSIGN_OR_RETURN(std::unique_ptr<StepEvaluator> left, MakeEvaluator(*binary.left, context));
  GLP_ASSIGN_OR_RETURN(std::unique_ptr<StepEvaluator> right, MakeEvaluator(*binary.right, context));
  return std::unique_ptr<StepEvaluator>(
      std::make_unique<BinaryEvaluator>(binary, std::move(left), std::move(right), context));
}

}  // namespace glp::logql
