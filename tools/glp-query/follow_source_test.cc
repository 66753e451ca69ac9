#include "follow_source.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "logql/eval.h"
#include "logql/memory_source.h"
#include "logql/parser.h"

namespace glp::query {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

// Entries that arrive at set times; a read waits by setting the clock on.
class FakeInput : public FollowInput {
 public:
  struct Arrival {
    int64_t at_ns, ts_ns;
    const char* app;
    const char* line;
  };
  FakeInput(std::vector<Arrival> arrivals, int64_t ends_ns)
      : arrivals_(std::move(arrivals)), ends_ns_(ends_ns) {}

  Result<io::ReadState> Read(int timeout_ms, std::vector<logql::Entry>* batch) override {
    batch->clear();
    span_.reset();
    ++reads_;
    const bool any = at_ < arrivals_.size();
    const int64_t next_ns = any ? arrivals_[at_].at_ns : ends_ns_;
    if (timeout_ms >= 0 && now_ns_ + timeout_ms * int64_t{1'000'000} < next_ns) {
      now_ns_ += timeout_ms * int64_t{1'000'000};
      return io::ReadState::kTimeout;
    }
    now_ns_ = std::max(now_ns_, next_ns);
    if (!any) return io::ReadState::kEnd;
    for (; at_ < arrivals_.size() && arrivals_[at_].at_ns <= now_ns_; ++at_) {
      const Arrival& one = arrivals_[at_];
      batch->push_back({one.ts_ns, table_.FromLabels({{"app", one.app}}), one.line, ""});
      if (!span_) span_ = {one.ts_ns, one.ts_ns};
      span_->oldest_ns = std::min(span_->oldest_ns, one.ts_ns);
      span_->newest_ns = std::max(span_->newest_ns, one.ts_ns);
    }
    return io::ReadState::kData;
  }
  const std::optional<EntryReader::Span>& span() const override { return span_; }
  const std::vector<EntryReader::Edges>& dropped() const override { return dropped_; }
  const logql::ScanStats& stats() const override { return stats_; }
  int64_t NowNs() const override { return now_ns_; }
  int64_t WallNs() const override { return now_ns_; }
  int reads() const { return reads_; }

