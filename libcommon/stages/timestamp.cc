#include "stages/timestamp.h"

namespace glp::stages {

Result<std::unique_ptr<TimestampStage>> TimestampStage::Make(Options options) {
  std::unique_ptr<TimestampStage> stage(new TimestampStage(std::move(options)));
  const Options& o = stage->options_;
  GLP_ASSIGN_OR_RETURN(codec::TimeLayout layout, codec::TimeLayout::Compile(o.format, o.location));
  stage->layouts_.push_back(std::move(layout));
  for (const std::string& format : o.fallback_formats) {
    GLP_ASSIGN_OR_RETURN(codec::TimeLayout fallback,
                         codec::TimeLayout::Compile(format, o.location));
    stage->layouts_.push_back(std::move(fallback));
  }
  stage->no_source_ = "timestamp: no field or label '" + o.source + "'";
  stage->no_time_ = "timestamp: '" + o.source + "' is no time of the form " + o.format;
  return stage;
}

Verdict TimestampStage::Process(StageEntry& entry, StageRun&) {
  auto text = entry.Value(options_.source);
  if (text) {
    for (const codec::TimeLayout& layout : layouts_) {
      // The time of reading is what says which year it is.
      auto ts_ns = layout.Parse(*text, entry.ts_ns);
      if (!ts_ns) continue;
      entry.ts_ns = *ts_ns;
      if (options_.on_failure == OnFailure::kFudge) *LastTime(entry.labels, true) = *ts_ns;
      return Verdict::kPass;
    }
  }
  Fail(entry, text ? no_time_ : no_source_);
  if (options_.on_failure == OnFailure::kFudge) {
    if (int64_t* last = LastTime(entry.labels, false)) entry.ts_ns = ++*last;
  }
  return Verdict::kPass;
}

int64_t* TimestampStage::LastTime(const LabelSet* labels, bool add) {
  if (!recent_.empty() && recent_.front().first == labels->hash) return &recent_.front().second;
  auto it = by_labels_.find(labels->hash);
  if (it != by_labels_.end()) {
    recent_.splice(recent_.begin(), recent_, it->second);
    return &recent_.front().second;
  }
  if (!add) return nullptr;
  if (recent_.size() >= kMaxStreams) {
    by_labels_.erase(recent_.back().first);
    recent_.pop_back();
  }
  recent_.emplace_front(labels->hash, 0);
  by_labels_[labels->hash] = recent_.begin();
  return &recent_.front().second;
}

std::unique_ptr<Stage> ReadTimestampStage(const codec::YamlNode& config, BuildContext& context) {
  codec::Given<std::string> source, format, location, action{"fudge"};
  codec::Given<std::vector<std::string>> fallback_formats;
  codec::YamlMap map(config, "timestamp", context.errors);
  map.Text("source", &source);
  map.Text("format", &format);
  map.Texts("fallback_formats", &fallback_formats);
  map.Text("location", &location);
  map.Text("action_on_failure", &action);
  map.Finish();
  if (!source) map.Error(map.place(), "timestamp: expected a source");
  if (!format) map.Error(map.place(), "timestamp: expected a format");
  if (action.value != "fudge" && action.value != "skip") {
    map.Error(action, "action_on_failure: expected fudge or skip, not '" + action.value + "'");
  }
  if (!context.errors->first().ok()) return nullptr;
  auto stage =
      TimestampStage::Make({source.value, format.value, fallback_formats.value, location.value,
                            action.value == "skip" ? TimestampStage::OnFailure::kSkip
                                                   : TimestampStage::OnFailure::kFudge});
  if (stage.ok()) return *std::move(stage);
  map.Error(location, stage.status().message());
  return nullptr;
}

}  // namespace glp::stages
