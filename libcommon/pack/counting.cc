#include "pack/counting.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

#include "logql/ast.h"
#include "logql/cancel_check.h"
#include "logql/step_evaluator.h"

namespace glp::pack {
namespace {

constexpr int64_t kMinuteNs = 60'000'000'000;

class Counter {
 public:
  explicit Counter(const logql::CountRequest& request)
      : request_(request),
        by_minutes_(request.line_filters.empty() && request.width_ns % kMinuteNs == 0 &&
                    request.first_ns % kMinuteNs == 0) {}

  // A run whose entries will come.
  void Expect(const SortedRun& run) {
    Row& row = rows_[run.stream];
    row.first = std::min(row.first, BucketOf(run.min_ts_ns));
    row.end = std::max(row.end, BucketOf(run.max_ts_ns) + 1);
  }

  // Whether a run can be counted without loading it.
  bool Knows(const SortedRun& run) const { return by_minutes_ && !run.per_minute.empty(); }

  // REQUIRES: Knows(run)
  void AddKnown(const SortedRun& run, logql::ScanStats* stats) {
    Row& row = RowOf(run.stream);
    const uint64_t first = MinuteOf(run.min_ts_ns);
    for (size_t i = 0; i < run.per_minute.size(); ++i) {
      const auto behind = static_cast<int64_t>(first + i - MinuteOf(request_.first_ns) - 1);
      if (behind < 0) continue;
      const uint64_t bucket =
          static_cast<uint64_t>(behind) / static_cast<uint64_t>(request_.width_ns / kMinuteNs);
      if (bucket >= request_.buckets) break;
      row.counts[bucket - row.first] += run.per_minute[i];
      stats->entries += run.per_minute[i];
    }
  }

  // Times that rise.
  void Add(const SortedRun& run) {
    Row& row = RowOf(run.stream);
    for (size_t i = 0; i < run.size();) {
      const size_t bucket = BucketOf(run.time(i));
      const int64_t last_ns =
          request_.first_ns + static_cast<int64_t>(bucket + 1) * request_.width_ns;
      const size_t begin = i;
      // Most buckets are a small part of a run.
      size_t stride = 1;
      while (i + stride < run.size() && run.time(i + stride) <= last_ns) {
        i += stride;
        stride *= 2;
      }
      size_t end = std::min(i + stride, run.size());
      ++i;
      while (i < end) {
        const size_t middle = i + (end - i) / 2;
        if (run.time(middle) <= last_ns) {
          i = middle + 1;
        } else {
          end = middle;
        }
      }
      row.counts[bucket - row.first] += i - begin;
    }
  }

  void Add(const logql::Entry& entry) {
    Row& row = RowOf(entry.stream);
    ++row.counts[BucketOf(entry.ts_ns) - row.first];
  }

  std::vector<logql::StreamCounts> Take() {
    std::vector<logql::StreamCounts> streams;
    for (auto& [stream, row] : rows_) {
      if (!row.counts.empty()) streams.push_back({stream, row.first, std::move(row.counts)});
    }
    return streams;
  }

 private:
  struct Row {
    size_t first = std::numeric_limits<size_t>::max();  // bucket
    size_t end = 0;
    std::vector<uint64_t> counts;
  };

  // The bucket of a time, or that which is nearest.
  size_t BucketOf(int64_t ts_ns) const {
    if (ts_ns <= request_.first_ns) return 0;
    const uint64_t behind =
        static_cast<uint64_t>(ts_ns) - static_cast<uint64_t>(request_.first_ns) - 1;
    const uint64_t bucket = behind / static_cast<uint64_t>(request_.width_ns);
    return std::min<uint64_t>(bucket, request_.buckets - 1);
  }

  Row& RowOf(const LabelSet* stream) {
    if (recent_ == nullptr || stream != recent_stream_) {
      recent_stream_ = stream;
      recent_ = &rows_[stream];
      recent_->counts.resize(recent_->end - recent_->first);
    }
    return *recent_;
  }

