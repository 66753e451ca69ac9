// Queries on several threads: whatever the pool and the size of chunks, the answer is that of one
// thread. And that they end when they should.
#include "logql/pipeline_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "logql/cancellable_sort.h"
#include "logql/memory_source.h"
#include "logql/parser.h"
#include "logql/random_queries.h"

namespace glp::logql {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

void Fill(RandomQueries* random, unsigned most, MemorySource* source) {
  for (unsigned i = random->Number(most); i > 0; --i) {
    const Labels meta = random->Metadata();
    source->Add(int64_t{random->Number(240)} * kSecond / 2, random->Stream(), random->Line(),
                meta.empty() ? "" : LabelsToJson(meta));
  }
  source->Sort();
}

// All that a log query says.
std::vector<std::string> Rows(const LogExpr& log, EntrySource* source, const QueryParams& params) {
  std::vector<std::string> rows;
  const Status status = RunLogQuery(
      log, source, params,
      [&](const Entry& entry) {
        std::string& row = rows.emplace_back(std::to_string(entry.ts_ns));
        for (const std::string_view text :
             {std::string_view(entry.stream->json), entry.line, entry.meta, entry.fields}) {
          row.append(" ").append(text);
        }
        return true;
      },
      nullptr);
  rows.push_back(status.message());
  return rows;
}

std::vector<std::string> Rows(const MetricExpr& metric, EntrySource* source,
                              const QueryParams& params) {
  std::vector<std::string> rows;
  const auto series = RunRangeQuery(metric, source, params, nullptr);
  if (!series.ok()) return {series.status().message()};
  for (const Series& one : *series) {
    std::string& row = rows.emplace_back(LabelsToJson(one.labels));
    for (const Sample& sample : one.samples) {
      // All bits of it.
      row += " " + std::to_string(sample.ts_ns) + "=" +
             std::to_string(std::bit_cast<uint64_t>(sample.value));
    }
  }
  return rows;
}

template <typename Query>
void ExpectSameOnAllPools(const Query& query, const std::string& text, EntrySource* source,
                          QueryParams params, RandomQueries* random) {
  static ThreadPool none(0), one(1), three(3);
  const std::vector<std::string> expected = Rows(query, source, params);
  for (ThreadPool* pool : {&none, &one, &three}) {
    params.pool = pool;
    params.chunk_bytes = std::vector<size_t>{1, 300, 1000, 5000}[random->Number(4)];
    EXPECT_EQ(Rows(query, source, params), expected)
        << text << "\n"
        << pool->threads() << " threads, chunks of " << params.chunk_bytes;
  }
}

TEST(PipelineScan, LogQueriesDoNotDependOnThreads) {
  RandomQueries random(5);
  unsigned answers = 0;
  for (int round = 0; round < 1500; ++round) {
    MemorySource source;
    Fill(&random, 120, &source);
    const std::string query = random.Query();
    const auto log = ParseLogQuery(query, {.allow_empty_selector = true});
    if (!log.ok()) continue;
    QueryParams params;
    params.direction = random.OneIn(2) ? Direction::kForward : Direction::kBackward;
    params.limit = random.OneIn(3) ? 1 + random.Number(20) : 0;
    answers += Rows(*log, &source, params).size() > 1;
    ExpectSameOnAllPools(*log, query, &source, params, &random);
    if (HasFailure()) return;
  }
  EXPECT_GT(answers, 600u);
}

std::string RandomMetric(RandomQueries* random) {
  std::string log = random->Query();
  const bool unwraps = random->OneIn(2);
  if (unwraps) log += " | unwrap " + random->Name();
  if (!random->OneIn(4)) log += " | __error__=\"\"";
  const std::string range = "(" + log + "[" + random->Pick({"500ms", "3s", "10s", "1m"}) + "]" +
                            random->Pick({"", "", " offset 1500ms"}) + ")";
  std::string by;
  if (!random->OneIn(3)) {
    by = random->Pick({" by (", " by (", " without ("}) + random->Name() + ", " + random->Name() +
         ")";
  }
  if (!unwraps) {
    const std::string op = random->Pick({"count_over_time", "rate", "bytes_over_time"});
    return by.empty() ? op + range : random->Pick({"sum", "max"}) + by + "(" + op + range + ")";
  }
  if (random->OneIn(3)) return "sum" + by + "(sum_over_time" + range + ")";
  return random->Pick({"avg_over_time", "max_over_time", "first_over_time", "last_over_time",
                       "stddev_over_time"}) +
         range + by;
}

TEST(PipelineScan, MetricsDoNotDependOnThreads) {
  RandomQueries random(6);
  unsigned answers = 0, refused = 0;
  for (int round = 0; round < 1500; ++round) {
    MemorySource source;
    Fill(&random, 120, &source);
    std::string query = RandomMetric(&random);
    if (random.OneIn(6)) query = "(" + query + ") or (" + RandomMetric(&random) + ")";
    const auto expr = Parse(query, {.allow_empty_selector = true});
    if (!expr.ok()) continue;
    QueryParams params;
    params.range.start_ns = (int64_t{random.Number(100)} - 20) * kSecond / 2;
    params.range.end_ns = params.range.start_ns + int64_t{random.Number(120)} * kSecond;
    params.step_ns = int64_t{1 + random.Number(20)} * kSecond / 2;
    const auto& metric = std::get<MetricExpr>(*expr);
    const auto series = RunRangeQuery(metric, &source, params, nullptr);
    answers += series.ok() && !series->empty();
    refused += !series.ok();
    ExpectSameOnAllPools(metric, query, &source, params, &random);
    if (HasFailure()) return;
  }
  EXPECT_GT(answers, 250u);
  EXPECT_GT(refused, 25u);
}

// As a source that gives lines and metadata whether they are wanted or not.
class GivesAll : public EntrySource {
 public:
  explicit GivesAll(MemorySource* source) : source_(source) {}
  Result<std::unique_ptr<EntryCursor>> Scan(ScanRequest request) override {
    request.want_lines = true;
    return source_->Scan(std::move(request));
  }
  Result<std::vector<const LabelSet*>> Streams(const std::vector<Matcher>& matchers,
                                               TimeRange range) override {
    return source_->Streams(matchers, range);
  }

