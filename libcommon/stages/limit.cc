#include "stages/limit.h"

#include <algorithm>
#include <utility>

#include "stages/lenient_yaml.h"

namespace glp::stages {

LimitStage::LimitStage(Options options) : options_(std::move(options)) {
  options_.max_distinct_labels = std::max(options_.max_distinct_labels, kMinDistinctLabels);
}

Verdict LimitStage::Process(StageEntry& entry, StageRun& run) {
  const int64_t now_ns = run.SteadyNs();
  if (!options_.by_label.empty()) {
    const Label* label = entry.labels->Find(options_.by_label);
    if (label == nullptr || BucketOf(label->value, now_ns).Take(now_ns)) return Verdict::kPass;
    return run.Drop(kReason);
  }
  if (!bucket_) bucket_ = NewBucket(now_ns);
  if (bucket_->Take(now_ns)) return Verdict::kPass;
  if (options_.drop) return run.Drop(kReason);
  // Where the process is to stop, the wait is cut short, and what is still there passes.
  run.Wait(bucket_->WaitNs());
  (void)bucket_->Take(run.SteadyNs());
  return Verdict::kPass;
}

TokenBucket& LimitStage::BucketOf(const std::string& value, int64_t now_ns) {
  if (auto found = newer_.find(value); found != newer_.end()) return found->second;
  if (newer_.size() >= options_.max_distinct_labels) {
    older_ = std::move(newer_);
    newer_.clear();
  }
  auto old = older_.find(value);
  return newer_.emplace(value, old != older_.end() ? old->second : NewBucket(now_ns)).first->second;
}

std::unique_ptr<Stage> ReadLimitStage(const codec::YamlNode& config, BuildContext& context) {
  codec::Given<double> rate;
  codec::Given<int64_t> burst, max_distinct_labels;
  codec::Given<bool> drop{false};
  codec::Given<std::string> by_label;
  const codec::YamlNode lenient = WithoutQuotes(config);
  codec::YamlMap map(lenient, "limit", context.errors);
  map.Number("rate", &rate);
  map.Int("burst", &burst);
  map.Bool("drop", &drop);
  map.Text("by_label_name", &by_label);
  map.Int("max_distinct_labels", &max_distinct_labels);
  map.Finish();
  if (!rate) map.Error(map.place(), "limit: expected a rate, in lines a second");
  if (!burst) map.Error(map.place(), "limit: expected a burst, in lines");
  if (!(rate.value > 0)) map.Error(rate, "limit: rate: expected more than 0 lines a second");
  if (burst.value < 1) map.Error(burst, "limit: burst: expected 1 line or more");
  if (max_distinct_labels.value < 0) {
    map.Error(max_distinct_labels, "limit: max_distinct_labels: expected 0 or more");
  }
  if (!by_label.value.empty() && !drop.value) {
    map.Error(by_label, "limit: by_label_name needs `drop: true`: one value must not hold up all");
  }
  if (!context.errors->first().ok()) return nullptr;
  LimitStage::Options options;
  options.rate = rate.value;
  options.burst = static_cast<double>(burst.value);
  options.drop = drop.value;
  options.by_label = by_label.value;
  options.max_distinct_labels = static_cast<size_t>(max_distinct_labels.value);
  return std::make_unique<LimitStage>(std::move(options));
}

}  // namespace glp::stages
