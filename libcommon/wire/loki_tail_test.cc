#include "wire/loki_tail.h"

#include <gtest/gtest.h>

#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/time.h"
#include "store/store_fixture.h"

namespace glp::wire {
namespace {

// A client that takes all at once, or nothing.
class FakeSocket : public Socket {
 public:
  bool Send(std::string text) override {
    std::lock_guard lock(mutex_);
    sent_ += text;
    changed_.notify_all();
    return true;
  }
  size_t waiting_bytes() const override { return waiting; }
  bool closed() const override { return is_closed; }
  void Close(int, std::string_view reason) override {
    std::lock_guard lock(mutex_);
    reason_ = reason;
    changed_.notify_all();
  }

  // All that was sent, once `part` is in it.
  std::string WaitFor(std::string_view part) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return sent_.find(part) != std::string::npos || !reason_.empty(); });
    EXPECT_EQ(reason_, "");
    return sent_;
  }
  std::string WaitForReason() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !reason_.empty(); });
    return reason_;
  }

  std::atomic<size_t> waiting{0};
  std::atomic<bool> is_closed{false};

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string sent_, reason_;
};

size_t Count(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

class LokiTailTest : public store::StoreFixture {
 protected:
  void SetUp() override {
    StoreFixture::SetUp();
    store_ = StoreFixture::Open();
    settings_.limits.max_concurrent_tail_requests = 2;
    auto deletes = DeleteRequests::Open(store_.get(), dir_ + "/deletes.ndjson",
                                        {3600 * kNsPerSecond, {}}, NowNs);
    ASSERT_TRUE(deletes.ok()) << deletes.status().message();
    deletes_ = *std::move(deletes);
    context_ = std::make_unique<ApiContext>(store_.get(), std::make_shared<ApiSettings>(settings_),
                                            deletes_.get());
    hub_ = std::make_unique<TailHub>();
    api_ = std::make_unique<TailApi>(context_.get(), hub_.get());
    api_->AddRoutes(&router_);
  }
  void TearDown() override {
    api_.reset();
    hub_.reset();
    context_.reset();
    deletes_.reset();
    store_.reset();
    StoreFixture::TearDown();
  }

  store::NewEntry Make(std::string_view line, const std::string& app = "a", int64_t ago_ns = 0) {
    store::NewEntry entry;
    entry.stream = labels_.FromLabels({{"app", app}});
    entry.ts_ns = now_ns_ + ++made_ - ago_ns;
    entry.line = line;
    return entry;
  }
  void Store(const store::NewEntry& entry) {
    store::AppendResult result;
    ASSERT_TRUE(store_->Append("fake", {&entry, 1}, &result).ok());
    ASSERT_TRUE(store_->Commit().ok());
  }
  void Publish(const store::NewEntry& entry) { hub_->Publish("fake", {&entry, 1}); }
  std::shared_ptr<FakeSocket> Tail(const std::string& query, Params params = {}) {
    Request request;
    request.method = "GET";
    request.wants_websocket = true;
    request.params = std::move(params);
    request.params.emplace_back("query", query);
    request.tenant = "fake";  // as the gate says
    const Response response = router_.Find("GET", "/loki/api/v1/tail").route->handler(request);
    EXPECT_EQ(response.status, 101) << response.body;
    auto socket = std::make_shared<FakeSocket>();
    if (response.opened) response.opened(socket);
    return socket;
  }

  const int64_t now_ns_ = NowNs() - kNsPerSecond;
  int64_t made_ = 0;
  LabelTable labels_;
  ApiSettings settings_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<DeleteRequests> deletes_;
  std::unique_ptr<ApiContext> context_;
  std::unique_ptr<TailHub> hub_;
  std::unique_ptr<TailApi> api_;
  Router router_;
};

// A push is seen by queries while it waits for the disk, and is published after that.
TEST_F(LokiTailTest, ShowsNothingTwiceThatTheHistoryHad) {
  for (const char* query :
       {R"({app="a"})", R"({app="a"} | logfmt)", R"({app="a"} | logfmt | line_format "new {{.n}}")",
        R"({app="a"} | label_format app="b")"}) {
    const store::NewEntry old = Make("n=1"), fresh = Make("n=2");
    Store(old);
    const auto socket = Tail(query);
    const std::string ts_ns = std::to_string(old.ts_ns);
    EXPECT_EQ(Count(socket->WaitFor(ts_ns), ts_ns), 1u) << query;
    Publish(old);
    Publish(fresh);
    EXPECT_EQ(Count(socket->WaitFor(std::to_string(fresh.ts_ns)), ts_ns), 1u) << query;
    socket->is_closed = true;
    while (hub_->listeners() > 0) std::this_thread::yield();
  }
}

TEST_F(LokiTailTest, AHistoryThatIsLargerThanItsFramesComesWhole) {
  const std::string large(200 << 10, 'x');
  for (int i = 0; i < 20; ++i) Store(Make(large + std::to_string(i)));
  const auto socket = Tail(R"({app="a"})");
  const std::string sent = socket->WaitFor(std::to_string(now_ns_ + made_));
  EXPECT_EQ(Count(sent, "xxx0\"") + Count(sent, "xxx19\""), 2u);
  EXPECT_EQ(Count(sent, R"({"streams":)"), 4u);  // of 1 MB
  EXPECT_EQ(Count(sent, "dropped_entries"), 0u);
}

TEST_F(LokiTailTest, WhoDoesNotTakeItIsToldWhatWasDropped) {
  const auto socket = Tail(R"({app="a"})");
  socket->waiting = 2 << 20;
  const store::NewEntry lost = Make("lost"), taken = Make("taken");
  Publish(lost);
  const auto other = Tail(R"({app="a"})");
  Publish(taken);
  other->WaitFor("taken");  // the first one was asked before
  socket->waiting = 0;
  const std::string sent = socket->WaitFor("dropped_entries");
  EXPECT_NE(sent.find(std::to_string(lost.ts_ns)), std::string::npos) << sent;
  EXPECT_EQ(sent.find("\"lost\""), std::string::npos) << sent;
}

TEST_F(LokiTailTest, EachEntryThatWasDroppedIsToldOnce) {
  const auto socket = Tail(R"({app=~".+"} != "filtered")");
  const auto other = Tail(R"({app=~".+"})");
  socket->waiting = 2 << 20;
  constexpr size_t kEntries = 2500;
  std::vector<store::NewEntry> entries;
  const std::array<std::string, 2> apps{"a", "b"};
  for (size_t i = 0; i < kEntries; ++i) entries.push_back(Make("line", apps[i % 2]));
  entries.push_back(Make("filtered"));
  entries.push_back(Make("last", "b"));
  hub_->Publish("fake", entries);
  other->WaitFor(std::to_string(entries.back().ts_ns));
  socket->waiting = 0;
  const std::string sent = socket->WaitFor(std::to_string(entries.back().ts_ns));
  EXPECT_EQ(Count(sent, R"("timestamp":)"), kEntries + 1);
  EXPECT_EQ(Count(sent, R"("labels":{"app":"a"}})"), kEntries / 2);
  EXPECT_EQ(Count(sent, "dropped_entries"), 3u);  // 1000 a frame
  for (size_t i = 0; i < kEntries; ++i) {
    EXPECT_EQ(Count(sent, std::to_string(entries[i].ts_ns)), 1u) << i;
  }
}

// Of 80 that listen, one that does not read is given less, and holds up no other.
TEST_F(LokiTailTest, ManyThatListenShareTheMemory) {
  settings_.limits.max_concurrent_tail_requests = 0;
  context_->Reload(std::make_shared<ApiSettings>(settings_));
  std::vector<std::shared_ptr<FakeSocket>> readers;
  for (int i = 0; i < 79; ++i) readers.push_back(Tail(R"({app="a"})"));
  const auto slow = Tail(R"({app="a"})");
  slow->waiting = 900 << 10;  // below the 1 MB of few
  const store::NewEntry lost = Make("lost"), last = Make("last");
  Publish(lost);
  Publish(last);
  for (const auto& reader : readers) {
    const std::string sent = reader->WaitFor("\"last\"");
    EXPECT_EQ(Count(sent, "\"lost\""), 1u);
    EXPECT_EQ(Count(sent, "dropped_entries"), 0u);
  }
  // The hub comes to the slow one last, and tells it at a tick.
  while (hub_->listeners() > 64) {
    for (const auto& reader : readers) reader->is_closed = true;
  }
  const std::string sent = slow->WaitFor(std::to_string(last.ts_ns));
  EXPECT_EQ(Count(sent, R"("timestamp":)"), 2u) << sent;
  EXPECT_EQ(Count(sent, "lost") + Count(sent, "last"), 0u) << sent;
}

// What nobody reads takes bounded memory; that there was more is told.
TEST_F(LokiTailTest, WhatIsDroppedBeyondABoundIsToldAsOne) {
  const auto socket = Tail(R"({app=~".+"})");
  const auto other = Tail(R"({app=~".+"})");
  socket->waiting = 2 << 20;
  const std::vector<store::NewEntry> entries(200'000, Make("line"));
  const store::NewEntry last = Make("last");
  hub_->Publish("fake", entries);
  Publish(last);
  other->WaitFor(std::to_string(last.ts_ns));
  socket->waiting = 0;
  const std::string sent = socket->WaitFor(R"("labels":{}})");
  EXPECT_EQ(Count(sent, R"("labels":{}})"), 1u);
  EXPECT_GT(Count(sent, R"("timestamp":)"), 50'000u);
  EXPECT_LT(Count(sent, R"("timestamp":)"), 100'000u);
}

TEST_F(LokiTailTest, WhatIsAskedToBeDeletedIsNotShown) {
  ASSERT_TRUE(
      deletes_->Create("fake", R"({app="a"} |= "secret")", {now_ns_ - kNsPerSecond, NowNs() + 1})
          .ok());
  const store::NewEntry hidden = Make("n=1 secret"), of_other = Make("n=2 secret", "b"),
                        shown = Make("n=3");
  const store::NewEntry before = Make("n=4 secret", "a", 60 * kNsPerSecond);
  for (const char* query : {R"({app=~".+"})", R"({app=~".+"} | logfmt | line_format "{{.n}}")"}) {
    const auto socket = Tail(query);
    const std::vector<store::NewEntry> entries{hidden, of_other, shown, before};
    hub_->Publish("fake", entries);
    const std::string sent = socket->WaitFor(std::to_string(shown.ts_ns));
    EXPECT_EQ(Count(sent, std::to_string(hidden.ts_ns)), 0u) << sent;
    EXPECT_EQ(Count(sent, std::to_string(of_other.ts_ns)), 1u) << sent;
    EXPECT_EQ(Count(sent, std::to_string(before.ts_ns)), 1u) << sent;
    EXPECT_EQ(Count(sent, "dropped_entries"), 0u);
  }
}

// A request that comes while entries wait for delay_for holds for them, too.
TEST_F(LokiTailTest, WhatIsAskedToBeDeletedMeanwhileIsNotShown) {
  const auto socket = Tail(R"({app="a"})", {{"delay_for", "1"}});
  const store::NewEntry hidden = Make("secret"), shown = Make("shown");
  Publish(hidden);
  ASSERT_TRUE(deletes_->Create("fake", R"({app="a"} |= "secret")", {0, NowNs()}).ok());
  Publish(shown);
  EXPECT_EQ(Count(socket->WaitFor("shown"), "secret"), 0u);
}

TEST_F(LokiTailTest, WhatIsBeyondItsRetentionIsNotShown) {
  constexpr int64_t kHourNs = 3600 * kNsPerSecond;
  settings_.retention.all.period_ns = 24 * kHourNs;
  settings_.retention.all.rules.push_back(
      *store::MakeRetentionRule(R"({app="short"})", 1, kHourNs));
  settings_.retention.all.rules.push_back(*store::MakeRetentionRule(R"({app="long"})", 1, 0));
  context_->Reload(std::make_shared<ApiSettings>(settings_));
  const auto socket = Tail(R"({app=~".+"})");
  const std::vector<store::NewEntry> entries{
      Make("gone 1", "short", 2 * kHourNs),
      Make("kept 1", "a", 2 * kHourNs),
      Make("gone 2", "a", 25 * kHourNs),
      Make("kept 2", "long", 2500 * kHourNs),
      Make("kept 3", "short"),
  };
  hub_->Publish("fake", entries);
  std::string sent = socket->WaitFor("kept 3");
  EXPECT_EQ(Count(sent, "kept"), 3u) << sent;
  EXPECT_EQ(Count(sent, "gone"), 0u) << sent;
  // A reload holds for those who listen already.
  settings_.limits.max_query_lookback_ns = kHourNs;
  context_->Reload(std::make_shared<ApiSettings>(settings_));
  const std::vector<store::NewEntry> more{Make("gone 3", "long", 2 * kHourNs), Make("kept 4")};
  hub_->Publish("fake", more);
  sent = socket->WaitFor("kept 4");
  EXPECT_EQ(Count(sent, "gone"), 0u) << sent;
}

// A server ends its handlers first; the hub's thread goes on until the hub ends.
TEST_F(LokiTailTest, SessionsOutliveWhoOpenedThem) {
  const auto one = Tail(R"({app="a"})"), two = Tail(R"({app="a"})");
  Publish(Make("first"));
  one->WaitFor("first");
  router_ = Router();
  api_.reset();
  Publish(Make("second"));
  one->WaitFor("second");
  two->WaitFor("second");
  one->is_closed = true;  // seen at a tick
  while (hub_->listeners() > 1) std::this_thread::yield();
  Publish(Make("third"));
  two->WaitFor("third");
  hub_.reset();
  EXPECT_EQ(Count(one->WaitFor("second"), "third"), 0u);
}

TEST_F(LokiTailTest, TheLimitIsOfThoseThatListen) {
  const auto one = Tail(R"({app="a"})"), two = Tail(R"({app="b"})"), three = Tail(R"({app="c"})");
  EXPECT_EQ(three->WaitForReason(),
            "max concurrent tail requests limit exceeded, count > limit (3 > 2)");
  EXPECT_EQ(hub_->listeners(), 2u);
}

TEST_F(LokiTailTest, DelayedEntriesComeInTheOrderOfTheirTimes) {
  const auto socket = Tail(R"({app="a"})", {{"delay_for", "1"}});
  const store::NewEntry first = Make("first"), second = Make("second");
  Publish(second);
  Publish(first);
  const std::string sent = socket->WaitFor("second");
  EXPECT_LT(sent.find(std::to_string(first.ts_ns)), sent.find(std::to_string(second.ts_ns)));
}

}  // namespace
}  // namespace glp::wire