 private:
  MemorySource* source_;
};

TEST(PipelineScan, LinesAreNotMissedWhereTheyWereNotWanted) {
  RandomQueries random(7);
  unsigned spared = 0;
  for (int round = 0; round < 2000; ++round) {
    MemorySource source;
    for (int i = 0; i < 20; ++i) {
      Labels stream = {{"a", random.Pick({"1", "2", "10.0.0.1"})}, {"level", random.Value()}};
      if (random.OneIn(30)) stream.erase(stream.begin());
      if (random.OneIn(30)) stream.push_back({"a_extracted", "x"});
      Labels meta = random.Metadata();
      if (random.OneIn(20)) meta.push_back({"__error__", "x"});
      Canonicalize(&meta);
      source.Add(i * kSecond, stream, "x", LabelsToJson(meta));
    }
    std::string query = "sum by (" + random.Pick({"a", "a, level", "level", "a_extracted", "b"}) +
                        ") (count_over_time({}";
    for (unsigned i = random.Number(3); i > 0; --i) query += " | " + random.LabelFilter(1);
    query += "[5s]))";
    const auto expr = Parse(query, {.allow_empty_selector = true});
    if (!expr.ok()) continue;
    QueryParams params;
    params.range = {0, 20 * kSecond};
    params.step_ns = 5 * kSecond;
    const auto& metric = std::get<MetricExpr>(*expr);
    GivesAll all(&source);
    const auto expected = Rows(metric, &all, params);
    ASSERT_EQ(Rows(metric, &source, params), expected) << query;
    spared += !source.last_request().want_lines;
  }
  EXPECT_GT(spared, 100u);
}

// Entries without an end; or, where there are so many, an error behind the last.
class LongSource : public EntrySource {
 public:
  explicit LongSource(uint64_t batches = UINT64_MAX) : most_(batches) {}

  uint64_t batches() const { return batches_; }
  std::string line = R"({"a":"1","b":{"c":2}})";

  Result<std::unique_ptr<EntryCursor>> Scan(ScanRequest request) override {
    return std::unique_ptr<EntryCursor>(std::make_unique<Cursor>(this, request.follows));
  }
  Result<std::vector<const LabelSet*>> Streams(const std::vector<Matcher>&, TimeRange) override {
    return std::vector<const LabelSet*>{table_.empty()};
  }

 private:
  class Cursor : public EntryCursor {
   public:
    Cursor(LongSource* source, bool follows) : source_(source), follows_(follows) {}
    Status Next(std::vector<Entry>* batch) override {
      batch->clear();
      if (++source_->batches_ > source_->most_) return {Code::kIo, "the disk is gone"};
      stats_.entries += 100;
      for (int i = 0; i < 100; ++i) {
        batch->push_back({at_ns_ += kSecond, source_->table_.empty(), source_->line, {}});
        if (follows_) batch->push_back({at_ns_, nullptr, {}, {}});
      }
      return Status::Ok();
    }
    const ScanStats& stats() const override { return stats_; }

