#include "wire/loki_tail.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

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
    changed_.wait(lock, [&] { return sent_.find(part) != std::string::npos; });
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
    auto settings = std::make_shared<ApiSettings>();
    settings->limits.max_concurrent_tail_requests = 2;
    context_ = std::make_unique<ApiContext>(store_.get(), std::move(settings), nullptr);
    hub_ = std::make_unique<TailHub>();
    api_ = std::make_unique<TailApi>(context_.get(), hub_.get());
    api_->AddRoutes(&router_);
  }
  void TearDown() override {
    api_.reset();
    hub_.reset();
    context_.reset();
    store_.reset();
    StoreFixture::TearDown();
  }

  store::NewEntry Make(std::string_view line) {
    store::NewEntry entry;
    entry.stream = labels_.FromLabels({{"app", "a"}});
    entry.ts_ns = now_ns_ + ++made_;
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
    const Response response = router_.Find("GET", "/loki/api/v1/tail").route->handler(request);
    EXPECT_EQ(response.status, 101) << response.body;
    auto socket = std::make_shared<FakeSocket>();
    if (response.opened) response.opened(socket);
    return socket;
  }

  const int64_t now_ns_ = NowNs() - kNsPerSecond;
  int64_t made_ = 0;
  LabelTable labels_;
  std::unique_ptr<store::Store> store_;
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
