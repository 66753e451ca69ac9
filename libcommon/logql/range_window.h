// What one series has in the window of a range aggregation, step after step. Entries come in the
// order of time, each with the step at which it leaves; those that leave together share a bucket,
// so that there are at most range / step + 1 of them, whatever the number of entries. Each class:
//   Add(leaves_at, …)       takes an entry in; leaves_at never goes back
//   Advance(step)           lets go what has left; false where nothing is there any more
//   Value(parameters)       of what is there. REQUIRES: the last Advance was true
//   bytes()                 of memory, about
// Threads: one at a time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <vector>

namespace glp::logql {

struct RangeParameters {
  double seconds = 1;  // of the range
  bool is_rate = false;
  double quantile = 0;
};

// Entries or bytes: whole numbers, which can be taken away again.
class AmountWindow {
 public:
  void Add(uint64_t leaves_at, uint64_t amount) {
    amount_ += amount;
    if (!buckets_.empty() && buckets_.back().leaves_at == leaves_at) {
      buckets_.back().amount += amount;
    } else {
      buckets_.push_back({leaves_at, amount});
    }
  }

  bool Advance(uint64_t step) {
    while (first_ < buckets_.size() && buckets_[first_].leaves_at <= step) {
      amount_ -= buckets_[first_++].amount;
    }
    if (first_ == buckets_.size()) {
      buckets_.clear();
      first_ = 0;
      return false;
    }
    if (first_ > 16 && first_ * 2 > buckets_.size()) {
      buckets_.erase(buckets_.begin(), buckets_.begin() + static_cast<ptrdiff_t>(first_));
      first_ = 0;
    }
    return true;
  }

  double Value(const RangeParameters& parameters) const {
    return static_cast<double>(amount_) / (parameters.is_rate ? parameters.seconds : 1);
  }

  size_t bytes() const { return buckets_.size() * sizeof(Bucket); }

 private:
  struct Bucket {
    uint64_t leaves_at;
    uint64_t amount;
  };
  std::vector<Bucket> buckets_;  // open from `first_` on, in the order of leaves_at
  size_t first_ = 0;
  uint64_t amount_ = 0;  // of the open buckets
};

// Whatever can be put together from two parts, the earlier and the later one, but not be taken
// away. Two stacks: buckets that leave next are on top of `front_`, each put together with all
// below it, that is behind it in time; new ones go to `back_`. Every bucket is moved once.
//   Part(ts_ns, value), Append(const Part& later), Value(parameters)
template <typename Part>
class FoldWindow {
 public:
  void Add(uint64_t leaves_at, int64_t ts_ns, double value) {
    const Part part(ts_ns, value);
    if (!back_.empty() && back_.back().leaves_at == leaves_at) {
      back_.back().part.Append(part);
    } else {
      back_.push_back({leaves_at, part});
    }
    if (back_.size() == 1) {
      sum_of_back_ = back_.back().part;
    } else {
      sum_of_back_.Append(part);
    }
  }

  bool Advance(uint64_t step) {
    while (!front_.empty() && front_.back().leaves_at <= step) front_.pop_back();
    if (!front_.empty()) return true;
    while (!back_.empty() && back_.back().leaves_at > step) {
      Bucket bucket = std::move(back_.back());
      back_.pop_back();
      if (!front_.empty()) bucket.part.Append(front_.back().part);
      front_.push_back(std::move(bucket));
    }
    back_.clear();
    return !front_.empty();
  }

  double Value(const RangeParameters& parameters) const {
    Part whole = front_.back().part;
    if (!back_.empty()) whole.Append(sum_of_back_);
    return whole.Value(parameters);
  }

  size_t bytes() const { return (front_.size() + back_.size()) * sizeof(Bucket); }