 private:
  std::vector<Arrival> arrivals_;
  const int64_t ends_ns_;
  size_t at_ = 0;
  int64_t now_ns_ = 0;
  int reads_ = 0;
  LabelTable table_;
  std::optional<EntryReader::Span> span_;
  std::vector<EntryReader::Edges> dropped_;
  logql::ScanStats stats_;
};

logql::MetricExpr ParseMetric(const std::string& query) {
  auto parsed = logql::Parse(query, {.allow_empty_selector = true});
  EXPECT_TRUE(parsed.ok()) << query;
  return std::get<logql::MetricExpr>(*std::move(parsed));
}

struct Followed {
  std::string steps;  // "STEP@NOW LABELS VALUE; …", in seconds
  int late = 0, reads = 0;
};

Followed Follow(const std::string& text, std::vector<FakeInput::Arrival> arrivals, int64_t ends_ns,
                int64_t delay_ns = kSecond, int64_t step_ns = 10 * kSecond) {
  const logql::MetricExpr query = ParseMetric(text);
  auto owned = std::make_unique<FakeInput>(std::move(arrivals), ends_ns);
  FakeInput* input = owned.get();
  Followed followed;
  FollowSource source(std::move(owned),
                      {.delay_ns = delay_ns, .late = [&](int64_t) { ++followed.late; }});
  const auto first = source.First();
  EXPECT_TRUE(first.ok());
  if (!first.ok() || !*first) return followed;
  logql::QueryParams params;
  params.follows = true;
  params.step_ns = step_ns;
  params.range.start_ns = **first / step_ns * step_ns;
  std::vector<WindowEdges::Window> windows;
  for (const logql::RangeAggregation* range : logql::RangeAggregations(query)) {
    windows.push_back({range->range_ns, range->offset_ns});
  }
  source.SetEdges(WindowEdges(params.range.start_ns, step_ns, windows));
  const Status status = logql::FollowRangeQuery(
      query, &source, params,
      [&](const std::vector<logql::Series>& step) {
        const int64_t ts_ns = step.front().samples.front().ts_ns;
        if (source.ended() && ts_ns >= *source.last() + step_ns) return false;
        followed.steps +=
            std::to_string(ts_ns / kSecond) + "@" + std::to_string(input->NowNs() / kSecond);
        for (const logql::Series& series : step) {
          followed.steps += " " + LabelsToSelector(series.labels) + " " +
                            std::to_string(static_cast<int>(series.samples.front().value));
        }
        followed.steps += "; ";
        return true;
      },
      nullptr);
  EXPECT_TRUE(status.ok()) << status.message();
  followed.reads = input->reads();
  return followed;
}

constexpr int64_t S(double seconds) { return static_cast<int64_t>(seconds * kSecond); }

TEST(FollowSource, AStepIsGivenOnceTheDelayHasPassedSinceItsEnd) {
  const Followed followed = Follow("sum by (app) (count_over_time({}[10s]))",
                                   {{S(1), S(1), "a", "x"},
                                    {S(9), S(9), "b", "x"},
                                    {S(9.5), S(8.5), "a", "x"},  // in time
                                    {S(12), S(12), "a", "x"},    // the first step has ended
                                    {S(25), S(25), "a", "x"}},
                                   S(60));
  // While nothing comes the time goes on; the step that has nothing is not there.
  EXPECT_EQ(followed.steps,
            "10@11 {app=\"a\"} 2 {app=\"b\"} 1; 20@21 {app=\"a\"} 1; "
            "30@31 {app=\"a\"} 1; ");
  EXPECT_EQ(followed.late, 0);
  EXPECT_LT(followed.reads, 40);
}

TEST(FollowSource, TheOpenStepIsGivenAtTheEnd) {
  const Followed followed = Follow("sum(count_over_time({}[10s]))",
                                   {{S(1), S(1), "a", "x"}, {S(12), S(12), "a", "x"}}, S(13));
  EXPECT_EQ(followed.steps, "10@11 {} 1; 20@13 {} 1; ");
}

TEST(FollowSource, EntriesForAClosedStepAreLate) {
  const Followed followed =
      Follow("sum(count_over_time({}[10s]))",
             {{S(1), S(1), "a", "x"}, {S(12), S(3), "a", "x"}, {S(14), S(12.5), "a", "x"}}, S(25));
  // The time is that of the newest entry, which took 1.5 s to come.
  EXPECT_EQ(followed.steps, "10@11 {} 1; 20@22 {} 1; ");
  EXPECT_EQ(followed.late, 1);
}

TEST(FollowSource, WhatIsAbsentIsToldWhileItIs) {
  const Followed followed =
      Follow("absent_over_time({app=\"b\"}[10s])",
             {{S(1), S(1), "a", "x"}, {S(25), S(25), "b", "x"}, {S(45), S(45), "a", "x"}}, S(46));
  EXPECT_EQ(followed.steps,
            "0@2 {app=\"b\"} 1; 10@11 {app=\"b\"} 1; 20@21 {app=\"b\"} 1; "
            "40@41 {app=\"b\"} 1; 50@46 {app=\"b\"} 1; ");
}

TEST(FollowSource, OneSideOfAnOperatorDoesNotWaitForTheOther) {
  const std::vector<FakeInput::Arrival> arrivals = {
      {S(1), S(1), "a", "x"}, {S(15), S(15), "a", "x"}, {S(35), S(35), "a", "x"}};
  EXPECT_EQ(Follow("sum(count_over_time({app=\"b\"}[10s])) or sum(count_over_time({}[10s]))",
                   arrivals, S(36))
                .steps,
            "10@11 {} 1; 20@21 {} 1; 40@36 {} 1; ");
  EXPECT_EQ(Follow("(sum(count_over_time({}[10s])) > 9) or sum(count_over_time({}[10s] offset 5s))",
                   arrivals, S(36))
                .steps,
            "10@11 {} 1; 20@21 {} 1; 40@36 {} 1; ");
  EXPECT_EQ(Follow("sum(count_over_time({app=\"a\"}[20s])) / sum(count_over_time({}[10s]))",
                   arrivals, S(36))
                .steps,
            "10@11 {} 1; 20@21 {} 2; 40@36 {} 1; ");
}

// Input that has ended is answered as RunRangeQuery answers it.
TEST(FollowSource, TheStepsAreThoseOfTheSameQueryOverAllOfIt) {
  const char* const kQueries[] = {
      "count_over_time({}[10s])",
      "sum by (app) (rate({} |= \"1\" [25s]))",
      "absent_over_time({app=\"b\"}[3s])",
      "topk(1, count_over_time({}[15s] offset 7s))",
      "sum(count_over_time({app=\"a\"}[20s])) / sum(count_over_time({}[5s]))",
      "sum(count_over_time({app=\"b\"}[10s])) or vector(0)",
      "quantile_over_time(0.5, {} | regexp \"(?P<n>\\\\d+)\" | unwrap n [30s]) by (app) > 10",
  };
  std::vector<FakeInput::Arrival> arrivals;
  std::vector<std::string> lines;
  for (int i = 0; i < 200; ++i) lines.push_back("line " + std::to_string(i * 7 % 41));
  logql::MemorySource memory;
  for (int i = 0; i < 200; ++i) {
    // Two files, one behind the other, all older than the clock.
    const int64_t ts_ns = -S(10'000) + i % 100 * S(1.7) + (i / 100) * 5;
    arrivals.push_back({S(0.001 * i), ts_ns, i % 3 == 0 ? "b" : "a", lines[i].c_str()});
    memory.Add(ts_ns, {{"app", i % 3 == 0 ? "b" : "a"}}, lines[i]);
  }
  memory.Sort();
  for (const char* text : kQueries) {
    const logql::MetricExpr query = ParseMetric(text);
    logql::QueryParams params;
    params.step_ns = S(10);
    params.range = {-S(10'000), -S(9'830)};
    const auto series = logql::RunRangeQuery(query, &memory, params, nullptr);
    ASSERT_TRUE(series.ok()) << text << series.status().message();
    std::map<std::pair<int64_t, std::string>, double> wanted, got;
    for (const logql::Series& one : *series) {
      for (const logql::Sample& sample : one.samples) {
        wanted[{sample.ts_ns, LabelsToSelector(one.labels)}] = sample.value;
      }
    }
    params.range.end_ns = std::numeric_limits<int64_t>::max();
    params.follows = true;
    FollowSource source(std::make_unique<FakeInput>(arrivals, S(0.3)), {});
    const auto first = source.First();
    ASSERT_TRUE(first.ok() && *first);
    EXPECT_EQ(**first, -S(10'000));
    const Status status = logql::FollowRangeQuery(
        query, &source, params,
        [&](const std::vector<logql::Series>& step) {
          for (const logql::Series& one : step) {
            if (one.samples.front().ts_ns > -S(9'830)) return false;
            got[{one.samples.front().ts_ns, LabelsToSelector(one.labels)}] =
                one.samples.front().value;
          }
          return true;
        },
        nullptr);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(got, wanted) << text;
    EXPECT_FALSE(wanted.empty()) << text;
  }
}

}  // namespace
}  // namespace glp::query