   private:
    LongSource* source_;
    const bool follows_;
    int64_t at_ns_ = 0;
    ScanStats stats_;
  };

  LabelTable table_;
  const uint64_t most_;
  std::atomic<uint64_t> batches_ = 0;
};

LogExpr Log(std::string_view query) {
  return *ParseLogQuery(query, {.allow_empty_selector = true});
}
MetricExpr Metric(std::string_view query) {
  return std::get<MetricExpr>(*Parse(query, {.allow_empty_selector = true}));
}

TEST(PipelineScan, AnErrorOfTheSourceComesBehindItsEntries) {
  ThreadPool pool(3);
  for (const size_t chunk_bytes : {1, 1000, 1 << 20}) {
    LongSource source(50);
    QueryParams params;
    params.pool = &pool;
    params.chunk_bytes = chunk_bytes;
    const auto rows = Rows(Log("{} | json"), &source, params);
    EXPECT_EQ(rows.size(), 5001u);
    EXPECT_EQ(rows.back(), "the disk is gone");
  }
}

TEST(PipelineScan, TheFirstErrorOfAnEntryIsTold) {
  ThreadPool pool(3);
  MemorySource source;
  for (int i = 0; i < 2000; ++i) {
    const bool is_bad = i >= 1000 && i < 1100;
    source.Add(i * kSecond, {}, is_bad ? "n=bad" + std::to_string(i) : "n=1");
  }
  QueryParams params;
  params.range = {0, 2000 * kSecond};
  params.pool = &pool;
  for (const size_t chunk_bytes : {1, 1000, 1 << 20}) {
    params.chunk_bytes = chunk_bytes;
    params.step_ns = kSecond;
    const auto all = RunRangeQuery(Metric("sum_over_time({} | logfmt | unwrap n [1s])"), &source,
                                   params, nullptr);
    ASSERT_FALSE(all.ok());
    EXPECT_NE(all.status().message().find("bad1000"), std::string::npos) << all.status().message();
    // Entries between two windows are nobody's.
    params.step_ns = 700 * kSecond;
    const auto some = RunRangeQuery(Metric("sum(sum_over_time({} | logfmt | unwrap n [100s]))"),
                                    &source, params, nullptr);
    ASSERT_TRUE(some.ok()) << some.status().message();
    ASSERT_EQ(some->size(), 1u);
    ASSERT_EQ(some->front().samples.size(), 3u);
    EXPECT_EQ(some->front().samples[1].value, 100);
  }
}

TEST(PipelineScan, ALimitReadsLittleAhead) {
  ThreadPool pool(3);
  QueryParams params;
  params.pool = &pool;
  params.limit = 3;
  LongSource source;
  ScanStats stats;
  const auto sink = [](const Entry&) { return true; };
  ASSERT_TRUE(RunLogQuery(Log("{} | json"), &source, params, sink, &stats).ok());
  EXPECT_EQ(source.batches(), 1u);
  EXPECT_EQ(stats.entries, 100u);

  // Behind what is read alone: a batch is a chunk here.
  LongSource other;
  params.limit = 250;
  params.chunk_bytes = 2000;
  stats = {};
  uint64_t given = 0;
  const auto count = [&](const Entry&) { return ++given > 0; };
  ASSERT_TRUE(RunLogQuery(Log("{} | json"), &other, params, count, &stats).ok());
  EXPECT_EQ(given, 250u);
  EXPECT_LE(other.batches(), 8u);
  EXPECT_LE(stats.entries, other.batches() * 100);
}

TEST(PipelineScan, LinesOfAnySizePass) {
  ThreadPool pool(2);
  MemorySource source;
  for (int i = 0; i < 60; ++i) {
    source.Add(i, {}, "a=" + std::string(i % 20 == 7 ? 3 << 20 : i * 10, 'x') + " b=1",
               i % 3 == 0 ? R"({"m":"1"})" : "");
  }
  QueryParams params;
  for (const char* query : {"{} | logfmt | b=\"1\"", "{} | logfmt | line_format \"{{.a}}\""}) {
    params.pool = nullptr;
    const auto expected = Rows(Log(query), &source, params);
    EXPECT_EQ(expected.size(), 61u);
    params.pool = &pool;
    for (const size_t chunk_bytes : {1, 1000, 1 << 20}) {
      params.chunk_bytes = chunk_bytes;
      EXPECT_TRUE(Rows(Log(query), &source, params) == expected) << query << chunk_bytes;
    }
  }
}

// Gives the same huge line again and again, each in a batch of its own.
class HugeSource : public EntrySource {
 public:
  explicit HugeSource(uint64_t entries) : left_(entries) {}
  uint64_t given() const { return given_; }

