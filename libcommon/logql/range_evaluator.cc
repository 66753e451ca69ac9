// count_over_time, rate, bytes_over_time, bytes_rate.
// Entries come in the order of time. At a step t all up to t have been taken in; each was put into
// the bucket of the step at which it leaves the window, so a window is the sum of a series' open
// buckets: at most range / step + 1 of them, whatever the number of entries.

#include <algorithm>
#include <array>
#include <deque>
#include <limits>
#include <optional>
#include <unordered_map>

#include "base/strings.h"
#include "base/time.h"
#include "logql/pipeline.h"
#include "logql/series_labels.h"
#include "logql/step_evaluator.h"

namespace glp::logql {
namespace {

using Wide = __int128;  // differences of any two times fit

int64_t Clamp(Wide value) {
  return static_cast<int64_t>(std::clamp<Wide>(value, std::numeric_limits<int64_t>::min(),
                                               std::numeric_limits<int64_t>::max()));
}

Status PipelineError(LabelsBuilder& builder) {
  Labels labels;
  for (const LabelsBuilder::Item& item : builder.Sorted()) {
    labels.push_back({std::string(item.name), std::string(item.value)});
  }
  const std::string error(builder.error());
  return UsageError(
      "pipeline error: '" + error + "' for series: '" + LabelsToSelector(labels) +
      "'.\nUse a label filter to intentionally skip this error. (e.g | __error__!=\"" + error +
      "\").\nTo skip all potential errors you can match empty errors.(e.g "
      "__error__=\"\")\nThe label filter can also be specified after unwrap. (e.g | "
      "unwrap latency | __error__=\"\" )\n");
}

class RangeEvaluator : public StepEvaluator {
 public:
  RangeEvaluator(const RangeAggregation& range, const Grouping* grouping,
                 const EvalContext& context)
      : range_(range), grouping_(grouping), context_(context) {}
  ~RangeEvaluator() override {
    if (cursor_ != nullptr) AddStats(cursor_->stats(), context_.stats);
  }

  Status Open();
  Result<bool> Next(uint64_t* step, std::vector<Point>* points) override;

 private:
  struct Bucket {
    uint64_t leaves_at;  // the first step whose window does not hold it any more
    uint64_t amount;     // entries or bytes
  };
  struct Series {
    const LabelSet* labels;
    std::vector<Bucket> buckets;  // open from `first` on, in the order of leaves_at
    size_t first = 0;
    uint64_t amount = 0;  // of the open buckets
    bool live = false;    // in live_
  };
  // The series that a stream's entries belong to.
  struct Stream {
    bool meta_matters = false;
    Series* plain = nullptr;  // of entries without metadata, or of all where it does not matter
    StringMap<Series*> by_meta;
  };

  bool CountsBytes() const {
    return range_.op == RangeAggregation::Op::kBytesOverTime ||
           range_.op == RangeAggregation::Op::kBytesRate;
  }
  bool IsRate() const {
    return range_.op == RangeAggregation::Op::kRate ||
           range_.op == RangeAggregation::Op::kBytesRate;
  }
  bool MetaMatters(const LabelSet& stream) const;
  Result<bool> WantsLines() const;
  // Where the window of a step ends, in the time of the entries.
  Wide WindowEnd(uint64_t step) const {
    return Wide{context_.steps.start_ns} + Wide{step} * context_.steps.step_ns - range_.offset_ns;
  }
  // The first step whose window ends at or behind `at`.
  uint64_t FirstStepAt(Wide at) const;
  // Fills the batch where it is used up; false at the end.
  Result<bool> HasEntry();
  Status TakeUntil(int64_t until_ns, uint64_t step);
  Result<Series*> SeriesOf(const Entry& entry);
  // The same where the pipeline made the labels.
  Result<Series*> SeriesOfLabels();
  Stream& StreamOf(const LabelSet* labels);
  Series* SeriesOfSet(const LabelSet* set);
  Result<Series*> MakeSeries(const LabelSet& stream, std::string_view meta);
  void Add(Series* series, uint64_t amount);
  void Collect(uint64_t step, std::vector<Point>* points);

  const RangeAggregation& range_;
  const Grouping* grouping_;
  const EvalContext& context_;
  std::optional<Pipeline> pipeline_;
  std::unique_ptr<EntryCursor> cursor_;
  std::vector<Entry> batch_;
  size_t at_ = 0;  // in batch_
  bool end_ = false;
  uint64_t step_ = 0;
  // The bucket that entries go into up to bucket_end_ns_.
  int64_t bucket_end_ns_ = std::numeric_limits<int64_t>::min();
  uint64_t leaves_at_ = 0;

