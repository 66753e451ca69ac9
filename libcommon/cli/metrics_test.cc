#include "cli/metrics.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/strings.h"
#include "cli/metrics_server.h"
#include "wire/http_client.h"

namespace glp::cli {
namespace {

bool HasLine(const std::string& text, std::string_view line) {
  for (std::string_view each : Split(text, '\n')) {
    if (each == line) return true;
  }
  ADD_FAILURE() << "no line: " << line << "\nin: " << text;
  return false;
}

TEST(Metrics, CountersAndGauges) {
  Metrics metrics("glp-x");
  Counter& sent = metrics.NewCounter("sent_total", "Lines sent.", {{"host", "a:1"}});
  sent.Add();
  sent.Add(41);
  EXPECT_EQ(&sent, &metrics.NewCounter("sent_total", "other words", {{"host", "a:1"}}));
  metrics.NewCounter("sent_total", "", {{"host", "b:1"}});
  Gauge& open = metrics.NewGauge("open", "Files open.");
  open.Set(5);
  open.Add(-7);

  const std::string text = metrics.Text();
  HasLine(text, "# HELP sent_total Lines sent.");
  HasLine(text, "# TYPE sent_total counter");
  HasLine(text, "sent_total{host=\"a:1\"} 42");
  HasLine(text, "sent_total{host=\"b:1\"} 0");
  HasLine(text, "# TYPE open gauge");
  HasLine(text, "open -2");
  EXPECT_EQ(text.find("other words"), std::string::npos);
  EXPECT_EQ(text.find("# TYPE sent_total"), text.rfind("# TYPE sent_total"));
}

TEST(Metrics, OthersMayAppendTheirs) {
  Metrics metrics("glp-x");
  int calls = 0;
  metrics.AddSource([&](std::string* out) { *out += "# TYPE lines gauge\nlines 7\n"; });
  metrics.AddSource([&](std::string* out) { *out += "calls " + std::to_string(++calls) + "\n"; });
  HasLine(metrics.Text(), "calls 1");
  HasLine(metrics.Text(), "lines 7");
  EXPECT_EQ(calls, 2);
}

TEST(Metrics, Escapes) {
  Metrics metrics("glp-x");
  metrics.NewGauge("g", "a \"b\" \\ c\nd", {{"path", "/a\"b\\c\nd"}, {"more", "é"}}).Set(1);
  metrics.NewGauge("g", "", {{"path", "/\xff"}}).Set(2);
  const std::string text = metrics.Text();
  HasLine(text, R"(# HELP g a "b" \\ c\nd)");
  HasLine(text, R"(g{path="/a\"b\\c\nd",more="é"} 1)");
  HasLine(text, R"(g{path="/\\xff"} 2)");
}

TEST(Metrics, Histograms) {
  Metrics metrics("glp-x");
  Histogram& seconds =
      metrics.NewHistogram("t_seconds", "Time.", {.005, 1, 2.5}, {{"code", "204"}});
  for (double value : {.001, .005, .5, 1.0, 2.0, 100.0}) seconds.Observe(value);
  const std::string text = metrics.Text();
  HasLine(text, "# TYPE t_seconds histogram");
  HasLine(text, "t_seconds_bucket{code=\"204\",le=\"0.005\"} 2");
  HasLine(text, "t_seconds_bucket{code=\"204\",le=\"1\"} 4");
  HasLine(text, "t_seconds_bucket{code=\"204\",le=\"2.5\"} 5");
  HasLine(text, "t_seconds_bucket{code=\"204\",le=\"+Inf\"} 6");
  HasLine(text, "t_seconds_sum{code=\"204\"} 103.506");
  HasLine(text, "t_seconds_count{code=\"204\"} 6");

  metrics.NewHistogram("plain", "", {1}).Observe(2);
  HasLine(metrics.Text(), "plain_bucket{le=\"1\"} 0");
  HasLine(metrics.Text(), "plain_count 1");
}

TEST(Metrics, RemovesOne) {
  Metrics metrics("glp-x");
  metrics.NewCounter("read_total", "Read.", {{"path", "/a"}}).Add(1);
  metrics.NewCounter("read_total", "Read.", {{"path", "/b"}}).Add(2);
  metrics.Remove("read_total", {{"path", "/a"}});
  metrics.Remove("never_was", {});
  const std::string text = metrics.Text();
  EXPECT_EQ(text.find("/a"), std::string::npos);
  HasLine(text, "read_total{path=\"/b\"} 2");
}

TEST(Metrics, TellsOfTheProcess) {
  const std::string text = Metrics("glp-x").Text();
  HasLine(text, "# TYPE glp_build_info gauge");
  EXPECT_NE(text.find("glp_build_info{tool=\"glp-x\",version=\""), std::string::npos);
  auto value = [&text](const std::string& name) {
    const size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : atof(text.c_str() + at + name.size() + 2);
  };
  EXPECT_GT(value("process_resident_memory_bytes"), 1e5);
  EXPECT_GE(value("process_cpu_seconds_total"), 0);
  EXPECT_GE(value("process_open_fds"), 1);
  const double age = static_cast<double>(time(nullptr)) - value("process_start_time_seconds");
  EXPECT_GT(age, -5);
  EXPECT_LT(age, 3600);
}

TEST(Metrics, CountsFromManyThreads) {
  Metrics metrics("glp-x");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&metrics] {
      Counter& counter = metrics.NewCounter("n_total", "N.");
      Histogram& histogram = metrics.NewHistogram("h", "H.", {1});
      for (int n = 0; n < 10000; ++n) {
        counter.Add();
        histogram.Observe(2);
      }
      (void)metrics.Text();
    });
  }
  for (std::thread& thread : threads) thread.join();
  HasLine(metrics.Text(), "n_total 40000");
  HasLine(metrics.Text(), "h_sum 80000");
}