  Result<std::unique_ptr<EntryCursor>> Scan(ScanRequest) override {
    return std::unique_ptr<EntryCursor>(std::make_unique<Cursor>(this));
  }
  Result<std::vector<const LabelSet*>> Streams(const std::vector<Matcher>&, TimeRange) override {
    return std::vector<const LabelSet*>();
  }

 private:
  class Cursor : public EntryCursor {
   public:
    explicit Cursor(HugeSource* source) : source_(source) {}
    Status Next(std::vector<Entry>* batch) override {
      batch->clear();
      if (source_->given_ == source_->left_) return Status::Ok();
      ++source_->given_;
      batch->push_back({kSecond, source_->table_.empty(), source_->line_, {}});
      return Status::Ok();
    }
    const ScanStats& stats() const override { return stats_; }

   private:
    HugeSource* source_;
    ScanStats stats_;
  };

  LabelTable table_;
  const std::string line_ = std::string(16 << 20, 'x');
  const uint64_t left_;
  uint64_t given_ = 0;
};

TEST(PipelineScan, FewHugeLinesAreHeldAtATime) {
  ThreadPool pool(8);
  HugeSource source(20);
  QueryParams params;
  params.pool = &pool;
  uint64_t seen = 0, most = 0;
  const auto sink = [&](const Entry& entry) {
    EXPECT_EQ(entry.line.size(), size_t{16} << 20);
    most = std::max(most, source.given() - seen++);
    return true;
  };
  ASSERT_TRUE(RunLogQuery(Log("{} | label_format a=\"{{ __timestamp__ }}\""), &source, params, sink,
                          nullptr)
                  .ok());
  EXPECT_EQ(seen, 20u);
  // Those on their way, the one that was given, and the one that did not fit behind the last.
  EXPECT_LE(most, 64u / 16 + 2);
}

TEST(PipelineScan, StreamsThatTheQueryMadeAreForgotten) {
  ThreadPool pool(2);
  MemorySource source;
  const int count = static_cast<int>(LabelTable::kMaxSets) + 20'000;
  for (int i = 0; i < count; ++i) source.Add(i, {{"a", "1"}}, "n=" + std::to_string(i));
  QueryParams params;
  params.direction = Direction::kForward;
  params.pool = &pool;
  params.chunk_bytes = 10'000;
  int forgotten = 0, given = 0, wrong = 0;
  params.forget_streams = [&] { ++forgotten; };
  const auto sink = [&](const Entry& entry) {
    wrong += entry.stream->json != "{\"a\":\"" + std::to_string(given++) + "\"}";
    return true;
  };
  ASSERT_TRUE(
      RunLogQuery(Log("{} | logfmt | label_format a=`{{.n}}`"), &source, params, sink, nullptr)
          .ok());
  EXPECT_EQ(given, count);
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(forgotten, 1);
}

TEST(PipelineScan, TimesOfASourceThatFollowsAreNoEntries) {
  ThreadPool pool(2);
  for (const bool follows : {false, true}) {
    LongSource source(20);
    QueryParams params;
    params.pool = &pool;
    params.follows = follows;
    params.chunk_bytes = 1;
    EXPECT_EQ(Rows(Log("{} | json"), &source, params).size(), 2001u);
    LongSource other(20);
    params.range = {0, 2000 * kSecond};
    params.step_ns = 100 * kSecond;
    EXPECT_EQ(Rows(Metric("count_over_time({} | json [1m])"), &other, params),
              std::vector<std::string>{"the disk is gone"});
  }
}

// Runs `query` until it was cancelled by another thread once `begun` says so; gives how long it
// took to end, at most.
template <typename Begun, typename Query>
double SecondsToEnd(const Begun& begun, QueryParams params, const Query& query) {
  using Clock = std::chrono::steady_clock;
  std::atomic<bool> cancelled = false;
  Clock::time_point since;
  std::thread canceller([&] {
    while (!begun()) std::this_thread::yield();
    since = Clock::now();
    cancelled = true;
  });
  params.cancelled = [&] { return cancelled.load(); };
  const Status status = query(params);
  const Clock::time_point end = Clock::now();
  canceller.join();
  EXPECT_EQ(status.code(), Code::kCancelled) << status.message();
  return std::chrono::duration<double>(end - since).count();
}

// Far more than it takes, far less than the query would.
constexpr double kSoon = 2;

TEST(PipelineScan, CancelledQueriesEnd) {
  ThreadPool none(0), three(3);
  for (ThreadPool* pool : {&none, &three}) {
    QueryParams params;
    params.pool = pool;
    params.range = {0, std::numeric_limits<int64_t>::max() / 2};
    params.step_ns = kSecond;
    LongSource source;
    for (const char* query : {"{} | json | a=\"2\"", "{} |= \"nosuch\"", "{} |~ \"[0-9]{9}\""}) {
      const uint64_t before = source.batches();
      const auto begun = [&] { return source.batches() > before + 500; };
      EXPECT_LT(SecondsToEnd(begun, params,
                             [&](const QueryParams& cancellable) {
                               return RunLogQuery(
                                   Log(query), &source, cancellable,
                                   [](const Entry&) { return true; }, nullptr);
                             }),
                kSoon);
    }
    for (const char* query :
         {"sum(count_over_time({} | json [1m])) > 1e9", "absent_over_time({} | json [1m])"}) {
      const uint64_t before = source.batches();
      const auto begun = [&] { return source.batches() > before + 500; };
      EXPECT_LT(SecondsToEnd(
                    begun, params,
                    [&](const QueryParams& cancellable) {
                      return RunRangeQuery(Metric(query), &source, cancellable, nullptr).status();
                    }),
                kSoon);
    }
  }
}

TEST(PipelineScan, CancelledWorkersLeaveTheirChunk) {
  ThreadPool pool(1);
  MemorySource source;
  for (int i = 0; i < 10'000; ++i) source.Add(i, {}, R"({"a":")" + std::string(100, 'x') + "\"}");
  QueryParams params;
  params.pool = &pool;
  std::atomic<uint64_t> asked = 0;
  params.cancelled = [&] { return ++asked > 3; };
  const auto sink = [](const Entry&) { return true; };
  EXPECT_EQ(RunLogQuery(Log("{} | json"), &source, params, sink, nullptr).code(), Code::kCancelled);
}

TEST(PipelineScan, CancelledEvaluationsEnd) {
  MemorySource source;
  source.Add(0, {}, "x");
  QueryParams params;
  params.range = {0, std::numeric_limits<int64_t>::max() - 1};
  params.step_ns = 1;
  for (const char* query : {"vector(1) > 2", "vector(1) and vector(1) > 2", "sum(vector(1)) > 2",
                            "count_over_time({}[100d]) < 0",
                            "label_replace(vector(1), \"a\", \"b\", \"\", \"\") < 0"}) {
    EXPECT_LT(
        SecondsToEnd([] { return true; }, params,
                     [&](const QueryParams& cancellable) {
                       return RunRangeQuery(Metric(query), &source, cancellable, nullptr).status();
                     }),
        kSoon)
        << query;
  }
}

TEST(PipelineScan, CancelledStepsOfManySeriesEnd) {
  MemorySource source;
  for (int i = 0; i < 5000; ++i) source.Add(0, {{"a", std::to_string(i)}}, "x");
  const std::string all = "count_over_time({a=~\".+\"}[1h])";
  for (const std::string& query :
       {"max without (b) (" + all + ") > 9", "stddev by (a) (" + all + ") > 9",
        "topk(4000, " + all + ") > 9", "sort(" + all + ") > 9",
        "label_replace(" + all + ", \"b\", \"$1\", \"a\", \"(.*)\") > 9",
        all + " * " + all + " > 9", "(" + all + " or " + all + ") > 9",
        "(" + all + " unless on (b) " + all + ") > 9"}) {
    const uint64_t before = source.batches();
    QueryParams params;
    EXPECT_TRUE(RunInstantQuery(Metric(query), &source, 1, params, nullptr).ok()) << query;
    // Once all was read.
    const uint64_t last = 2 * source.batches() - before;
    params.cancelled = [&] { return source.batches() == last; };
    EXPECT_EQ(RunInstantQuery(Metric(query), &source, 1, params, nullptr).status().code(),
              Code::kCancelled)
        << query;
  }
}

TEST(CancellableSort, SortsAndGivesUp) {
  std::mt19937 random(3);
  const std::function<bool()> never, always = [] { return true; };
  for (const size_t size : {0, 1, 2, 4095, 4096, 4097, 8192, 12'289, 50'000}) {
    std::vector<std::string> items(size);
    for (std::string& item : items) item = std::to_string(random() % (size + 1));
    std::vector<std::string> expected = items;
    std::sort(expected.begin(), expected.end());
    CancelCheck goes_on(never), gives_up(always);
    std::vector<std::string> given_up = items;
    EXPECT_TRUE(Sort(&items, std::less<>(), &goes_on));
    EXPECT_EQ(items, expected);
    EXPECT_EQ(Sort(&given_up, std::less<>(), &gives_up), size < 64);
  }
}

}  // namespace
}  // namespace glp::logql
