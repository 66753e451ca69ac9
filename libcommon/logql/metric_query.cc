#include <algorithm>

#include "logql/cancellable_sort.h"
#include "logql/eval.h"
#include "logql/format.h"
#include "logql/series_labels.h"
#include "logql/step_evaluator.h"

namespace glp::logql {
namespace {

const Grouping kAllTogether;

// A sample of the answer with its text, and what evaluators know of a set of labels.
constexpr size_t kSampleBytes = 64, kSetBytes = 64;

// What a query whose answer is no table of times is sorted by is the query's affair.
bool Sorts(const MetricExpr& metric) {
  const auto* vector = std::get_if<VectorAggregation>(&metric.node);
  if (vector != nullptr && (vector->op == VectorAggregation::Op::kSort ||
                            vector->op == VectorAggregation::Op::kSortDesc)) {
    return true;
  }
  const std::vector<const MetricExpr*> operands = Operands(metric);
  return std::any_of(operands.begin(), operands.end(),
                     [](const MetricExpr* operand) { return Sorts(*operand); });
}

// Whether the values of a group's series are put together as those of entries are: the group's
// labels do for the entries then, without all the series below them.
bool GroupsEntries(const VectorAggregation& vector, const RangeAggregation& range) {
  using Op = RangeAggregation::Op;
  switch (vector.op) {
    case VectorAggregation::Op::kSum:
      return range.op == Op::kCountOverTime || range.op == Op::kRate ||
             range.op == Op::kBytesOverTime || range.op == Op::kBytesRate ||
             range.op == Op::kSumOverTime;
    case VectorAggregation::Op::kMin:
    case VectorAggregation::Op::kMax: {
      const bool is_max = vector.op == VectorAggregation::Op::kMax;
      if (range.op != (is_max ? Op::kMaxOverTime : Op::kMinOverTime) || range.grouping) {
        return false;
      }
      // No series below has the label that gave the numbers.
      const Unwrap* const unwrap = range.log.FindUnwrap();
      return unwrap == nullptr || !vector.grouping || vector.grouping->without ||
             std::count(vector.grouping->names.begin(), vector.grouping->names.end(),
                        unwrap->label) == 0;
    }
    default:
      return false;
  }
}

Status TooManySeries(uint64_t limit) {
  return {Code::kLimit,
          "maximum number of series (" + std::to_string(limit) +
              ") reached for a single query; consider reducing query cardinality by adding more "
              "specific stream selectors, reducing the time range, or aggregating results with "
              "functions like sum(), count() or topk()"};
}

Status NotUnique(const Labels& labels) {
  return UsageError("several series of the answer have the labels " + LabelsToSelector(labels) +
                    "; put them together with sum, max or another aggregation");
}

// Of a whole query, which may be a number.
Result<std::unique_ptr<StepEvaluator>> MakeRoot(const MetricExpr& query,
                                                const EvalContext& context) {
  const auto* number = std::get_if<Literal>(&query.node);
  if (number != nullptr) return MakeConstantEvaluator(number->value, context);
  return MakeEvaluator(query, context);
}

Result<Steps> StepsOf(const QueryParams& params) {
  if (params.step_ns <= 0) {
    return UsageError(
        "zero or negative query resolution step widths are not accepted. Try a positive integer");
  }
  if (params.range.end_ns < params.range.start_ns) {
    return UsageError("end timestamp must not be before or equal to start time");
  }
  const uint64_t length_ns =
      static_cast<uint64_t>(params.range.end_ns) - static_cast<uint64_t>(params.range.start_ns);
  const uint64_t last = length_ns / static_cast<uint64_t>(params.step_ns);
  const uint64_t count = std::max(last + 1, last);  // last + 1 may be 2^64
  return Steps{params.range.start_ns, params.step_ns, count};
}

Result<std::vector<Series>> Run(const MetricExpr& query, EntrySource* source, const Steps& steps,
                                const QueryParams& params, ScanStats* stats) {
  LabelTable labels;
  const EvalContext context = {source, steps, &params, &labels, stats};
  GLP_ASSIGN_OR_RETURN(const std::unique_ptr<StepEvaluator> evaluator, MakeRoot(query, context));
  std::vector<Series> series;
  std::vector<size_t> by_id;  // index in `series` plus 1, by LabelSet::id
  CancelCheck check(params.cancelled);
  std::vector<Point> points;
  size_t sets = 0;
  for (uint64_t step = 0;;) {
    GLP_ASSIGN_OR_RETURN(const bool has_step, evaluator->Next(&step, &points));
    if (!has_step) break;
    // Of operators: what range aggregations make they count.
    GLP_RETURN_IF_ERROR(TakeMemory(
        params.memory, points.size() * kSampleBytes + (labels.size() - sets) * kSetBytes));
    sets = labels.size();
    if (check.Stops(kStepWork)) return CancelledError();
    for (const Point& point : points) {
      if (check.Stops(kPointWork)) return CancelledError();
      if (by_id.size() <= point.labels->id) by_id.resize(point.labels->id + 1);
      size_t& index = by_id[point.labels->id];
      if (index == 0) {
        if (params.max_series > 0 && series.size() == params.max_series) {
          return TooManySeries(params.max_series);
        }
        GLP_RETURN_IF_ERROR(TakeMemory(params.memory, SeriesBytes(*point.labels)));
        series.push_back({point.labels->labels, {}});
        index = series.size();
      }
      std::vector<Sample>& samples = series[index - 1].samples;
      const int64_t ts_ns = steps.At(step);
      if (!samples.empty() && samples.back().ts_ns == ts_ns) {
        return NotUnique(point.labels->labels);
      }
      samples.push_back({ts_ns, point.value});
    }
  }
  if (steps.count == 1 && Sorts(query)) return series;
  const auto before = [](const Series& a, const Series& b) {
    return LabelsComeBefore(a.labels, b.labels);
  };
  if (!Sort(&series, before, &check)) return CancelledError();
  return series;
}

}  // namespace

Result<std::unique_ptr<StepEvaluator>> MakeEvaluator(const MetricExpr& metric,
                                                     const EvalContext& context) {
  if (const auto* range = std::get_if<RangeAggregation>(&metric.node)) {
    if (range->op == RangeAggregation::Op::kAbsentOverTime) {
      return MakeAbsentEvaluator(*range, context);
    }
    return MakeRangeEvaluator(*range, range->grouping ? &*range->grouping : nullptr, context);
  }
  if (const auto* binary = std::get_if<BinaryOperation>(&metric.node)) {
    return MakeBinaryEvaluator(*binary, context);
  }
  if (const auto* replace = std::get_if<LabelReplace>(&metric.node)) {
    return MakeLabelReplaceEvaluator(*replace, context);
  }
  if (const auto* constant = std::get_if<VectorLiteral>(&metric.node)) {
    return MakeConstantEvaluator(constant->value, context);
  }
  if (const auto* number = std::get_if<Literal>(&metric.node)) {
    return UsageError("the number " + FormatLiteral(number->value) +
                      " has no series; write vector(" + FormatLiteral(number->value) + ")");
  }
  const auto& vector = std::get<VectorAggregation>(metric.node);
  if (vector.op >= VectorAggregation::Op::kTopk) return MakeOrderEvaluator(vector, context);
  const auto* inner = std::get_if<RangeAggregation>(&vector.inner->node);
  if (inner != nullptr && GroupsEntries(vector, *inner)) {
    return MakeRangeEvaluator(*inner, vector.grouping ? &*vector.grouping : &kAllTogether, context);
  }
  return MakeVectorEvaluator(vector, context);
}

Result<std::vector<Series>> RunRangeQuery(const MetricExpr& query, EntrySource* source,
                                          const QueryParams& params, ScanStats* stats) {
  GLP_ASSIGN_OR_RETURN(const Steps steps, StepsOf(params));
  return Run(query, source, steps, params, stats);
}

Status FollowRangeQuery(const MetricExpr& query, EntrySource* source, const QueryParams& params,
                        const std::function<bool(const std::vector<Series>& step)>& sink,
                        ScanStats* stats) {
  GLP_ASSIGN_OR_RETURN(const Steps steps, StepsOf(params));
  LabelTable labels;
  const EvalContext context = {source, steps, &params, &labels, stats};
  GLP_ASSIGN_OR_RETURN(const std::unique_ptr<StepEvaluator> evaluator, MakeRoot(query, context));
  std::vector<Point> points;
  std::vector<Series> series;
  for (uint64_t step = 0;;) {
    if (params.cancelled && params.cancelled()) return CancelledError();
    GLP_ASSIGN_OR_RETURN(const bool has_step, evaluator->Next(&step, &points));
    if (!has_step) return Status::Ok();
    if (points.empty()) continue;
    if (params.max_series > 0 && points.size() > params.max_series) {
      return TooManySeries(params.max_series);
    }
    series.clear();
    for (const Point& point : points) {
      series.push_back({point.labels->labels, {{steps.At(step), point.value}}});
    }
    std::sort(series.begin(), series.end(), [](const Series& a, const Series& b) {
      return LabelsComeBefore(a.labels, b.labels);
    });
    const auto twin =
        std::adjacent_find(series.begin(), series.end(),
                           [](const Series& a, const Series& b) { return a.labels == b.labels; });
    if (twin != series.end()) return NotUnique(twin->labels);
    if (!sink(series)) return Status::Ok();
  }
}

Result<std::vector<Series>> RunInstantQuery(const MetricExpr& query, EntrySource* source,
                                            int64_t at_ns, const QueryParams& params,
                                            ScanStats* stats) {
  return Run(query, source, {at_ns, 1, 1}, params, stats);
}

size_t SeriesBytes(const LabelSet& labels) {
  constexpr size_t kNodes = 160;
  return sizeof(LabelSet) + kNodes + 3 * labels.json.size() + labels.labels.size() * sizeof(Label);
}

Status CancelledError() { return {Code::kCancelled, "the query was cancelled"}; }

void AddStats(const ScanStats& from, ScanStats* to) {
  if (to == nullptr) return;
  to->AddFigures(from);
  to->warnings.insert(to->warnings.end(), from.warnings.begin(), from.warnings.end());
}

}  // namespace glp::logql
