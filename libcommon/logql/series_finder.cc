#include "logql/series_finder.h"

#include <algorithm>
#include <utility>

#include "logql/series_labels.h"

namespace glp::logql {
namespace {

constexpr std::string_view kError = "__error__";
constexpr std::string_view kExtracted = "_extracted";

bool Has(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
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

}  // namespace

Result<SeriesFinder> SeriesFinder::Make(const RangeAggregation& range, const Grouping* grouping,
                                        int64_t now_ns, LabelTable* table) {
  Wants wants;
  if (grouping != nullptr && !grouping->without) {
    wants = {.all_labels = false, .labels = grouping->names, .may_stop = true};
  }
  wants.now_ns = now_ns;
  GLP_ASSIGN_OR_RETURN(Pipeline pipeline, Pipeline::Make(range.log, wants));
  return SeriesFinder(range, grouping, std::move(pipeline), table);
}

SeriesFinder::SeriesFinder(const RangeAggregation& range, const Grouping* grouping,
                           Pipeline pipeline, LabelTable* table)
    : grouping_(grouping),
      unwrap_(range.log.FindUnwrap()),
      pipeline_(std::move(pipeline)),
      table_(table),
      has_stages_(!range.log.stages.empty()),
      groups_(grouping == nullptr || grouping->without || !grouping->names.empty()),
      // As in Loki an entry with an error ends the query, unless the query speaks of errors.
      keeps_errors_(pipeline_.AsksForErrors() ||
                    (grouping != nullptr && Has(grouping->names, kError))) {
  if (grouping_ != nullptr && !grouping_->without) {
    LabelNames& names = pipeline_.labels().names();
    for (const std::string& name : grouping_->names) names_.push_back(names.Intern(name));
    names.Keep();
  }
}

void SeriesFinder::Restart(LabelTable* table) {
  table_ = table;
  labels_.clear();
  by_id_.clear();
  streams_.clear();
  recent_ = {};
  meta_bytes_ = 0;
  by_labels_.clear();
  recent_key_.reset();
}

bool SeriesFinder::MetaMatters(const LabelSet& stream) const {
  if (grouping_ == nullptr || grouping_->without) return true;
  return !std::all_of(grouping_->names.begin(), grouping_->names.end(),
                      [&](const std::string& name) { return HidesMeta(stream, name); });
}

bool SeriesFinder::HidesMeta(const LabelSet& stream, std::string_view name) {
  // Metadata of a stream's name becomes NAME_extracted; errors have no stream.
  return stream.Find(name) != nullptr && !name.ends_with(kExtracted) &&
         !name.starts_with("__error");
}

SeriesFinder::SeriesId SeriesFinder::IdOf(const LabelSet* set) {
  if (by_id_.size() <= set->id) by_id_.resize(set->id + 1, kNone);
  SeriesId& series = by_id_[set->id];
  if (series == kNone) {
    series = static_cast<SeriesId>(labels_.size());
    labels_.push_back(set);
  }
  return series;
}

Result<SeriesFinder::SeriesId> SeriesFinder::MakeSeries(const LabelSet& stream,
                                                        std::string_view meta) {
  GLP_ASSIGN_OR_RETURN(Labels labels, MergeLabels(stream, meta));
  if (grouping_ != nullptr) labels = ProjectLabels(labels, *grouping_);
  return IdOf(table_->FromLabels(std::move(labels)));
}

SeriesFinder::Stream& SeriesFinder::StreamOf(const LabelSet* labels) {
  const uint64_t hash = reinterpret_cast<uintptr_t>(labels) * 0x9E3779B97F4A7C15u;
  Recent& recent = recent_[hash >> 58];
  if (recent.labels == labels) return *recent.stream;
  const auto [found, is_new] = streams_.try_emplace(labels);
  if (is_new) found->second.meta_matters = MetaMatters(*labels);
  recent = {labels, &found->second};
  return found->second;
}

bool SeriesFinder::FindByStream(const Entry& entry, SeriesId* series, Status* error) {
  Stream& stream = StreamOf(entry.stream);
  const bool is_plain = !stream.meta_matters || entry.meta.empty();
  if (is_plain && stream.plain != kNone) {
    *series = stream.plain;
    return true;
  }
  if (!is_plain) {
    if (const auto found = stream.by_meta.find(entry.meta); found != stream.by_meta.end()) {
      *series = found->second;
      return true;
    }
    constexpr size_t kNodeBytes = 64;
    meta_bytes_ += entry.meta.size() + kNodeBytes;
    if (meta_bytes_ > kMaxMetaBytes) {
      for (auto& [labels, other] : streams_) other.by_meta.clear();
      meta_bytes_ = 0;
    }
  }
  const Result<SeriesId> made = MakeSeries(*entry.stream, is_plain ? "" : entry.meta);
  if (!made.ok()) {
    *error = made.status();
    return false;
  }
  *series = *made;
  if (is_plain) {
    stream.plain = *made;
  } else {
    stream.by_meta.emplace(entry.meta, *made);
  }
  return true;
}

void SeriesFinder::TakeNamed() {
  LabelsBuilder& builder = pipeline_.labels();
  for (size_t i = 0; i < names_.size(); ++i) {
    const LabelNames::Id id = names_[i];
    std::string_view value;
    if (id == LabelNames::kError && builder.has_error()) {
      value = builder.error();
    } else if (id == LabelNames::kErrorDetails && builder.has_error() &&
               !builder.error_details().empty()) {
      value = builder.error_details();
    } else {
      value = builder.Get(id).value_or(std::string_view());
    }
    if (!value.empty()) wanted_.emplace_back(grouping_->names[i], value);
  }
}

void SeriesFinder::TakeOthers() {
  for (const LabelsBuilder::Item& item : pipeline_.labels().Sorted()) {
    // The label that gave the numbers tells no series apart.
    if (unwrap_ != nullptr && item.name == unwrap_->label) continue;
    if (grouping_ != nullptr && (item.value.empty() || Has(grouping_->names, item.name))) continue;
    wanted_.emplace_back(item.name, item.value);
  }
}

bool SeriesFinder::FindByLabels(SeriesId* series, Status* error) {
  LabelsBuilder& builder = pipeline_.labels();
  if (builder.has_error() && !keeps_errors_) {
    *error = PipelineError(builder);
    return false;
  }
  wanted_.clear();
  grouping_ != nullptr && !grouping_->without ? TakeNamed() : TakeOthers();
  // Told apart by a text of all names and values.
  key_.clear();
  for (const auto& [name, value] : wanted_) {
    for (const std::string_view text : {name, value}) {
      const size_t size = text.size();
      key_.append(reinterpret_cast<const char*>(&size), sizeof size).append(text);
    }
  }
  if (key_ == recent_key_) {
    *series = recent_series_;
    return true;
  }
  if (const auto found = by_labels_.find(key_); found != by_labels_.end()) {
    *series = recent_series_ = found->second;
    recent_key_ = key_;
    return true;
  }
  Labels labels;
  for (const auto& [name, value] : wanted_) {
    labels.push_back({std::string(name), std::string(value)});
  }
  *series = IdOf(table_->FromLabels(std::move(labels)));
  by_labels_.emplace(key_, *series);
  return true;
}

}  // namespace glp::logql
