#include "wire/delete_requests.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "base/time.h"
#include "io/file.h"
#include "logql/eval.h"
#include "logql/parser.h"
#include "store/hidden_source.h"
#include "store/store_fixture.h"

namespace glp::wire {
namespace {

using State = DeleteRequests::Request::State;
using Texts = std::multiset<std::string>;

constexpr int64_t kPeriodNs = 3600 * kNsPerSecond;

class DeleteRequestsTest : public store::StoreFixture {
 protected:
  void SetUp() override {
    StoreFixture::SetUp();
    store_ = StoreFixture::Open();
    for (int i = 1; i <= 6; ++i) Add(i % 2 == 0 ? "even" : "odd", i, "line " + std::to_string(i));
    ASSERT_TRUE(store_->Flush().ok());
  }

  void TearDown() override {
    requests_.reset();
    store_.reset();
    StoreFixture::TearDown();
  }

  void Add(const std::string& app, int64_t ts_ns, const std::string& line) {
    store::NewEntry entry;
    entry.stream = labels_.FromLabels({{"app", app}});
    entry.ts_ns = ts_ns;
    entry.line = line;
    store::AppendResult result;
    ASSERT_TRUE(store_->Append("fake", {&entry, 1}, &result).ok());
    ASSERT_TRUE(store_->Commit().ok());
  }

  void Open(int64_t period_ns) {
    requests_.reset();
    auto opened =
        DeleteRequests::Open(store_.get(), path(), period_ns, [this] { return now_ns_.load(); });
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    requests_ = *std::move(opened);
  }
  std::string path() const { return dir_ + "/deletes.ndjson"; }

  std::string Create(const std::string& query, logql::TimeRange range = {0, 100}) {
    const Result<std::string> id = requests_->Create("fake", query, range);
    EXPECT_TRUE(id.ok()) << id.status().message();
    return id.ok() ? *id : "";
  }

  // What a query with the requests' filter gives, and one without.
  Texts Lines(bool hidden = true, const std::string& query = R"({app=~".+"})") {
    std::shared_ptr<logql::EntrySource> source = *store_->Snapshot("fake");
    if (hidden) source = store::HiddenSource(source, requests_->Hidden("fake"));
    Texts lines;
    logql::ScanStats stats;
    const Status status = logql::RunLogQuery(
        *logql::ParseLogQuery(query), source.get(), {},
        [&](const logql::Entry& entry) {
          lines.emplace(entry.line);
          return true;
        },
        &stats);
    EXPECT_TRUE(status.ok()) << status.message();
    return lines;
  }

  double Count(const std::string& query) {
    const auto source = store::HiddenSource(*store_->Snapshot("fake"), requests_->Hidden("fake"));
    logql::ScanStats stats;
    const logql::Expr expr = *logql::Parse(query);
    const auto series =
        logql::RunInstantQuery(std::get<logql::MetricExpr>(expr), source.get(), 50, {}, &stats);
    EXPECT_TRUE(series.ok());
    return series.ok() && !series->empty() ? series->front().samples.front().value : 0;
  }

  void WaitUntilProcessed(const std::string& id) {
    for (;;) {
      for (const DeleteRequests::Request& request : requests_->List("fake")) {
        if (request.id == id && request.state == State::kProcessed) return;
      }
      std::this_thread::yield();
    }
  }

