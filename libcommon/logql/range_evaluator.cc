// Aggregations over ranges: at a step all entries up to the end of its window have been taken in,
// each into the window of its series (logql/range_window.h).

#include <algorithm>
#include <type_traits>

#include "base/time.h"
#include "logql/range_scan.h"
#include "logql/range_window.h"
#include "logql/step_evaluator.h"

namespace glp::logql {
namespace {

using Op = RangeAggregation::Op;

template <typename Window>
class RangeEvaluator : public StepEvaluator {
 public:
  RangeEvaluator(const RangeAggregation& range, const Grouping* grouping,
                 const EvalContext& context)
      : scan_(range, grouping, context),
        count_(context.steps.count),
        takes_bytes_(range.op == Op::kBytesOverTime || range.op == Op::kBytesRate),
        follows_(context.params->follows),
        memory_(context.params->memory),
        check_(context.params->cancelled) {
    parameters_.seconds = static_cast<double>(range.range_ns) / static_cast<double>(kNsPerSecond);
    parameters_.is_rate = range.op == Op::kRate || range.op == Op::kBytesRate;
    parameters_.quantile = range.parameter;
  }

  Status Open() { return scan_.Open(); }

  Result<bool> Next(uint64_t* step, std::vector<Point>* points) override {
    points->clear();
    for (; step_ < count_; ++step_) {
      if (check_.Stops(kStepWork + live_.size() * kPointWork)) return CancelledError();
      if (live_.empty()) {
        // Nothing until the next entry: on to the first window that may hold it.
        GLP_ASSIGN_OR_RETURN(const bool has_entry, scan_.HasEntry());
        if (!has_entry) break;
        const uint64_t next = std::max(step_, scan_.NextStep());
        if (next >= count_) break;
        if (follows_ && next > step_) {
          *step = next - 1;
          step_ = next;
          return true;
        }
        step_ = next;
      }
      GLP_RETURN_IF_ERROR(
          scan_.TakeUntil(step_, [this](RangeScan::SeriesId id, const RangeScan::Item& item) {
            Add(id, item);
            return grown_bytes_ < kCountBytes || CountGrown();
          }));
      GLP_RETURN_IF_ERROR(error_);
      GLP_RETURN_IF_ERROR(Collect(points));
      if (points->empty() && !follows_) continue;
      *step = step_++;
      return true;
    }
    step_ = count_;
    return false;
  }

 private:
  struct Series {
    Window window;
    bool live = false;  // in live_
    bool known = false;
  };
  // Memory is counted when it has grown by so much.
  static constexpr size_t kCountBytes = 64 << 10;

  // False: there is no more, see error_.
  bool CountGrown() {
    error_ = TakeMemory(memory_, grown_bytes_);
    grown_bytes_ = 0;
    return error_.ok();
  }

  void Add(RangeScan::SeriesId id, const RangeScan::Item& item) {
    if (id >= series_.size()) series_.resize(id + 1);
    Series& series = series_[id];
    if (!series.known) {
      series.known = true;
      grown_bytes_ += sizeof(Series) + SeriesBytes(*scan_.labels(id));
    }
    const size_t before = series.window.bytes();
    if (!series.live) {
      series.live = true;
      live_.push_back(id);
    }
    if constexpr (std::is_same_v<Window, AmountWindow>) {
      series.window.Add(item.leaves_at, takes_bytes_ ? item.line_bytes : item.entries);
    } else {
      series.window.Add(item.leaves_at, item.ts_ns, item.sample);
    }
    const size_t more = series.window.bytes() - before;
    grown_bytes_ += more;
    window_bytes_ += more;
  }

  // In one order, whatever that of the entries is: sums of points depend on it.
  Status Collect(std::vector<Point>* points) {
    if (in_order_ < live_.size()) {
      const auto before = [this](RangeScan::SeriesId a, RangeScan::SeriesId b) {
        const LabelSet &left = *scan_.labels(a), &right = *scan_.labels(b);
        return left.hash != right.hash ? left.hash < right.hash : left.json < right.json;
      };
      const auto middle = live_.begin() + static_cast<ptrdiff_t>(in_order_);
      std::sort(middle, live_.end(), before);
      std::inplace_merge(live_.begin(), middle, live_.end(), before);
    }
    size_t kept = 0, bytes = 0;
    for (const RangeScan::SeriesId id : live_) {
      Series& series = series_[id];
      series.live = series.window.Advance(step_);
      bytes += series.window.bytes();
      if (!series.live) continue;
      points->push_back({scan_.labels(id), series.window.Value(parameters_)});
      live_[kept++] = id;
    }
    live_.resize(kept);
    in_order_ = kept;
    if (!CountGrown()) return error_;
    if (memory_ != nullptr) memory_->GiveBack(window_bytes_ - bytes);
    window_bytes_ = bytes;
    return Status::Ok();
  }

  RangeScan scan_;
  const uint64_t count_;
  const bool takes_bytes_, follows_;
  MemoryClaim* const memory_;
  CancelCheck check_;
  RangeParameters parameters_;
  uint64_t step_ = 0;
  std::vector<Series> series_;             // by RangeScan::SeriesId
  std::vector<RangeScan::SeriesId> live_;  // those with something in the window
  size_t in_order_ = 0;                    // of live_, from the front
  size_t grown_bytes_ = 0;                 // not counted yet
  size_t window_bytes_ = 0;                // of all windows
  Status error_;
};

template <typename Window>
Result<std::unique_ptr<StepEvaluator>> Make(const RangeAggregation& range, const Grouping* grouping,
                                            const EvalContext& context) {
  auto evaluator = std::make_unique<RangeEvaluator<Window>>(range, grouping, context);
  GLP_RETURN_IF_ERROR(evaluator->Open());
  return std::unique_ptr<StepEvaluator>(std::move(evaluator));
}

}  // namespace

Result<std::unique_ptr<StepEvaluator>> MakeRangeEvaluator(const RangeAggregation& range,
                                                          const Grouping* grouping,
                                                          const EvalContext& context) {
  switch (range.op) {
    case Op::kCountOverTime:
    case Op::kBytesOverTime:
    case Op::kBytesRate:
    case Op::kAbsentOverTime:
      return Make<AmountWindow>(range, grouping, context);
    case Op::kRate:
      if (range.log.FindUnwrap() == nullptr) return Make<AmountWindow>(range, grouping, context);
      return Make<FoldWindow<SumPart>>(range, grouping, context);
    case Op::kSumOverTime:
      return Make<FoldWindow<SumPart>>(range, grouping, context);
    case Op::kAvgOverTime:
      return Make<FoldWindow<AvgPart>>(range, grouping, context);
    case Op::kMinOverTime:
      return Make<FoldWindow<MinPart>>(range, grouping, context);
    case Op::kMaxOverTime:
      return Make<FoldWindow<MaxPart>>(range, grouping, context);
    case Op::kFirstOverTime:
      return Make<FoldWindow<FirstPart>>(range, grouping, context);
    case Op::kLastOverTime:
      return Make<FoldWindow<LastPart>>(range, grouping, context);
    case Op::kStddevOverTime:
      return Make<FoldWindow<DeviationPart>>(range, grouping, context);
    case Op::kStdvarOverTime:
      return Make<FoldWindow<VariancePart>>(range, grouping, context);
    case Op::kRateCounter:
      return Make<FoldWindow<CounterPart>>(range, grouping, context);
    case Op::kQuantileOverTime:
      return Make<QuantileWindow>(range, grouping, context);
  }
  return UsageError("an unknown range aggregation");
}

}  // namespace glp::logql