  const logql::CountRequest& request_;
  const bool by_minutes_;
  std::unordered_map<const LabelSet*, Row> rows_;
  const LabelSet* recent_stream_ = nullptr;
  Row* recent_ = nullptr;
};

// Runs that are taken one by one. What was loaded goes as soon as it is counted.
Status CountEach(std::vector<std::unique_ptr<SortedRun>> runs, ScanContext* context,
                 Counter* counter) {
  std::vector<SortedRun*> order;
  for (const auto& run : runs) order.push_back(run.get());
  ReadAhead loads(&context->request, std::move(order));
  for (std::unique_ptr<SortedRun>& run : runs) {
    const Status status = loads.LoadNext(&context->stats);
    if (status.code() == Code::kData) {
      context->stats.warnings.push_back(status.message());
    } else {
      GLP_RETURN_IF_ERROR(status);
      counter->Add(*run);
    }
    run.reset();
    loads.Widen();
  }
  return Status::Ok();
}

Status CountMerged(std::unique_ptr<ScanContext> context,
                   std::vector<std::unique_ptr<SortedRun>> runs, Counter* counter,
                   logql::ScanStats* stats) {
  MergeCursor cursor(std::move(context), std::move(runs), /*collapse=*/true);
  std::vector<logql::Entry> batch;
  Status status;
  do {
    status = cursor.Next(&batch);
    if (!status.ok()) break;
    for (const logql::Entry& entry : batch) counter->Add(entry);
  } while (!batch.empty());
  *stats = cursor.stats();
  return status;
}

}  // namespace

logql::ScanRequest ScanOf(const logql::CountRequest& request) {
  logql::ScanRequest scan;
  scan.matchers = request.matchers;
  scan.range.start_ns = request.first_ns + 1;
  const int64_t last_ns =
      request.first_ns + static_cast<int64_t>(request.buckets) * request.width_ns;
  scan.range.end_ns = last_ns < std::numeric_limits<int64_t>::max() ? last_ns + 1 : last_ns;
  scan.direction = logql::Direction::kForward;
  scan.line_filters = request.line_filters;
  scan.exact_filters = !request.line_filters.empty();
  scan.want_lines = false;
  scan.cancelled = request.cancelled;
  scan.pool = request.pool;
  return scan;
}

Result<logql::Counts> CountRuns(const logql::CountRequest& request,
                                std::unique_ptr<ScanContext> context,
                                std::vector<std::unique_ptr<SortedRun>> runs, bool collapse) {
  Counter counter(request);
  logql::CancelCheck check(request.cancelled);
  std::vector<size_t> merged_numbers;
  if (collapse) merged_numbers = RunsToCollapse(runs);
  for (const auto& run : runs) counter.Expect(*run);
  std::vector<std::unique_ptr<SortedRun>> merged, single;
  for (const size_t i : merged_numbers) merged.push_back(std::move(runs[i]));
  for (std::unique_ptr<SortedRun>& run : runs) {
    if (run == nullptr) continue;
    if (!counter.Knows(*run)) {
      single.push_back(std::move(run));
      continue;
    }
    if (check.Stops(8 * run->per_minute.size())) return logql::CancelledError();
    counter.AddKnown(*run, &context->stats);
  }
  GLP_RETURN_IF_ERROR(CountEach(std::move(single), context.get(), &counter));
  logql::Counts counts;
  if (merged.empty()) {
    counts.stats = std::move(context->stats);
  } else {
    GLP_RETURN_IF_ERROR(
        CountMerged(std::move(context), std::move(merged), &counter, &counts.stats));
  }
  counts.streams = counter.Take();
  return counts;
}

bool MayHaveMeta(const PackStreams& pack, const std::vector<logql::Matcher>& matchers,
                 logql::TimeRange range) {
  std::vector<char> matches(pack.streams.size(), -1);  // -1: not looked at
  for (const BlockInfo& block : pack.file->index().blocks) {
    if (block.plain || block.max_ts_ns < range.start_ns || block.min_ts_ns >= range.end_ns) {
      continue;
    }
    char& match = matches[block.stream];
    if (match < 0) {
      const LabelSet* stream = pack.streams[block.stream];
      match = stream != nullptr && logql::MatchesAll(matchers, *stream) ? 1 : 0;
    }
    if (match == 1) return true;
  }
  return false;
}

}  // namespace glp::pack