class MetricsServerTest : public ::testing::Test {
 protected:
  // The base of the URLs of a server, from what it said on stderr.
  std::string Start(const std::string& listen) {
    testing::internal::CaptureStderr();
    auto server = MetricsServer::Start(context_, listen, metrics_, [this] { return ready_; });
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_TRUE(server.ok()) << server.status().message();
    if (!server.ok()) return "";
    server_ = std::move(server).value();
    const size_t from = said.find("http://"), to = said.find("/metrics\n");
    EXPECT_NE(to, std::string::npos) << said;
    return to == std::string::npos ? "" : said.substr(from, to - from);
  }
  static wire::ClientResponse Get(const std::string& url) {
    wire::ClientRequest request;
    request.url = url;
    auto response = wire::HttpClient("test").Do(request);
    EXPECT_TRUE(response.ok()) << response.status().message();
    return response.ok() ? *response : wire::ClientResponse();
  }

  Context context_{"glp-x"};
  Metrics metrics_{"glp-x"};
  Status ready_;
  std::unique_ptr<MetricsServer> server_;
};

TEST_F(MetricsServerTest, Serves) {
  const std::string url = Start("0");
  EXPECT_EQ(url.substr(0, 17), "http://127.0.0.1:");
  metrics_.NewCounter("made_later_total", "Later.").Add(3);
  const wire::ClientResponse page = Get(url + "/metrics");
  EXPECT_EQ(page.status, 200);
  HasLine(page.body, "made_later_total 3");
  EXPECT_EQ(Get(url + "/ready").body, "ready\n");
  ready_ = Status(Code::kIo, "no answer from loki:3100");
  EXPECT_EQ(Get(url + "/ready").status, 503);
  EXPECT_EQ(Get(url + "/ready").body, "no answer from loki:3100\n");
  EXPECT_EQ(Get(url + "/other").status, 404);
}

TEST_F(MetricsServerTest, IsNotThereUnlessAskedFor) {
  const auto none = MetricsServer::Start(context_, "", metrics_, [] { return Status::Ok(); });
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(*none, nullptr);
}

TEST_F(MetricsServerTest, RefusesABusyPortAndWhatIsNone) {
  const std::string url = Start("127.0.0.1:0");
  const std::string port = url.substr(url.rfind(':') + 1);
  const auto busy = MetricsServer::Start(context_, port, metrics_, [] { return Status::Ok(); });
  ASSERT_FALSE(busy.ok());
  EXPECT_NE(busy.status().message().find("--metrics " + port + ": cannot listen on 127.0.0.1:"),
            std::string::npos)
      << busy.status().message();
  const auto bad = MetricsServer::Start(context_, "http", metrics_, [] { return Status::Ok(); });
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.status().code(), Code::kUsage);
}

}  // namespace
}  // namespace glp::cli
