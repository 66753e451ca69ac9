// Counts and the order of buckets against the merge in the order of time, over random runs.
#include "pack/counting.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/thread_pool.h"

namespace glp::pack {
namespace {

constexpr int64_t kMinuteNs = 60'000'000'000;

struct Stored {
  int64_t ts_ns;
  std::string line;
};

class TestRun : public SortedRun {
 public:
  explicit TestRun(std::vector<Stored> entries) : all_(std::move(entries)) {
    min_ts_ns = all_.front().ts_ns;
    max_ts_ns = all_.back().ts_ns;
  }
  Status Load(const logql::ScanRequest& request, LoadTools*, logql::ScanStats* stats) override {
    ++stats->blocks_read;
    if (is_damaged) return DataError("a damaged run");
    for (const Stored& entry : all_) {
      if (!request.range.Contains(entry.ts_ns)) continue;
      const bool passes =
          std::all_of(request.line_filters.begin(), request.line_filters.end(),
                      [&](const auto& filter) { return filter.Passes(entry.line); });
      if (!passes) continue;
      kept_.push_back(entry);
      kept_times_.push_back(entry.ts_ns);
    }
    times_ = kept_times_.data();
    size_ = kept_.size();
    return Status::Ok();
  }
  Status LoadText(LoadTools*) override { return Status::Ok(); }
  void Text(size_t i, logql::Entry* entry) const override { entry->line = kept_[i].line; }
  size_t load_bytes() const override { return all_.size(); }
  size_t bytes() const override { return kept_.size(); }

  bool is_damaged = false;

 private:
  const std::vector<Stored> all_;
  std::vector<Stored> kept_;
  std::vector<int64_t> kept_times_;
};

// What runs are made of, so that they can be made several times.
struct RunPlan {
  std::vector<Stored> entries;
  const LabelSet* stream;
  bool exact;
  std::vector<uint32_t> per_minute;
};

class Plans {
 public:
  explicit Plans(uint64_t seed) : random_(seed) {
    streams_ = {table_.FromLabels({{"a", "1"}}), table_.FromLabels({{"a", "2"}})};
    const unsigned shape = Number(3);  // all exact, none, some
    for (unsigned i = 1 + Number(6); i > 0; --i) {
      RunPlan plan;
      const int64_t begin = (static_cast<int64_t>(Number(20)) - 10) * kMinuteNs / 2;
      for (unsigned k = 1 + Number(30); k > 0; --k) {
        const int64_t ts_ns = begin + Number(12) * kMinuteNs / 4 + (Number(4) == 0 ? 1 : 0);
        plan.entries.push_back({ts_ns, Number(3) == 0 ? "error" : "x" + std::to_string(Number(3))});
      }
      std::stable_sort(plan.entries.begin(), plan.entries.end(),
                       [](const Stored& a, const Stored& b) { return a.ts_ns < b.ts_ns; });
      plan.stream = streams_[Number(2)];
      plan.exact = shape == 0 || (shape == 2 && Number(2) == 0);
      std::vector<int64_t> times;
      for (const Stored& entry : plan.entries) times.push_back(entry.ts_ns);
      if (Number(3) > 0) plan.per_minute = CountMinutes(times);
      plans_.push_back(std::move(plan));
    }
  }

  unsigned Number(unsigned below) { return static_cast<unsigned>(random_() % below); }

  std::vector<std::unique_ptr<SortedRun>> Runs() const {
    std::vector<std::unique_ptr<SortedRun>> runs;
    uint32_t group = 0;
    for (const RunPlan& plan : plans_) {
      auto run = std::make_unique<TestRun>(plan.entries);
      run->stream = plan.stream;
      run->exact = plan.exact;
      std::set<std::pair<int64_t, std::string>> seen;
      run->distinct = std::all_of(
          plan.entries.begin(), plan.entries.end(),
          [&](const Stored& entry) { return seen.emplace(entry.ts_ns, entry.line).second; });
      run->per_minute = plan.per_minute;
      run->group = group++;
      runs.push_back(std::move(run));
    }
    return runs;
  }

