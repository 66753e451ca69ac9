// Queries over HTTP that do not end by themselves: of time, of clients and of memory.
#include "wire/loki_query.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <thread>

#include "base/time.h"
#include "wire/http_client.h"
#include "wire/http_server.h"

namespace glp::wire {
namespace {

using std::chrono::milliseconds;

// Gives nothing until nobody waits for it.
class EndlessCursor : public logql::EntryCursor {
 public:
  EndlessCursor(std::function<bool()> cancelled, std::atomic<int>* scans)
      : cancelled_(std::move(cancelled)), scans_(*scans) {
    ++scans_;
  }
  ~EndlessCursor() override { --scans_; }
  Status Next(std::vector<logql::Entry>*) override {
    while (!cancelled_()) std::this_thread::sleep_for(milliseconds(1));
    return {Code::kCancelled, "nobody waits"};
  }
  const logql::ScanStats& stats() const override { return stats_; }

 private:
  const std::function<bool()> cancelled_;
  std::atomic<int>& scans_;
  const logql::ScanStats stats_;
};

// As many entries as are asked for, each with an ID of its own.
class ManyCursor : public logql::EntryCursor {
 public:
  ManyCursor(const LabelSet* stream, logql::TimeRange range, uint64_t count)
      : stream_(stream), ts_ns_(range.start_ns), count_(count) {}
  Status Next(std::vector<logql::Entry>* batch) override {
    batch->clear();
    lines_.clear();
    for (; batch->size() < 1000 && at_ < count_; ++at_) {
      logql::Entry& entry = batch->emplace_back();
      entry.stream = stream_;
      entry.ts_ns = ++ts_ns_;
      entry.line = lines_.emplace_back("id=" + std::to_string(at_) + std::string(1000, 'x'));
    }
    return Status::Ok();
  }
  const logql::ScanStats& stats() const override { return stats_; }

 private:
  const LabelSet* const stream_;
  int64_t ts_ns_;
  const uint64_t count_;
  uint64_t at_ = 0;
  std::deque<std::string> lines_;
  const logql::ScanStats stats_;
};

class FakeSource : public logql::EntrySource {
 public:
  explicit FakeSource(std::atomic<int>* scans) : scans_(*scans) {}
  Result<std::unique_ptr<logql::EntryCursor>> Scan(logql::ScanRequest request) override {
    std::unique_ptr<logql::EntryCursor> cursor;
    if (request.matchers[0].value == "endless") {
      cursor = std::make_unique<EndlessCursor>(request.cancelled, &scans_);
    } else {
      const uint64_t count = request.matchers[0].value == "many" ? 200'000 : 10;
      cursor =
          std::make_unique<ManyCursor>(labels_.FromLabels({{"app", "a"}}), request.range, count);
    }
    return cursor;
  }
  Result<std::vector<const LabelSet*>> Streams(const std::vector<logql::Matcher>&,
                                               logql::TimeRange) override {
    return std::vector<const LabelSet*>{};
  }

 private:
  LabelTable labels_;
  std::atomic<int>& scans_;
};

class FakeStore : public store::Store {
 public:
  Status Append(std::string_view, std::span<const store::NewEntry>, store::AppendResult*) override {
    return Status::Ok();
  }
  void DropClaims(std::string_view) override {}
  Status Commit() override { return Status::Ok(); }
  Status Tick(int64_t) override { return Status::Ok(); }
  Status Flush() override { return Status::Ok(); }
  Status Merge(const store::MergeRequest&, store::MergeReport*) override { return Status::Ok(); }
  Status Delete(const store::DeleteRequest&, store::DropReport*) override { return Status::Ok(); }
  Status Retain(const store::RetentionPolicy&, int64_t, bool, const std::function<bool()>&,
                store::DropReport*) override {
    return Status::Ok();
  }
  Result<std::shared_ptr<logql::EntrySource>> Snapshot(std::string_view) override {
    return std::shared_ptr<logql::EntrySource>(std::make_shared<FakeSource>(&scans));
  }
  Status Close() override { return Status::Ok(); }
  store::Figures figures() override { return {}; }
  const std::vector<std::string>& warnings() const override { return warnings_; }

