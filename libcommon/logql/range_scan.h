// The entries that the windows of a range aggregation need, in the order of time, each with the
// series it counts for; where numbers will do and the source tells them, many as one. What the
// aggregation makes of them is in range_window.h.
// Lifetime: the aggregation, its grouping and the context must outlive it.
// Threads:  one at a time. Where there is a pool, it finds the series.
// Errors:   those of the source and of SeriesFinder; Code::kCancelled.
// Units:    steps are those of the context. A window at a step covers (end - range, end], where
//           `end` is the step's time less the offset.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "logql/cancel_check.h"
#include "logql/pipeline_scan.h"
#include "logql/range_counts.h"
#include "logql/series_finder.h"
#include "logql/step_evaluator.h"

namespace glp::logql {

class RangeScan {
 public:
  using SeriesId = SeriesFinder::SeriesId;
  // What an entry gives to the window of its series.
  struct Item {
    int64_t ts_ns;
    uint64_t line_bytes;
    double sample;       // of an unwrap
    uint64_t leaves_at;  // the first step whose window does not hold it any more; never goes back
    uint64_t entries = 1;
  };

  // `grouping`: how series are told apart; nullptr: by all labels.
  RangeScan(const RangeAggregation& range, const Grouping* grouping, const EvalContext& context);
  ~RangeScan();

  Status Open();
  // Reads where nothing is at hand; false at the end. A source that follows may give a point in
  // time instead of an entry: it belongs to no series, and windows that end before it are complete.
  Result<bool> HasEntry();
  // The first step whose window can hold the next entry. REQUIRES: HasEntry.
  uint64_t NextStep() const { return FirstStepAt(HeadNs()); }
  // Gives `add(SeriesId, const Item&)` all further entries that are in the window of `step` or in
  // that of a later one, up to the end of the first, or until it gives false.
  template <typename Add>
  Status TakeUntil(uint64_t step, const Add& add);

  const LabelSet* labels(SeriesId series) const {
    return counts_ != nullptr ? counts_->labels(series) : finder_->labels(series);
  }

 private:
  using Wide = __int128;  // differences of any two times fit

  static int64_t Clamp(Wide value);
  // Whether entries may change places within a bucket.
  bool OrderMatters() const;
  Result<bool> WantsLines() const;
  // Of a pattern that is all that looks at lines; else nullptr.
  std::shared_ptr<const WantedCaptures> Captures() const;
  TimeRange Range() const;
  // Where the window of a step ends, in the time of the entries.
  Wide WindowEnd(uint64_t step) const {
    return Wide{context_.steps.start_ns} + Wide{step} * context_.steps.step_ns - range_.offset_ns;
  }
  // The first step whose window ends at or behind `at`.
  uint64_t FirstStepAt(Wide at) const;
  // The first step whose window does not hold an entry of this time any more.
  uint64_t LeavesAt(int64_t ts_ns);
  // Between two windows. REQUIRES: times do not go back.
  bool IsInGap(int64_t ts_ns);
  int64_t HeadNs() const {
    if (counts_ != nullptr) return cells_[at_].ts_ns;
    return share_ != nullptr ? found_[at_].entry.ts_ns : batch_[at_].ts_ns;
  }
  size_t AtHand() const {
    if (counts_ != nullptr) return cells_.size();
    return share_ != nullptr ? found_.size() : batch_.size();
  }
  // From here on the pipeline runs on the pool.
  void Share();

  const RangeAggregation& range_;
  // What is to be done with the entries of the source: it may have applied filters itself.
  RangeAggregation rest_;
  const Grouping* grouping_;
  const EvalContext& context_;
  const int64_t now_ns_;
  std::optional<SeriesFinder> finder_;
  std::unique_ptr<EntryCursor> cursor_;
  CancelCheck check_;
  std::vector<LineFilter> line_filters_;
  std::unique_ptr<RangeCounts> counts_;  // instead of entries
  std::vector<RangeCounts::Cell> cells_;
  std::vector<Entry> batch_;  // while there is no share_
  std::unique_ptr<PipelineScan> share_;
  std::span<PipelineScan::Found> found_;  // of share_
  size_t at_ = 0;                         // in cells_, batch_ or found_
  bool end_ = false;
  // What is read before the pool is asked for help; nothing: never.
  std::optional<uint64_t> alone_bytes_;
  // Entries up to this time leave at leaves_at_.
  int64_t bucket_end_ns_ = std::numeric_limits<int64_t>::min();
  uint64_t leaves_at_ = 0;
  // Of what IsInGap looked at: the first window that ends behind it.
  const bool has_gaps_;
  Wide gap_end_ns_ = std::numeric_limits<int64_t>::min();
  Wide window_end_ns_ = std::numeric_limits<int64_t>::min();
};

template <typename Add>
Status RangeScan::TakeUntil(uint64_t step, const Add& add) {
  const int64_t until_ns = Clamp(WindowEnd(step));
  Status error;
  for (;;) {
    GLP_ASSIGN_OR_RETURN(const bool has_entry, HasEntry());
    if (!has_entry) return Status::Ok();
    if (counts_ != nullptr) {
      for (; at_ < cells_.size(); ++at_) {
        const RangeCounts::Cell& cell = cells_[at_];
        if (cell.ts_ns > until_ns) return Status::Ok();
        const uint64_t leaves_at = LeavesAt(cell.ts_ns);
        if (leaves_at <= step) continue;  // between two windows
        if (check_.Stops(kPointWork)) return CancelledError();
        if (!add(cell.series, Item{cell.ts_ns, 0, 0, leaves_at, cell.entries})) {
          return Status::Ok();
        }
      }
      continue;
    }
    if (share_ != nullptr) {
      for (; at_ < found_.size(); ++at_) {
        const PipelineScan::Found& found = found_[at_];
        const int64_t ts_ns = found.entry.ts_ns;
        if (ts_ns > until_ns) return Status::Ok();
        const SeriesId series = finder_->IdOf(share_->Translate(found.made));
        if (!add(series, Item{ts_ns, found.line_bytes, found.sample, LeavesAt(ts_ns)})) {
          return Status::Ok();
        }
      }
      continue;
    }
    for (; at_ < batch_.size(); ++at_) {
      Entry& entry = batch_[at_];
      if (entry.ts_ns > until_ns) return Status::Ok();
      const uint64_t leaves_at = LeavesAt(entry.ts_ns);
      if (leaves_at <= step || entry.stream == nullptr) continue;  // between two windows
      if (check_.Stops(entry.line.size() + 8)) return CancelledError();
      SeriesId series = 0;
      if (finder_->Find(&entry, &series, &error)) {
        if (!add(series, Item{entry.ts_ns, entry.line.size(), finder_->sample(), leaves_at})) {
          return Status::Ok();
        }
      } else if (!error.ok()) {
        return error;
      }
    }
  }
}

inline uint64_t RangeScan::LeavesAt(int64_t ts_ns) {
  if (ts_ns > bucket_end_ns_) {
    leaves_at_ = FirstStepAt(Wide{ts_ns} + range_.range_ns);
    bucket_end_ns_ = Clamp(WindowEnd(leaves_at_) - range_.range_ns);
  }
  return leaves_at_;
}

}  // namespace glp::logql
