#include "logql/range_scan.h"

#include <algorithm>

#include "logql/series_labels.h"

namespace glp::logql {
namespace {

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

}  // namespace

RangeScan::RangeScan(const RangeAggregation& range, const Grouping* grouping,
                     const EvalContext& context)
    : range_(range), grouping_(grouping), context_(context), unwrap_(range.log.FindUnwrap()) {}

RangeScan::~RangeScan() {
  if (cursor_ != nullptr) AddStats(cursor_->stats(), context_.stats);
}

int64_t RangeScan::Clamp(Wide value) {
  return static_cast<int64_t>(std::clamp<Wide>(value, std::numeric_limits<int64_t>::min(),
                                               std::numeric_limits<int64_t>::max()));
}

bool RangeScan::CountsBytes() const {
  return range_.op == RangeAggregation::Op::kBytesOverTime ||
         range_.op == RangeAggregation::Op::kBytesRate;
}

bool RangeScan::MetaMatters(const LabelSet& stream) const {
  if (grouping_ == nullptr || grouping_->without) return true;
  // A stream's label hides metadata of the same name.
  return !std::all_of(grouping_->names.begin(), grouping_->names.end(),
                      [&](const std::string& name) { return stream.Find(name) != nullptr; });
}

Result<bool> RangeScan::WantsLines() const {
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

Status RangeScan::Open() {
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

uint64_t RangeScan::FirstStepAt(Wide at) const {
  const Wide behind = at - WindowEnd(0);
  if (behind <= 0) return 0;
  const Wide step = (behind + context_.steps.step_ns - 1) / context_.steps.step_ns;
  return static_cast<uint64_t>(step);
}

Result<bool> RangeScan::HasEntry() {
  if (at_ < batch_.size()) return true;
  if (end_) return false;
  if (context_.params->cancelled && context_.params->cancelled()) return CancelledError();
  at_ = 0;
  GLP_RETURN_IF_ERROR(cursor_->Next(&batch_));
  end_ = batch_.empty();
  return !end_;
}

Result<RangeScan::SeriesId> RangeScan::MakeSeries(const LabelSet& stream, std::string_view meta) {
  GLP_ASSIGN_OR_RETURN(Labels labels, MergeLabels(stream, meta));
  if (grouping_ != nullptr) labels = ProjectLabels(labels, *grouping_);
  return SeriesOfSet(context_.labels->FromLabels(std::move(labels)));
}

RangeScan::SeriesId RangeScan::SeriesOfSet(const LabelSet* set) {
  if (by_id_.size() <= set->id) by_id_.resize(set->id + 1, kNone);
  SeriesId& series = by_id_[set->id];
  if (series == kNone) {
    series = static_cast<SeriesId>(labels_.size());
    labels_.push_back(set);
  }
  return series;
}

RangeScan::Stream& RangeScan::StreamOf(const LabelSet* labels) {
  const uint64_t hash = reinterpret_cast<uintptr_t>(labels) * 0x9E3779B97F4A7C15u;
  Recent& recent = recent_[hash >> 58];
  if (recent.labels == labels) return *recent.stream;
  const auto [found, is_new] = streams_.try_emplace(labels);
  if (is_new) found->second.meta_matters = MetaMatters(*labels);
  recent = {labels, &found->second};
  return found->second;
}

Result<RangeScan::SeriesId> RangeScan::SeriesOf(const Entry& entry) {
  Stream& stream = StreamOf(entry.stream);
  if (!stream.meta_matters || entry.meta.empty()) {
    if (stream.plain == kNone) {
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
  GLP_ASSIGN_OR_RETURN(const SeriesId series, MakeSeries(*entry.stream, entry.meta));
  stream.by_meta.emplace(entry.meta, series);
  return series;
}

bool RangeScan::Counts(std::string_view name) const {
  // The label that gave the numbers tells no series apart, unless it is asked for by its name.
  const bool is_unwrapped = unwrap_ != nullptr && name == unwrap_->label;
  if (grouping_ == nullptr) return !is_unwrapped;
  const auto& names = grouping_->names;
  const bool named = std::find(names.begin(), names.end(), name) != names.end();
  return grouping_->without ? !named && !is_unwrapped : named;
}

Result<RangeScan::SeriesId> RangeScan::SeriesOfLabels() {
  LabelsBuilder& builder = pipeline_->labels();
  const std::vector<LabelsBuilder::Item>& items = builder.Sorted();
  if (builder.has_error() && !keeps_errors_) return PipelineError(builder);
  // Told apart by a text of all names and values.
  key_.clear();
  Labels labels;
  const auto each = [&](const auto& take) {
    for (const LabelsBuilder::Item& item : items) {
      if (item.value.empty() && grouping_ != nullptr) continue;
      if (Counts(item.name)) take(item);
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
  const SeriesId series = SeriesOfSet(context_.labels->FromLabels(std::move(labels)));
  by_labels_.emplace(key_, series);
  return series;
}

}  // namespace glp::logql
