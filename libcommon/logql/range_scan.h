// The entries that the windows of a range aggregation need, in the order of time, each with the
// series it counts for. What the aggregation makes of them is in range_window.h.
// Lifetime: the aggregation, its grouping and the context must outlive it.
// Threads:  one at a time.
// Errors:   those of the source; Code::kUsage for an entry with an error that the query does not
//           ask for, in Loki's words; Code::kCancelled.
// Units:    steps are those of the context. A window at a step covers (end - range, end], where
//           `end` is the step's time less the offset.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/strings.h"
#include "logql/pipeline.h"
#include "logql/step_evaluator.h"

namespace glp::logql {

class RangeScan {
 public:
  using SeriesId = uint32_t;  // 0, 1, … in the order in which they turn up

  // `grouping`: how series are told apart; nullptr: by all labels.
  RangeScan(const RangeAggregation& range, const Grouping* grouping, const EvalContext& context);
  ~RangeScan();

  Status Open();
  // Reads where nothing is at hand; false at the end.
  Result<bool> HasEntry();
  // The first step whose window can hold the next entry. REQUIRES: HasEntry.
  uint64_t NextStep() const { return FirstStepAt(batch_[at_].ts_ns); }
  // Gives `add(SeriesId, const Entry&, leaves_at)` all further entries that are in the window of
  // `step` or in that of a later one, up to the end of the first. leaves_at: the first step whose
  // window does not hold the entry any more; it never goes back.
  template <typename Add>
  Status TakeUntil(uint64_t step, const Add& add);

  const LabelSet* labels(SeriesId series) const { return labels_[series]; }
  double sample() const { return pipeline_->sample(); }

 private:
  using Wide = __int128;  // differences of any two times fit
  static constexpr SeriesId kNone = std::numeric_limits<SeriesId>::max();
  // The series that a stream's entries belong to.
  struct Stream {
    bool meta_matters = false;
    SeriesId plain = kNone;  // of entries without metadata, or of all where it does not matter
    StringMap<SeriesId> by_meta;
  };

  static int64_t Clamp(Wide value);
  bool CountsBytes() const;
  bool MetaMatters(const LabelSet& stream) const;
  Result<bool> WantsLines() const;
  // Where the window of a step ends, in the time of the entries.
  Wide WindowEnd(uint64_t step) const {
    return Wide{context_.steps.start_ns} + Wide{step} * context_.steps.step_ns - range_.offset_ns;
  }
  // The first step whose window ends at or behind `at`.
  uint64_t FirstStepAt(Wide at) const;
  // Whether a label of an entry is one of its series'.
  bool Counts(std::string_view name) const;
  Result<SeriesId> SeriesOf(const Entry& entry);
  // The same where the pipeline made the labels.
  Result<SeriesId> SeriesOfLabels();
  Stream& StreamOf(const LabelSet* labels);
  SeriesId SeriesOfSet(const LabelSet* set);
  Result<SeriesId> MakeSeries(const LabelSet& stream, std::string_view meta);

  const RangeAggregation& range_;
  const Grouping* grouping_;
  const EvalContext& context_;
  const Unwrap* unwrap_;
  std::optional<Pipeline> pipeline_;
  std::unique_ptr<EntryCursor> cursor_;
  std::vector<Entry> batch_;
  size_t at_ = 0;  // in batch_
  bool end_ = false;
  // Entries up to this time leave at leaves_at_.
  int64_t bucket_end_ns_ = std::numeric_limits<int64_t>::min();
  uint64_t leaves_at_ = 0;

  std::vector<const LabelSet*> labels_;  // by SeriesId
  std::vector<SeriesId> by_id_;          // by LabelSet::id of the series' labels
  std::unordered_map<const LabelSet*, Stream> streams_;
  struct Recent {
    const LabelSet* labels = nullptr;
    Stream* stream = nullptr;
  };
  std::array<Recent, 64> recent_;  // in front of streams_, by a hash of the pointer
  // Metadata that differs with every entry must not fill the memory where grouping ignores it.
  StringMap<SeriesId> by_labels_;  // of entries whose labels the pipeline made
  std::string key_;
  bool keeps_errors_ = false;
  static constexpr size_t kMaxMetaCached = 1 << 16;
  size_t meta_cached_ = 0;
};

template <typename Add>
Status RangeScan::TakeUntil(uint64_t step, const Add& add) {
  const int64_t until_ns = Clamp(WindowEnd(step));
  for (;;) {
    GLP_ASSIGN_OR_RETURN(const bool has_entry, HasEntry());
    if (!has_entry) return Status::Ok();
    for (; at_ < batch_.size(); ++at_) {
      Entry& entry = batch_[at_];
      if (entry.ts_ns > until_ns) return Status::Ok();
      if (entry.ts_ns > bucket_end_ns_) {
        leaves_at_ = FirstStepAt(Wide{entry.ts_ns} + range_.range_ns);
        bucket_end_ns_ = Clamp(WindowEnd(leaves_at_) - range_.range_ns);
      }
      if (leaves_at_ <= step || !pipeline_->Process(&entry)) continue;  // between two windows
      GLP_ASSIGN_OR_RETURN(const SeriesId series,
                           pipeline_->ChangesLabels() ? SeriesOfLabels() : SeriesOf(entry));
      add(series, entry, leaves_at_);
    }
  }
}

}  // namespace glp::logql
