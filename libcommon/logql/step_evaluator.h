// A metric expression as a stream of steps: each node of the tree is an evaluator that pulls from
// those below it, so that what is held is the open windows of the live series, never the entries.
// Lifetime: the expression, the source and the EvalContext must outlive the evaluators.
// Threads:  one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "logql/eval.h"
#include "logql/expr.h"
#include "record/labels.h"

namespace glp::logql {

// The points in time of a query: start, start + step, …
struct Steps {
  int64_t start_ns = 0;
  int64_t step_ns = 1;  // > 0
  uint64_t count = 1;   // > 0
  int64_t At(uint64_t step) const {
    return static_cast<int64_t>(static_cast<uint64_t>(start_ns) +
                                step * static_cast<uint64_t>(step_ns));
  }
};

struct EvalContext {
  EntrySource* source;
  Steps steps;
  const QueryParams* params;
  LabelTable* labels;  // of the series; theirs are the ids that evaluators index by
  ScanStats* stats;    // may be nullptr
};

// A series' value at a step.
struct Point {
  const LabelSet* labels;  // in EvalContext::labels
  double value;
};

class StepEvaluator {
 public:
  virtual ~StepEvaluator() = default;
  // Goes on to the next step at which any series has a value, and gives its number and all values
  // in `points` (cleared first). False: there is none any more.
  // Of a source that follows (QueryParams::follows) also a step without values: there is none at
  // it and those since the last one. So nobody waits for one series while the time goes on.
  virtual Result<bool> Next(uint64_t* step, std::vector<Point>* points) = 0;
};

Result<std::unique_ptr<StepEvaluator>> MakeEvaluator(const MetricExpr& metric,
                                                     const EvalContext& context);
// The kinds of node. `grouping`: series are put together while counting, as a sum by these names
// would do it; nullptr leaves them apart.
Result<std::unique_ptr<StepEvaluator>> MakeRangeEvaluator(const RangeAggregation& range,
                                                          const Grouping* grouping,
                                                          const EvalContext& context);
Result<std::unique_ptr<StepEvaluator>> MakeAbsentEvaluator(const RangeAggregation& range,
                                                           const EvalContext& context);
// sum, avg, min, max, count, stddev, stdvar.
Result<std::unique_ptr<StepEvaluator>> MakeVectorEvaluator(const VectorAggregation& vector,
                                                           const EvalContext& context);
// topk, bottomk, approx_topk, sort, sort_desc: the points they give are in the order of values.
Result<std::unique_ptr<StepEvaluator>> MakeOrderEvaluator(const VectorAggregation& vector,
                                                          const EvalContext& context);
Result<std::unique_ptr<StepEvaluator>> MakeBinaryEvaluator(const BinaryOperation& binary,
                                                           const EvalContext& context);
Result<std::unique_ptr<StepEvaluator>> MakeLabelReplaceEvaluator(const LabelReplace& replace,
                                                                 const EvalContext& context);
// At every step one series without labels.
std::unique_ptr<StepEvaluator> MakeConstantEvaluator(double value, const EvalContext& context);

// What a step costs, and a point of it, in the units of CancelCheck.
inline constexpr uint64_t kStepWork = 64, kPointWork = 32;

// What a set of labels takes in the tables of a query, about.
size_t SeriesBytes(const LabelSet& labels);

Status CancelledError();
// `to` may be nullptr.
void AddStats(const ScanStats& from, ScanStats* to);

}  // namespace glp::logql