  LabelTable labels_;
  std::atomic<int64_t> now_ns_{1'000'000 * kNsPerSecond};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<DeleteRequests> requests_;
};

TEST_F(DeleteRequestsTest, WhatIsAskedForIsHiddenAtOnceAndStaysUntilItIsDue) {
  Open(kPeriodNs);
  Create(R"({app="odd"} |= "3")");
  Create(R"({app="even"})", {4, 6});
  EXPECT_EQ(Lines(), (Texts{"line 1", "line 2", "line 5", "line 6"}));
  EXPECT_EQ(Lines(false).size(), 6u);
  EXPECT_EQ(Lines(true, R"({app="even"} |= "line")"), (Texts{"line 2", "line 6"}));
  EXPECT_EQ(Count(R"(sum(count_over_time({app=~".+"}[1m])))"), 4);
  EXPECT_EQ(Count(R"(sum(count_over_time({app="odd"}[1m])))"), 2);
  // What comes later and matches is hidden, too; other tenants are not concerned.
  Add("odd", 33, "line 3 again");
  EXPECT_EQ(Lines().count("line 3 again"), 0u);
  EXPECT_EQ(requests_->Hidden("other"), nullptr);
  EXPECT_TRUE(requests_->List("other").empty());
}

// A thousand requests must not cost a million parsings.
TEST_F(DeleteRequestsTest, RequestsThatWaitAreNotParsedAgain) {
  Open(kPeriodNs);
  Create(R"({app="odd"} |~ "3|5")");
  const auto before = requests_->Hidden("fake");
  const std::string id = Create(R"({app="even"} |~ "2|4")");
  const auto between = requests_->Hidden("fake");
  ASSERT_EQ(between->size(), 2u);
  EXPECT_EQ(between->front(), before->front());
  EXPECT_EQ(*requests_->Cancel("fake", id), DeleteRequests::Cancelled::kDone);
  ASSERT_EQ(requests_->Hidden("fake")->size(), 1u);
  EXPECT_EQ(requests_->Hidden("fake")->front(), before->front());
  EXPECT_EQ(Lines(), (Texts{"line 1", "line 2", "line 4", "line 6"}));
}

TEST_F(DeleteRequestsTest, WhatIsDueIsCarriedOutAndKeptInTheList) {
  Open(0);
  const std::string id = Create(R"({app="odd"} |= "3")");
  WaitUntilProcessed(id);
  EXPECT_EQ(Lines(false), (Texts{"line 1", "line 2", "line 4", "line 5", "line 6"}));
  EXPECT_EQ(requests_->Hidden("fake"), nullptr);
  const auto cancelled = requests_->Cancel("fake", id);
  ASSERT_TRUE(cancelled.ok());
  EXPECT_EQ(*cancelled, DeleteRequests::Cancelled::kTooLate);
  Open(0);
  ASSERT_EQ(requests_->List("fake").size(), 1u);
  EXPECT_EQ(requests_->List("fake").front().state, State::kProcessed);
  EXPECT_EQ(requests_->last_error(), "");
}

TEST_F(DeleteRequestsTest, AnotherProcessGoesOnWhereOneEnded) {
  Open(kPeriodNs);
  const std::string id = Create(R"({app="odd"})");
  Open(kPeriodNs);
  EXPECT_EQ(Lines(), (Texts{"line 2", "line 4", "line 6"}));
  now_ns_ += kPeriodNs;
  Open(kPeriodNs);
  WaitUntilProcessed(id);
  EXPECT_EQ(Lines(false), (Texts{"line 2", "line 4", "line 6"}));
}

TEST_F(DeleteRequestsTest, ARequestCanBeTakenBackByItsTenant) {
  Open(kPeriodNs);
  const std::string id = Create(R"({app="odd"})");
  EXPECT_EQ(*requests_->Cancel("other", id), DeleteRequests::Cancelled::kNotFound);
  EXPECT_EQ(*requests_->Cancel("fake", "0"), DeleteRequests::Cancelled::kNotFound);
  EXPECT_EQ(*requests_->Cancel("fake", id), DeleteRequests::Cancelled::kDone);
  EXPECT_EQ(Lines().size(), 6u);
  Open(kPeriodNs);
  EXPECT_TRUE(requests_->List("fake").empty());
}

TEST_F(DeleteRequestsTest, WhatIsNoneIsRefused) {
  Open(kPeriodNs);
  for (const char* query :
       {"", "{", R"({app="a"} | json)", R"(rate({app="a"}[1m]))", R"({app="a"} |~ "(")", "{}"}) {
    EXPECT_EQ(requests_->Create("fake", query, {0, 1}).status().code(), Code::kUsage) << query;
  }
  EXPECT_TRUE(requests_->List("fake").empty());
  EXPECT_FALSE(io::Exists(path()));
}

TEST_F(DeleteRequestsTest, AFileThatIsDamagedIsAnErrorWithItsLine) {
  Open(kPeriodNs);
  Create(R"({app="odd"})");
  requests_.reset();
  const std::string good = *io::ReadFile(path());
  for (const std::string& bad : {std::string("{"), std::string("{}"), std::string("[1]")}) {
    ASSERT_TRUE(io::WriteFileAtomically(path(), good + bad + "\n").ok());
    const auto opened = DeleteRequests::Open(store_.get(), path(), kPeriodNs, NowNs);
    ASSERT_FALSE(opened.ok());
    EXPECT_NE(opened.status().message().find(path() + ":2: "), std::string::npos);
  }
}

}  // namespace
}  // namespace glp::wire
