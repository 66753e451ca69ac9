// Counters, gauges and histograms out of the entries that pass (stages/metric_families.h keeps
// them). Nothing of the entry changes; what is to be counted and is no number marks it.
// An entry without the source does not count. Numbers are floats, or durations in seconds.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stages/build.h"
#include "stages/metric_families.h"
#include "stages/stage.h"

namespace glp::stages {

class MetricsStage : public Stage {
 public:
  enum class Action : uint8_t { kInc, kDec, kAdd, kSub, kSet, kObserve };
  struct Metric {
    MetricFamily* family = nullptr;
    Action action = Action::kInc;
    std::string source;
    std::optional<std::string> value;           // only entries whose source has it count
    bool match_all = false;                     // all entries count, whatever the source
    bool count_bytes = false;                   // what is added is the size of the line
    bool never = false;                         // promtail adds nothing
    std::string no_number, negative, too_many;  // why an entry does not count
  };
  // `own`: where the families are, if nobody else keeps them.
  MetricsStage(std::vector<Metric> metrics, std::unique_ptr<StageMetrics> own)
      : metrics_(std::move(metrics)), own_(std::move(own)) {}
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  void Count(const Metric& metric, StageEntry& entry, StageRun& run);
  std::vector<Metric> metrics_;
  std::unique_ptr<StageMetrics> own_;
};

std::unique_ptr<Stage> ReadMetricsStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
