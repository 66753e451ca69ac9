// Numbers that a long-running tool keeps of itself, and their text for Prometheus.
//
//   cli::Metrics metrics("glp-push");
//   cli::Counter& sent = metrics.NewCounter("promtail_sent_entries_total", "Entries sent.",
//                                           {{"host", "loki:3100"}});
//   sent.Add(batch.size());
//
// `--metrics` serves them (cli/metrics_server.h); a tool keeps its numbers with and without it.
// Lifetime: metrics are good until they are removed or their Metrics ends.
// Threads:  safe from any.
// Cost:     an update is one or a few relaxed atomic additions, no lock and no allocation. New…
//           takes a lock and a look-up: keep what it returns.
// Format:   https://prometheus.io/docs/instrumenting/exposition_formats, text format 0.0.4.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace glp::cli {

// Only goes up.
class Counter {
 public:
  void Add(uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// Goes up and down.
class Gauge {
 public:
  void Set(int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void Add(int64_t n) { value_.fetch_add(n, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// How often a value was at most so large. Its unit is that of its name: seconds, bytes.
class Histogram {
 public:
  // `bounds`: the upper ends of the buckets, rising; one for all values above comes with them.
  explicit Histogram(std::vector<double> bounds);
  void Observe(double value);

  const std::vector<double>& bounds() const { return bounds_; }
  // Values of bucket `i` alone, 0 <= i <= bounds().size().
  uint64_t count(size_t i) const { return counts_[i].load(std::memory_order_relaxed); }
  double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  const std::vector<double> bounds_;
  const std::unique_ptr<std::atomic<uint64_t>[]> counts_;
  std::atomic<double> sum_{0};
};

// Prometheus' own default: 5 ms to 10 s.
std::vector<double> DefaultSeconds();

class Metrics {
 public:
  using LabelList = std::vector<std::pair<std::string, std::string>>;  // name, value

  explicit Metrics(std::string tool);
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The metric of that name and those labels, made where there is none. `help` is a sentence, that
  // of the first call is kept. Values of labels may be any text.
  // REQUIRES: one name has one kind of metric, and bounds are those of the first call.
  Counter& NewCounter(std::string_view name, std::string_view help, const LabelList& labels = {});
  Gauge& NewGauge(std::string_view name, std::string_view help, const LabelList& labels = {});
  Histogram& NewHistogram(std::string_view name, std::string_view help,
                          const std::vector<double>& bounds, const LabelList& labels = {});
  // Forgets one, for labels that come and go (paths). REQUIRES: nobody uses it any more.
  void Remove(std::string_view name, const LabelList& labels);

  // Appends more to Text() from now on, in the same format with its HELP and TYPE lines. `append`
  // is called from the thread of the server.
  // REQUIRES: no name of it is one of these here; what it looks at outlives the server.
  void AddSource(std::function<void(std::string*)> append);

  // All of them, what the kernel says of this process, and glp_build_info{tool,version}.
  std::string Text() const;

 private:
  // By the text of their labels; nodes of a map stay where they are.
  struct Family {
    std::string help, kind;
    std::map<std::string, Counter> counters;
    std::map<std::string, Gauge> gauges;
    std::map<std::string, Histogram> histograms;
  };
  Family& FamilyOf(std::string_view name, std::string_view help, std::string_view kind);

  const std::string tool_;
  mutable std::mutex mutex_;
  std::map<std::string, Family, std::less<>> families_;  // by name
  std::vector<std::function<void(std::string*)>> sources_;
};

}  // namespace glp::cli
