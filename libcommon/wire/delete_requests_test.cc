#include "wire/delete_requests.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
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
    auto opened = DeleteRequests::Open(store_.get(), path(), {period_ns, {}},
                                       [this] { return now_ns_.load(); });
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

  void WaitUntilProcessed(const std::string& id, const std::string& tenant = "fake") {
    for (;;) {
      for (const DeleteRequests::Request& request : requests_->List(tenant)) {
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
    const auto opened = DeleteRequests::Open(store_.get(), path(), {kPeriodNs, {}}, NowNs);
    ASSERT_FALSE(opened.ok());
    EXPECT_NE(opened.status().message().find(path() + ":2: "), std::string::npos);
  }
}

TEST_F(DeleteRequestsTest, ATenantWhoseRequestsOnlyHideKeepsWhatItHas) {
  Open(kPeriodNs);
  const std::string id = Create(R"({app="odd"})");
  requests_->Change({0, [](std::string_view tenant) { return tenant != "fake"; }});
  // That of another tenant comes after it and is carried out: this one was looked at.
  const Result<std::string> other = requests_->Create("other", R"({app="odd"})", {0, 100});
  ASSERT_TRUE(other.ok());
  WaitUntilProcessed(*other, "other");
  EXPECT_EQ(requests_->List("fake").front().state, State::kReceived);
  EXPECT_EQ(Lines(false).size(), 6u);
  EXPECT_EQ(Lines(), (Texts{"line 2", "line 4", "line 6"}));
  // Until it is allowed.
  requests_->Change({0, {}});
  WaitUntilProcessed(id);
  EXPECT_EQ(Lines(false), (Texts{"line 2", "line 4", "line 6"}));
}

TEST_F(DeleteRequestsTest, AShorterPeriodHoldsForThoseThatWait) {
  Open(kPeriodNs);
  const std::string id = Create(R"({app="odd"})");
  requests_->Change({0, {}});
  WaitUntilProcessed(id);
}

// What stands in a damaged segment cannot be removed; it must not be seen again either.
TEST_F(DeleteRequestsTest, ARequestThatMetDamageGoesOnHiding) {
  store_.reset();
  std::string segment;
  for (const auto& file : std::filesystem::recursive_directory_iterator(dir_)) {
    if (file.path().extension() == ".glp") segment = file.path();
  }
  std::string bytes = *io::ReadFile(segment);
  bytes[64] ^= 1;  // in its first block
  ASSERT_TRUE(io::WriteFileAtomically(segment, bytes).ok());
  store_ = StoreFixture::Open();
  Open(0);
  Create(R"({app="odd"} |= "3")");
  while (requests_->last_error().empty()) std::this_thread::yield();
  EXPECT_NE(requests_->last_error().find("stays as it is"), std::string::npos);
  EXPECT_EQ(requests_->List("fake").front().state, State::kReceived);
  EXPECT_NE(requests_->Hidden("fake"), nullptr);
}

// Thousands of requests must not cost thousands of times all of them.
TEST_F(DeleteRequestsTest, WhatWasSaidBeforeIsNotWrittenAgain) {
  Open(kPeriodNs);
  const std::string first = Create(R"({app="odd"})");
  struct stat before = {};
  ASSERT_EQ(::stat(path().c_str(), &before), 0);
  const std::string second = Create(R"({app="odd"})");
  ASSERT_EQ(*requests_->Cancel("fake", second), DeleteRequests::Cancelled::kDone);
  struct stat after = {};
  ASSERT_EQ(::stat(path().c_str(), &after), 0);
  EXPECT_EQ(after.st_ino, before.st_ino);
  EXPECT_EQ(after.st_size, 3 * before.st_size + 1);  // "cancelled" is longer than "received"
  // Nor kept for ever.
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(*requests_->Cancel("fake", Create("{app=\"a\"}")), DeleteRequests::Cancelled::kDone);
  }
  ASSERT_EQ(::stat(path().c_str(), &after), 0);
  EXPECT_LT(after.st_size, 1100 * before.st_size);
  Open(kPeriodNs);
  ASSERT_EQ(requests_->List("fake").size(), 1u);
  EXPECT_EQ(requests_->List("fake").front().id, first);
}

TEST_F(DeleteRequestsTest, ACrashLeavesWhatWasAcknowledged) {
  Open(kPeriodNs);
  std::vector<std::string> ids;
  std::vector<size_t> sizes;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(Create(R"({app="odd"})"));
    sizes.push_back(io::ReadFile(path())->size());
  }
  ASSERT_EQ(*requests_->Cancel("fake", ids[0]), DeleteRequests::Cancelled::kDone);
  requests_.reset();
  const std::string whole = *io::ReadFile(path());
  for (size_t size = 0; size <= whole.size(); ++size) {
    // What a power cut leaves behind the last whole line may be anything.
    const std::string tail = size % 2 == 0 ? "" : std::string(20, '\0');
    ASSERT_TRUE(io::WriteFileAtomically(path(), whole.substr(0, size) + tail).ok());
    Open(kPeriodNs);
    std::vector<std::string> want;
    for (size_t i = 0; i < ids.size(); ++i) {
      if (sizes[i] <= size) want.push_back(ids[i]);
    }
    if (size == whole.size()) want.erase(want.begin());
    if (size % 100 == 50) want.push_back(Create(R"({app="even"})"));
    if (size % 100 == 50) Open(kPeriodNs);
    std::vector<std::string> got;
    for (const auto& request : requests_->List("fake")) got.push_back(request.id);
    EXPECT_EQ(got, want) << size;
  }
}

TEST_F(DeleteRequestsTest, AFullDiskRefusesAndLosesNothing) {
  Open(kPeriodNs);
  const std::string first = Create(R"({app="odd"})");
  struct rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  struct rlimit small = before;
  small.rlim_cur = io::ReadFile(path())->size() + 10;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto refused = requests_->Create("fake", R"({app="even"})", {0, 100});
  EXPECT_EQ(refused.status().code(), Code::kIo);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(Lines(), (Texts{"line 2", "line 4", "line 6"}));
  const std::string second = Create(R"({app="even"})");
  Open(kPeriodNs);
  ASSERT_EQ(requests_->List("fake").size(), 2u);
  EXPECT_EQ(requests_->List("fake")[0].id, first);
  EXPECT_EQ(requests_->List("fake")[1].id, second);
}

}  // namespace
}  // namespace glp::wire