  std::atomic<int> scans{0};  // endless ones that run

 private:
  const std::vector<std::string> warnings_{};
};

class LokiQueryTest : public ::testing::Test {
 protected:
  void Start(int64_t query_timeout_ns) {
    auto settings = std::make_shared<ApiSettings>();
    settings->access.tenant = "fake";
    settings->limits.query_timeout_ns = query_timeout_ns;
    context_ = std::make_unique<ApiContext>(&store_, settings, nullptr);
    api_ = std::make_unique<QueryApi>(context_.get());
    Router router;
    api_->AddRoutes(&router);
    server_ = std::make_unique<HttpServer>(ServerOptions(), std::move(router));
    ASSERT_TRUE(server_->Start().ok());
  }

  Result<ClientResponse> Ask(const std::string& path, const std::string& query,
                             std::function<bool()> cancelled = {}) {
    ClientRequest request;
    request.url = "http://" + server_->address() + path +
                  "?start=0&end=10&time=10&step=10&query=" + UrlEncode(query);
    request.cancelled = std::move(cancelled);
    return HttpClient("test").Do(request);
  }
  // What /metrics shows, once there is one.
  uint64_t WaitForCount(const std::string& path, int status) {
    for (int i = 0; i < 10'000; ++i) {
      const auto requests = context_->requests();
      if (const auto found = requests.find({path, status}); found != requests.end()) {
        return found->second.count;
      }
      std::this_thread::sleep_for(milliseconds(1));
    }
    return 0;
  }

  FakeStore store_;
  std::unique_ptr<ApiContext> context_;
  std::unique_ptr<QueryApi> api_;
  std::unique_ptr<HttpServer> server_;
};

const struct {
  std::string path, query;
} kEndless[] = {
    {"/loki/api/v1/query_range", R"({app="endless"})"},
    {"/loki/api/v1/query_range", R"(count_over_time({app="endless"} | logfmt [10s]))"},
    {"/loki/api/v1/query", R"(sum(count_over_time({app="endless"} |= "x" [10s])))"},
    {"/api/prom/query", R"({app="endless"})"},
};

TEST_F(LokiQueryTest, TimesOut) {
  Start(/*query_timeout_ns=*/20 * kNsPerMs);
  for (const auto& [path, query] : kEndless) {
    const auto answer = Ask(path, query);
    ASSERT_TRUE(answer.ok()) << answer.status().message();
    EXPECT_EQ(answer->status, 504) << query;
    EXPECT_EQ(answer->body.find("request timed out"), 0u) << answer->body;
    EXPECT_GE(WaitForCount(path, 504), 1u) << query;
  }
  EXPECT_EQ(store_.scans, 0);
}

TEST_F(LokiQueryTest, EndsWhenTheClientGoes) {
  Start(/*query_timeout_ns=*/0);
  for (const auto& [path, query] : kEndless) {
    if (path == "/loki/api/v1/query_range" && query.front() != '{') continue;  // counted once
    const auto answer = Ask(path, query, [this] { return store_.scans > 0; });
    EXPECT_EQ(answer.status().code(), Code::kCancelled);
    EXPECT_EQ(WaitForCount(path, 499), 1u) << query;
    EXPECT_EQ(store_.scans, 0) << query;
  }
}

TEST_F(LokiQueryTest, AQueryHasSoMuchMemory) {
  Start(/*query_timeout_ns=*/0);
  const auto answer = Ask("/loki/api/v1/query", R"(count_over_time({app="many"} | logfmt [10s]))");
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  EXPECT_EQ(answer->status, 400);
  EXPECT_EQ(answer->body.find("the query needs more than 256 MiB of memory; consider reducing"), 0u)
      << answer->body;
  const auto next =
      Ask("/loki/api/v1/query", R"(sum(count_over_time({app="few"} | logfmt [10s])))");
  ASSERT_TRUE(next.ok()) << next.status().message();
  EXPECT_NE(next->body.find("\"10\""), std::string::npos) << next->body;
}

}  // namespace
}  // namespace glp::wire