 private:
  struct Bucket {
    uint64_t leaves_at;
    Part part;
  };
  std::vector<Bucket> front_, back_;
  Part sum_of_back_ = Part(0, 0);  // where back_ has any
};

struct SumPart {
  SumPart(int64_t, double value) : sum(value) {}
  void Append(const SumPart& later) { sum += later.sum; }
  double Value(const RangeParameters& parameters) const {
    return sum / (parameters.is_rate ? parameters.seconds : 1);
  }
  double sum;
};

// The order of the parts changes nothing, that of zeros with different signs neither.
struct MinPart {
  MinPart(int64_t, double value) : min(value) {}
  void Append(const MinPart& later) {
    if (later.min < min || std::isnan(min) || (later.min == min && std::signbit(later.min))) {
      min = later.min;
    }
  }
  double Value(const RangeParameters&) const { return min; }
  double min;
};

struct MaxPart {
  MaxPart(int64_t, double value) : max(value) {}
  void Append(const MaxPart& later) {
    if (later.max > max || std::isnan(max) || (later.max == max && std::signbit(max))) {
      max = later.max;
    }
  }
  double Value(const RangeParameters&) const { return max; }
  double max;
};

struct FirstPart {
  FirstPart(int64_t, double value) : first(value) {}
  void Append(const FirstPart&) {}
  double Value(const RangeParameters&) const { return first; }
  double first;
};

struct LastPart {
  LastPart(int64_t, double value) : last(value) {}
  void Append(const LastPart& later) { last = later.last; }
  double Value(const RangeParameters&) const { return last; }
  double last;
};

struct AvgPart {
  AvgPart(int64_t, double value) : mean(value) {}
  void Append(const AvgPart& later) {
    count += later.count;
    // An infinite mean stays what it is, but for the other infinity and NaN.
    if (std::isinf(mean) && (std::isfinite(later.mean) || mean == later.mean)) return;
    const double weight = later.count / count;
    mean += later.mean * weight - mean * weight;
  }
  double Value(const RangeParameters&) const { return mean; }
  double count = 1, mean;
};

// Of all there is, not of a sample. Chan, Golub, LeVeque: Updating Formulae.
struct VariancePart {
  VariancePart(int64_t, double value) : mean(value) {}
  void Append(const VariancePart& later) {
    const double total = count + later.count;
    const double delta = later.mean - mean;
    squares += later.squares + delta * delta * (count * later.count / total);
    mean += delta * (later.count / total);
    count = total;
  }
  double Value(const RangeParameters&) const { return squares / count; }
  double count = 1, mean, squares = 0;
};

struct DeviationPart : VariancePart {
  using VariancePart::VariancePart;
  double Value(const RangeParameters& parameters) const {
    return std::sqrt(VariancePart::Value(parameters));
  }
};

// A counter's increase a second; where it falls it began anew at zero.
struct CounterPart {
  CounterPart(int64_t ts_ns, double value)
      : first_ns(ts_ns), last_ns(ts_ns), first(value), last(value) {}
  void Append(const CounterPart& later) {
    resets += later.resets + (later.first < last ? last : 0);
    last = later.last;
    last_ns = later.last_ns;
    count += later.count;
  }
  double Value(const RangeParameters& parameters) const {
    if (count < 2) return 0;
    const double increase = last - first + resets;
    const double interval = static_cast<double>(last_ns - first_ns) / 1000;
    const double average = interval / (count - 1);
    // Prometheus' way to look beyond the first sample, as Loki has it: it takes nanoseconds for
    // milliseconds, so that what is added is some millionths of the increase.
    double before = std::floor(parameters.seconds * 1000) / 1000;
    if (increase > 0 && first >= 0) before = std::min(before, interval * (first / increase));
    const double whole = interval + (before < average * 1.1 ? before : average / 2);
    return increase * (whole / interval) / parameters.seconds;
  }
  int64_t first_ns, last_ns;
  double first, last, resets = 0, count = 1;
};

// Keeps all values, in two sets: those up to the wanted rank, and those above. NaN is the least.
class QuantileWindow {
 public:
  void Add(uint64_t leaves_at, int64_t, double value) {
    if (buckets_.empty() || buckets_.back().leaves_at != leaves_at) {
      buckets_.push_back({leaves_at, {}});
    }
    buckets_.back().values.push_back(value);
    (!low_.empty() && !Less()(*low_.rbegin(), value) ? low_ : high_).insert(value);
  }

  bool Advance(uint64_t step) {
    for (; first_ < buckets_.size() && buckets_[first_].leaves_at <= step; ++first_) {
      for (const double value : buckets_[first_].values) Remove(value);
      std::vector<double>().swap(buckets_[first_].values);
    }
    if (first_ == buckets_.size() || first_ > 1024) {
      buckets_.erase(buckets_.begin(), buckets_.begin() + static_cast<ptrdiff_t>(first_));
      first_ = 0;
    }
    return !buckets_.empty();
  }

  double Value(const RangeParameters& parameters) {
    const double quantile = parameters.quantile;
    if (std::isnan(quantile)) return quantile;
    if (quantile < 0 || quantile > 1) {
      const double infinity = std::numeric_limits<double>::infinity();
      return quantile < 0 ? -infinity : infinity;
    }
    const double rank = quantile * static_cast<double>(low_.size() + high_.size() - 1);
    const double whole = std::floor(rank);
    const auto wanted = static_cast<size_t>(whole) + 1;
    while (low_.size() < wanted) low_.insert(low_.end(), high_.extract(high_.begin()));
    while (low_.size() > wanted) high_.insert(high_.begin(), low_.extract(std::prev(low_.end())));
    const double lower = *low_.rbegin(), upper = high_.empty() ? lower : *high_.begin();
    return lower * (1 - (rank - whole)) + upper * (rank - whole);
  }

  // A value is in a node of a set and in its bucket.
  size_t bytes() const {
    constexpr size_t kValueBytes = 48 + 2 * sizeof(double);
    return (low_.size() + high_.size()) * kValueBytes + buckets_.size() * sizeof(Bucket);
  }

 private:
  struct Less {
    bool operator()(double a, double b) const { return std::isnan(a) ? !std::isnan(b) : a < b; }
  };
  struct Bucket {
    uint64_t leaves_at;
    std::vector<double> values;
  };

  void Remove(double value) {
    auto& side = !low_.empty() && !Less()(*low_.rbegin(), value) ? low_ : high_;
    // Equal values may be on both sides of the border.
    const auto found = side.find(value);
    if (found != side.end()) {
      side.erase(found);
    } else {
      high_.erase(high_.find(value));
    }
  }

  std::multiset<double, Less> low_, high_;
  std::vector<Bucket> buckets_;  // open from `first_` on, in the order of leaves_at
  size_t first_ = 0;
};

}  // namespace glp::logql
