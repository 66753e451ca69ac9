// The numbers that the stages `metrics` keep, by name and labels, and their text for Prometheus.
// Series that were not changed for max_idle are gone from the text, and begin anew.
//
//   StageMetrics metrics;
//   GLP_ASSIGN_OR_RETURN(MetricFamily* lines, metrics.Family({.name = "promtail_custom_lines",
//   …})); lines->Add(*entry.labels, table.generation(), 1, steady_ns); metrics.AppendText(&text,
//   steady_ns);     // from another thread
//
// Lifetime: families live as long as their StageMetrics.
// Threads:  safe from any; a label set is looked at only during the call.
// Cost:     a lock that is nearly always free, and a look-up by the number of the label set.
// Memory:   of 100,000 series a family at most.
// Format:   https://prometheus.io/docs/instrumenting/exposition_formats, text format 0.0.4.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "record/labels.h"

namespace glp::stages {

enum class MetricKind : uint8_t { kCounter, kGauge, kHistogram };
std::string_view NameOf(MetricKind kind);  // "counter"

struct MetricSpec {
  std::string name;
  std::string help;  // any text
  MetricKind kind = MetricKind::kCounter;
  std::vector<double> bounds;  // kHistogram: the upper ends of the buckets, rising
  int64_t max_idle_ns = 0;
};

class MetricFamily {
 public:
  static constexpr size_t kMaxSeries = 100'000;

  explicit MetricFamily(MetricSpec spec) : spec_(std::move(spec)) {}
  MetricFamily(const MetricFamily&) = delete;
  MetricFamily& operator=(const MetricFamily&) = delete;

  const MetricSpec& spec() const { return spec_; }
  // Each is false where there are kMaxSeries others. `generation`: of the table of the label set.
  // Labels whose names begin with __ do not count. REQUIRES: Add and Set of a counter or gauge,
  // Observe of a histogram; what is added to a counter is not negative.
  bool Add(const LabelSet& labels, uint64_t generation, double value, int64_t steady_ns);
  bool Set(const LabelSet& labels, uint64_t generation, double value, int64_t steady_ns);
  bool Observe(const LabelSet& labels, uint64_t generation, double value, int64_t steady_ns);

 private:
  friend class StageMetrics;
  struct Series {
    double value = 0;              // kHistogram: the sum
    std::vector<uint64_t> counts;  // kHistogram: of each bucket alone, and of what is above all
    int64_t touched_ns = 0;
  };
  struct Slot {
    const LabelSet* labels = nullptr;
    Series* series = nullptr;
  };
  Series* Find(const LabelSet& labels, uint64_t generation, int64_t steady_ns);
  std::string LabelText(const LabelSet& labels) const;
  void AppendText(std::string* out, int64_t steady_ns);
  void AppendHistogram(std::string* out, const std::string& labels, const Series& series) const;

  MetricSpec spec_;
  std::mutex mutex_;
  std::map<std::string, Series> series_;  // by their labels as text
  std::array<Slot, 256> slots_;
  uint64_t generation_ = 0;
};

class StageMetrics {
 public:
  // The family of that name, made where there is none; help is that of the first, max_idle the
  // longest. Errors: Code::kUsage for a name that Prometheus does not take or that the tools use
  // themselves, and where another stage has it as another kind or with other buckets.
  Result<MetricFamily*> Family(MetricSpec spec);
  void AppendText(std::string* out, int64_t steady_ns);

 private:
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<MetricFamily>, std::less<>> families_;
};

}  // namespace glp::stages