  std::deque<Series> series_;
  std::vector<Series*> by_id_;  // by LabelSet::id of the series' labels
  std::vector<Series*> live_;   // those with open buckets
  std::unordered_map<const LabelSet*, Stream> streams_;
  struct Recent {
    const LabelSet* labels = nullptr;
    Stream* stream = nullptr;
  };
  std::array<Recent, 64> recent_;  // in front of streams_, by a hash of the pointer
  // Metadata that differs with every entry must not fill the memory where grouping ignores it.
  StringMap<Series*> by_labels_;  // of entries whose labels the pipeline made
  std::string key_;
  bool keeps_errors_ = false;
  static constexpr size_t kMaxMetaCached = 1 << 16;
  size_t meta_cached_ = 0;
};

bool RangeEvaluator::MetaMatters(const LabelSet& stream) const {
  if (grouping_ == nullptr || grouping_->without) return true;
  // A stream's label hides metadata of the same name.
  return !std::all_of(grouping_->names.begin(), grouping_->names.end(),
                      [&](const std::string& name) { return stream.Find(name) != nullptr; });
}

Result<bool> RangeEvaluator::WantsLines() const {
  if (pipeline_->NeedsLines() || CountsBytes()) return true;
  if (grouping_ == nullptr || grouping_->without) return true;
  if (grouping_->names.empty()) return false;
  const TimeRange range = {Clamp(WindowEnd(0) - range_.range_ns + 1),
                           Clamp(WindowEnd(context_.steps.count - 1) + 1)};
  GLP_ASSIGN_OR_RETURN(const std::vector<const LabelSet*> streams,
                       context_.source->Streams(range_.log.matchers, range));
  return std::any_of(streams.begin(), streams.end(),
                     [&](const LabelSet* stream) { return MetaMatters(*stream); });
}

Status RangeEvaluator::Open() {
  Wants wants;
  if (grouping_ != nullptr && !grouping_->without) {
    wants = {.all_labels = false, .labels = grouping_->names, .may_stop = true};
  }
  GLP_ASSIGN_OR_RETURN(pipeline_, Pipeline::Make(range_.log, wants));
  // As in Loki an entry with an error ends the query, unless the query speaks of errors.
  keeps_errors_ = pipeline_->AsksForErrors() ||
                  (grouping_ != nullptr &&
                   std::count(grouping_->names.begin(), grouping_->names.end(), "__error__") > 0);
  ScanRequest request;
  request.matchers = range_.log.matchers;
  request.range = {Clamp(WindowEnd(0) - range_.range_ns + 1),
                   Clamp(WindowEnd(context_.steps.count - 1) + 1)};
  request.direction = Direction::kForward;
  request.line_filters = range_.log.LeadingLineFilters();
  for (LineFilter& filter : request.line_filters) GLP_RETURN_IF_ERROR(PrepareLineFilter(&filter));
  GLP_ASSIGN_OR_RETURN(request.want_lines, WantsLines());
  GLP_ASSIGN_OR_RETURN(cursor_, context_.source->Scan(std::move(request)));
  return Status::Ok();
}

uint64_t RangeEvaluator::FirstStepAt(Wide at) const {
  const Wide behind = at - WindowEnd(0);
  if (behind <= 0) return 0;
  const Wide step = (behind + context_.steps.step_ns - 1) / context_.steps.step_ns;
  return static_cast<uint64_t>(step);
}

Result<bool> RangeEvaluator::HasEntry() {
  if (at_ < batch_.size()) return true;
  if (end_) return false;
  if (context_.params->cancelled && context_.params->cancelled()) return CancelledError();
  at_ = 0;
  GLP_RETURN_IF_ERROR(cursor_->Next(&batch_));
  end_ = batch_.empty();
  return !end_;
}

Result<RangeEvaluator::Series*> RangeEvaluator::MakeSeries(const LabelSet& stream,
                                                           std::string_view meta) {
  GLP_ASSIGN_OR_RETURN(Labels labels, MergeLabels(stream, meta));
  if (grouping_ != nullptr) labels = ProjectLabels(labels, *grouping_);
  return SeriesOfSet(context_.labels->FromLabels(std::move(labels)));
}

RangeEvaluator::Series* RangeEvaluator::SeriesOfSet(const LabelSet* set) {
  if (by_id_.size() <= set->id) by_id_.resize(set->id + 1);
  Series*& series = by_id_[set->id];
  if (series == nullptr) series = &series_.emplace_back(Series{set, {}});
  return series;
}

RangeEvaluator::Stream& RangeEvaluator::StreamOf(const LabelSet* labels) {
  const uint64_t hash = reinterpret_cast<uintptr_t>(labels) * 0x9E3779B97F4A7C15u;
  Recent& recent = recent_[hash >> 58];
  if (recent.labels == labels) return *recent.stream;
  const auto [found, is_new] = streams_.try_emplace(labels);
  if (is_new) found->second.meta_matters = MetaMatters(*labels);
  recent = {labels, &found->second};
  return found->second;
}

Result<RangeEvaluator::Series*> RangeEvaluator::SeriesOf(const Entry& entry) {
  Stream& stream = StreamOf(entry.stream);
  if (!stream.meta_matters || entry.meta.empty()) {
    if (stream.plain == nullptr) {
      GLP_ASSIGN_OR_RETURN(stream.plain, MakeSeries(*entry.stream, ""));
    }
    return stream.plain;
  }
  if (const auto found = stream.by_meta.find(entry.meta); found != stream.by_meta.end()) {
    return found->second;
  }
  if (++meta_cached_ > kMaxMetaCached) {
    for (auto& [labels, other] : streams_) other.by_meta.clear();
    meta_cached_ = 1;
  }
  GLP_ASSIGN_OR_RETURN(Series * series, MakeSeries(*entry.stream, entry.meta));
  stream.by_meta.emplace(entry.meta, series);
  return series;
}

Result<RangeEvaluator::Series*> RangeEvaluator::SeriesOfLabels() {
  LabelsBuilder& builder = pipeline_->labels();
  const std::vector<LabelsBuilder::Item>& items = builder.Sorted();
  if (builder.has_error() && !keeps_errors_) return PipelineError(builder);
  // Told apart by a text of all names and values.
  key_.clear();
  Labels labels;
  const auto each = [&](const auto& take) {
    for (const LabelsBuilder::Item& item : items) {
      if (item.value.empty() && grouping_ != nullptr) continue;
      if (grouping_ != nullptr) {
        const auto& names = grouping_->names;
        const bool named = std::find(names.begin(), names.end(), item.name) != names.end();
        if (named == grouping_->without) continue;
      }
      take(item);
    }
  };
  each([this](const LabelsBuilder::Item& item) {
    for (const std::string_view text : {item.name, item.value}) {
      const size_t size = text.size();
      key_.append(reinterpret_cast<const char*>(&size), sizeof size).append(text);
    }
  });
  if (const auto found = by_labels_.find(key_); found != by_labels_.end()) return found->second;
  each([&](const LabelsBuilder::Item& item) {
    labels.push_back({std::string(item.name), std::string(item.value)});
  });
  Series* const series = SeriesOfSet(context_.labels->FromLabels(std::move(labels)));
  by_labels_.emplace(key_, series);
  return series;
}

void RangeEvaluator::Add(Series* series, uint64_t amount) {
  if (!series->live) {
    series->live = true;
    live_.push_back(series);
  }
  series->amount += amount;
  if (!series->buckets.empty() && series->buckets.back().leaves_at == leaves_at_) {
    series->buckets.back().amount += amount;
  } else {
    series->buckets.push_back({leaves_at_, amount});
  }
}

Status RangeEvaluator::TakeUntil(int64_t until_ns, uint64_t step) {
  const bool counts_bytes = CountsBytes();
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
      GLP_ASSIGN_OR_RETURN(Series * series,
                           pipeline_->ChangesLabels() ? SeriesOfLabels() : SeriesOf(entry));
      Add(series, counts_bytes ? entry.line.size() : 1);
    }
  }
}