 private:
  std::mt19937_64 random_;
  LabelTable table_;
  std::vector<const LabelSet*> streams_;
  std::vector<RunPlan> plans_;
};

using Found = std::vector<std::tuple<int64_t, const LabelSet*, std::string>>;

Found Merge(const Plans& plans, logql::ScanRequest request, bool collapse = true) {
  MergeCursor cursor(std::make_unique<ScanContext>(std::move(request)), plans.Runs(), collapse);
  Found found;
  std::vector<logql::Entry> batch;
  for (;;) {
    EXPECT_TRUE(cursor.Next(&batch).ok());
    if (batch.empty()) return found;
    for (const logql::Entry& entry : batch) {
      found.emplace_back(entry.ts_ns, entry.stream, std::string(entry.line));
    }
  }
}

logql::ScanRequest Forward() {
  logql::ScanRequest request;
  request.direction = logql::Direction::kForward;
  return request;
}

TEST(CountRuns, CountsWhatAMergeGives) {
  ThreadPool pool(2);
  uint64_t counted = 0;
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    Plans plans(seed);
    logql::CountRequest request;
    constexpr int64_t kWidths[] = {kMinuteNs, 2 * kMinuteNs, kMinuteNs / 4, kMinuteNs + 1};
    request.width_ns = kWidths[plans.Number(4)];
    request.first_ns = (static_cast<int64_t>(plans.Number(12)) - 8) * kMinuteNs;
    if (plans.Number(4) == 0) request.first_ns += 7;
    request.buckets = 1 + plans.Number(8);
    if (plans.Number(2) == 0) request.pool = &pool;
    if (plans.Number(3) == 0) {
      request.line_filters = {*logql::MakeLineFilter(logql::LineFilter::Op::kContains, {"error"})};
    }
    const bool collapse = plans.Number(3) > 0;
    std::map<std::pair<const LabelSet*, uint64_t>, uint64_t> expected, found;
    logql::ScanRequest scan = ScanOf(request);
    scan.want_lines = true;
    for (const auto& [ts_ns, stream, line] : Merge(plans, scan, collapse)) {
      const auto behind = static_cast<uint64_t>(ts_ns - request.first_ns - 1);
      ++expected[{stream, behind / static_cast<uint64_t>(request.width_ns)}];
    }
    auto counts =
        CountRuns(request, std::make_unique<ScanContext>(ScanOf(request)), plans.Runs(), collapse);
    ASSERT_TRUE(counts.ok());
    for (const logql::StreamCounts& stream : counts->streams) {
      ASSERT_LE(stream.first + stream.counts.size(), request.buckets);
      for (size_t i = 0; i < stream.counts.size(); ++i) {
        if (stream.counts[i] > 0) found[{stream.stream, stream.first + i}] += stream.counts[i];
      }
    }
    ASSERT_EQ(found, expected) << "seed " << seed;
    counted += found.size();
  }
  EXPECT_GT(counted, 5000u);
}

TEST(CountRuns, LoadsNothingThatIsCountedByMinute) {
  std::vector<std::unique_ptr<SortedRun>> runs;
  LabelTable table;
  const std::vector<uint32_t> per_minute = {2, 0, 1};
  auto run = std::make_unique<TestRun>(
      std::vector<Stored>{{kMinuteNs, "a"}, {kMinuteNs, "b"}, {3 * kMinuteNs, "c"}});
  run->is_damaged = true;  // nobody will know
  run->stream = table.FromLabels({});
  run->distinct = true;
  run->per_minute = per_minute;
  runs.push_back(std::move(run));
  logql::CountRequest request;
  request.width_ns = kMinuteNs;
  request.buckets = 3;
  const auto counts =
      CountRuns(request, std::make_unique<ScanContext>(ScanOf(request)), std::move(runs), true);
  ASSERT_TRUE(counts.ok());
  EXPECT_EQ(counts->stats.blocks_read, 0u);
  EXPECT_EQ(counts->stats.entries, 3u);
  ASSERT_EQ(counts->streams.size(), 1u);
  EXPECT_EQ(counts->streams[0].counts, (std::vector<uint64_t>{2, 0, 1}));
}

TEST(CountRuns, SaysWhatIsDamaged) {
  std::vector<std::unique_ptr<SortedRun>> runs;
  LabelTable table;
  for (const bool is_damaged : {true, false}) {
    auto run = std::make_unique<TestRun>(std::vector<Stored>{{5, "a"}});
    run->is_damaged = is_damaged;
    run->stream = table.FromLabels({});
    run->exact = true;
    runs.push_back(std::move(run));
  }
  logql::CountRequest request;
  request.width_ns = 10;
  request.buckets = 1;
  const auto counts =
      CountRuns(request, std::make_unique<ScanContext>(ScanOf(request)), std::move(runs), true);
  ASSERT_TRUE(counts.ok());
  EXPECT_EQ(counts->stats.warnings, std::vector<std::string>{"a damaged run"});
  EXPECT_EQ(counts->streams[0].counts, std::vector<uint64_t>{1});
}

TEST(CountRuns, CanBeCancelled) {
  const Plans plans(3);
  logql::CountRequest request;
  request.first_ns = -20 * kMinuteNs;
  request.width_ns = kMinuteNs / 2 + 1;
  request.buckets = 100;
  request.cancelled = [] { return true; };
  const auto counts =
      CountRuns(request, std::make_unique<ScanContext>(ScanOf(request)), plans.Runs(), true);
  EXPECT_EQ(counts.status().code(), Code::kCancelled);
}

TEST(MergeCursor, GivesBucketsInOrder) {
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    Plans plans(seed);
    logql::ScanRequest request = Forward();
    request.range = {-4 * kMinuteNs, 6 * kMinuteNs};
    Found expected = Merge(plans, request);
    request.bucket_width_ns = plans.Number(2) == 0 ? kMinuteNs : kMinuteNs / 3;
    request.bucket_first_ns = 5 - 4 * kMinuteNs;
    Found found = Merge(plans, request);
    const auto bucket = [&](const Found::value_type& entry) {
      const int64_t behind = std::get<0>(entry) - request.bucket_first_ns - 1;
      return behind < 0 ? -1 : behind / request.bucket_width_ns;
    };
    for (size_t i = 1; i < found.size(); ++i) {
      ASSERT_LE(bucket(found[i - 1]), bucket(found[i])) << "seed " << seed;
    }
    std::sort(expected.begin(), expected.end());
    std::sort(found.begin(), found.end());
    ASSERT_EQ(found, expected) << "seed " << seed;
  }
}

TEST(MergeCursor, GivesNoMoreThanIsWanted) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Plans plans(seed);
    logql::ScanRequest request = Forward();
    if (plans.Number(2) == 0) request.direction = logql::Direction::kBackward;
    Found expected = Merge(plans, request);
    request.limit = 1 + plans.Number(20);
    expected.resize(std::min<size_t>(expected.size(), request.limit));
    ASSERT_EQ(Merge(plans, request), expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace glp::pack
