#include <algorithm>

#include "logql/eval.h"
#include "logql/step_evaluator.h"

namespace glp::logql {
namespace {

const Grouping kAllTogether;

bool ComesBefore(const Series& a, const Series& b) {
  return std::lexicographical_compare(a.labels.begin(), a.labels.end(), b.labels.begin(),
                                      b.labels.end(), [](const Label& x, const Label& y) {
                                        const int names = x.name.compare(y.name);
                                        return names != 0 ? names < 0 : x.value < y.value;
                                      });
}

Result<std::vector<Series>> Run(const MetricExpr& query, EntrySource* source, const Steps& steps,
                                const QueryParams& params, ScanStats* stats) {
  LabelTable labels;
  const EvalContext context = {source, steps, &params, &labels, stats};
  GLP_ASSIGN_OR_RETURN(std::unique_ptr<StepEvaluator> evaluator, MakeEvaluator(query, context));
  std::vector<Series> series;
  std::vector<size_t> by_id;  // index in `series` plus 1, by LabelSet::id
  std::vector<Point> points;
  for (uint64_t step = 0;;) {
    if (params.cancelled && step % 1024 == 0 && params.cancelled()) return CancelledError();
    GLP_ASSIGN_OR_RETURN(const bool has_step, evaluator->Next(&step, &points));
    if (!has_step) break;
    for (const Point& point : points) {
      if (by_id.size() <= point.labels->id) by_id.resize(point.labels->id + 1);
      size_t& index = by_id[point.labels->id];
      if (index == 0) {
        series.push_back({point.labels->labels, {}});
        index = series.size();
      }
      series[index - 1].samples.push_back({steps.At(step), point.value});
    }
  }
  std::sort(series.begin(), series.end(), ComesBefore);
  return series;
}

}  // namespace

Result<std::unique_ptr<StepEvaluator>> MakeEvaluator(const MetricExpr& metric,
                                                     const EvalContext& context) {
  if (const auto* range = std::get_if<RangeAggregation>(&metric.node)) {
    return MakeRangeEvaluator(*range, nullptr, context);
  }
  const auto& vector = std::get<VectorAggregation>(metric.node);
  const auto* inner = std::get_if<RangeAggregation>(&vector.inner->node);
  if (vector.op == VectorAggregation::Op::kSum && inner != nullptr) {
    // Counts add up: counting by the group's labels saves all the series below it.
    return MakeRangeEvaluator(*inner, vector.grouping ? &*vector.grouping : &kAllTogether, context);
  }
  return MakeVectorEvaluator(vector, context);
}

Result<std::vector<Series>> RunRangeQuery(const MetricExpr& query, EntrySource* source,
                                          const QueryParams& params, ScanStats* stats) {
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
  return Run(query, source, {params.range.start_ns, params.step_ns, count}, params, stats);
}

Result<std::vector<Series>> RunInstantQuery(const MetricExpr& query, EntrySource* source,
                                            int64_t at_ns, const QueryParams& params,
                                            ScanStats* stats) {
  return Run(query, source, {at_ns, 1, 1}, params, stats);
}

Status CancelledError() { return {Code::kCancelled, "the query was cancelled"}; }

void AddStats(const ScanStats& from, ScanStats* to) {
  if (to == nullptr) return;
  to->entries += from.entries;
  to->line_bytes += from.line_bytes;
  to->blocks_read += from.blocks_read;
  to->blocks_skipped += from.blocks_skipped;
  to->warnings.insert(to->warnings.end(), from.warnings.begin(), from.warnings.end());
}

}  // namespace glp::logql
