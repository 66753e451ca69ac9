#include "entry_counts.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/time.h"
#include "logql/series_labels.h"

namespace glp::query {
namespace {

constexpr int64_t kMinuteNs = 60 * kNsPerSecond;
constexpr int64_t kHourNs = 60 * kMinuteNs;
constexpr int64_t kDayNs = 24 * kHourNs;

// Each divides the next.
constexpr int64_t kFineSteps[] = {1,
                                  10,
                                  100,
                                  1'000,
                                  10'000,
                                  100'000,
                                  1'000'000,
                                  10'000'000,
                                  100'000'000,
                                  kNsPerSecond,
                                  5'000'000'000,
                                  10'000'000'000,
                                  30'000'000'000,
                                  kMinuteNs,
                                  5 * kMinuteNs,
                                  10 * kMinuteNs,
                                  30 * kMinuteNs,
                                  kHourNs,
                                  12 * kHourNs,
                                  kDayNs,
                                  7 * kDayNs,
                                  28 * kDayNs,
                                  364 * kDayNs,
                                  3640 * kDayNs};

// From a second on; below it, 1, 2 and 5 times a power of ten.
constexpr int64_t kNiceSteps[] = {
    1 * kNsPerSecond,  2 * kNsPerSecond, 5 * kNsPerSecond, 10 * kNsPerSecond, 15 * kNsPerSecond,
    30 * kNsPerSecond, kMinuteNs,        2 * kMinuteNs,    5 * kMinuteNs,     10 * kMinuteNs,
    15 * kMinuteNs,    30 * kMinuteNs,   kHourNs,          2 * kHourNs,       6 * kHourNs,
    12 * kHourNs,      kDayNs,           2 * kDayNs,       7 * kDayNs,        14 * kDayNs,
    28 * kDayNs,       84 * kDayNs,      364 * kDayNs,     1820 * kDayNs,     3640 * kDayNs,
    7280 * kDayNs};

int64_t FloorDivide(int64_t value, int64_t by) {
  const int64_t quotient = value / by;
  return value % by < 0 ? quotient - 1 : quotient;
}

// The first step of whole `fine_ns` that makes no more than kMostRows of the span.
int64_t NiceStep(uint64_t span_ns, int64_t fine_ns) {
  const auto fits = [&](int64_t step_ns) {
    return step_ns % fine_ns == 0 &&
           span_ns / static_cast<uint64_t>(step_ns) < EntryCounts::kMostRows;
  };
  for (int64_t power = 1; power < kNsPerSecond; power *= 10) {
    for (const int64_t factor : {1, 2, 5}) {
      if (fits(factor * power)) return factor * power;
    }
  }
  for (const int64_t step_ns : kNiceSteps) {
    if (fits(step_ns)) return step_ns;
  }
  return std::max(fine_ns, kNiceSteps[std::size(kNiceSteps) - 1]);
}

uint64_t Distance(int64_t from, int64_t to) {
  return static_cast<uint64_t>(to) - static_cast<uint64_t>(from);
}

// The start of a bucket; the first of all times has none that int64 holds.
int64_t StartOf(int64_t bucket, int64_t step_ns) {
  int64_t start_ns;
  const bool too_early = __builtin_mul_overflow(bucket, step_ns, &start_ns);
  return too_early ? std::numeric_limits<int64_t>::min() : start_ns;
}

}  // namespace

EntryCounts::EntryCounts(const QueryTimes& times, bool by_stream)
    : times_(times), by_stream_(by_stream) {
  if (times.step_ns) {
    step_ns_ = *times.step_ns;
    is_fixed_ = true;
  } else if (times.start_ns && times.end_ns) {
    step_ns_ = NiceStep(Distance(*times.start_ns, *times.end_ns), 1);
    is_fixed_ = true;
  }
}

EntryCounts::Buckets& EntryCounts::BucketsOf(const LabelSet* stream) {
  if (!by_stream_) {
    if (streams_.empty()) streams_.emplace_back();
    return streams_.front().buckets;
  }
  const auto [known, is_new] = by_stream_set_.try_emplace(stream, 0);
  if (is_new) {
    const auto [it, added] = by_json_.try_emplace(stream->json, streams_.size());
    if (added) streams_.push_back({stream->labels, {}});
    known->second = it->second;
  }
  return streams_[known->second].buckets;
}

void EntryCounts::AddSlowly(const logql::Entry& entry) {
  if (too_many_) return;
  int64_t bucket = FloorDivide(entry.ts_ns, step_ns_);
  lowest_ = any_ ? std::min(lowest_, bucket) : bucket;
  highest_ = any_ ? std::max(highest_, bucket) : bucket;
  any_ = true;
  if (is_fixed_) {
    too_many_ = Distance(lowest_, highest_) >= kMostPoints;
    if (too_many_) return;
  } else {
    for (const int64_t step_ns : kFineSteps) {
      if (Distance(lowest_, highest_) < kMostFine) break;
      if (step_ns > step_ns_) Coarsen(step_ns);
    }
    bucket = FloorDivide(entry.ts_ns, step_ns_);
  }
  uint64_t& count = BucketsOf(entry.stream)[bucket];
  ++count;
  last_stream_ = entry.stream;
  last_count_ = &count;
  first_ns_ = StartOf(bucket, step_ns_);
  const bool is_last = first_ns_ > std::numeric_limits<int64_t>::max() - step_ns_;
  last_ns_ = is_last ? std::numeric_limits<int64_t>::max() : first_ns_ + (step_ns_ - 1);
  // Of the first bucket of all, only some is within int64.
  if (first_ns_ == std::numeric_limits<int64_t>::min()) last_ns_ = entry.ts_ns;
}

void EntryCounts::Coarsen(int64_t step_ns) {
  const int64_t factor = step_ns / step_ns_;
  for (Stream& stream : streams_) {
    Buckets joined;
    for (const auto& [bucket, count] : stream.buckets) joined[FloorDivide(bucket, factor)] += count;
    stream.buckets = std::move(joined);
  }
  lowest_ = FloorDivide(lowest_, factor);
  highest_ = FloorDivide(highest_, factor);
  step_ns_ = step_ns;
}

void EntryCounts::ForgetStreams() {
  by_stream_set_.clear();
  last_stream_ = nullptr;
}

Result<std::optional<EntryCounts::Counts>> EntryCounts::Finish() {
  last_stream_ = nullptr;
  if (!any_) return std::optional<Counts>();
  const int64_t start_ns = times_.start_ns.value_or(StartOf(lowest_, step_ns_));
  // The last time of the range, which its end is not.
  int64_t end_ns = StartOf(highest_, step_ns_);
  if (times_.end_ns) end_ns = std::max(end_ns, *times_.end_ns - 1);
  if (!is_fixed_) {
    const int64_t step_ns = NiceStep(Distance(start_ns, end_ns), step_ns_);
    if (step_ns > step_ns_) Coarsen(step_ns);
  }
  const int64_t first = std::min(FloorDivide(start_ns, step_ns_), lowest_);
  const int64_t last = std::max(FloorDivide(end_ns, step_ns_), highest_);
  if (too_many_ || Distance(first, last) >= kMostPoints) {
    return UsageError(
        "--step makes more than a million rows of this range; make it longer, or the range "
        "shorter");
  }
  Counts counts;
  counts.grid = {StartOf(first, step_ns_), StartOf(last, step_ns_), step_ns_};
  for (Stream& stream : streams_) {
    logql::Series& series = counts.series.emplace_back();
    series.labels = std::move(stream.labels);
    if (!by_stream_) {
      for (int64_t bucket = first; bucket <= last; ++bucket) stream.buckets.try_emplace(bucket, 0);
    }
    for (const auto& [bucket, count] : stream.buckets) {
      series.samples.push_back({StartOf(bucket, step_ns_), static_cast<double>(count)});
    }
    std::sort(series.samples.begin(), series.samples.end(),
              [](const auto& a, const auto& b) { return a.ts_ns < b.ts_ns; });
  }
  std::sort(counts.series.begin(), counts.series.end(), [](const auto& a, const auto& b) {
    return logql::LabelsComeBefore(a.labels, b.labels);
  });
  return std::optional<Counts>(std::move(counts));
}

}  // namespace glp::query