void RangeEvaluator::Collect(uint64_t step, std::vector<Point>* points) {
  const double divisor =
      IsRate() ? static_cast<double>(range_.range_ns) / static_cast<double>(kNsPerSecond) : 1;
  size_t kept = 0;
  for (Series* series : live_) {
    std::vector<Bucket>& buckets = series->buckets;
    while (series->first < buckets.size() && buckets[series->first].leaves_at <= step) {
      series->amount -= buckets[series->first++].amount;
    }
    if (series->first == buckets.size()) {
      buckets.clear();
      series->first = 0;
      series->live = false;
      continue;
    }
    if (series->first > 16 && series->first * 2 > buckets.size()) {
      buckets.erase(buckets.begin(), buckets.begin() + static_cast<ptrdiff_t>(series->first));
      series->first = 0;
    }
    points->push_back({series->labels, static_cast<double>(series->amount) / divisor});
    live_[kept++] = series;
  }
  live_.resize(kept);
}

Result<bool> RangeEvaluator::Next(uint64_t* step, std::vector<Point>* points) {
  points->clear();
  for (; step_ < context_.steps.count; ++step_) {
    if (live_.empty()) {
      // Nothing until the next entry: on to the first window that may hold it.
      GLP_ASSIGN_OR_RETURN(const bool has_entry, HasEntry());
      if (!has_entry) break;
      step_ = std::max(step_, FirstStepAt(batch_[at_].ts_ns));
      if (step_ >= context_.steps.count) break;
    }
    GLP_RETURN_IF_ERROR(TakeUntil(Clamp(WindowEnd(step_)), step_));
    Collect(step_, points);
    if (points->empty()) continue;
    *step = step_++;
    return true;
  }
  step_ = context_.steps.count;
  return false;
}

}  // namespace

Result<std::unique_ptr<StepEvaluator>> MakeRangeEvaluator(const RangeAggregation& range,
                                                          const Grouping* grouping,
                                                          const EvalContext& context) {
  auto evaluator = std::make_unique<RangeEvaluator>(range, grouping, context);
  GLP_RETURN_IF_ERROR(evaluator->Open());
  return std::unique_ptr<StepEvaluator>(std::move(evaluator));
}

}  // namespace glp::logql
