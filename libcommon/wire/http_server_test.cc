// The server and the client against each other, and against what no client of ours would send.
#include "wire/http_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "base/strings.h"
#include "io/file.h"
#include "wire/gzip.h"
#include "wire/http_client.h"

namespace glp::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class HttpServerTest : public ::testing::Test {
 protected:
  void Start(ServerOptions options = {}) {
    Router router;
    router.Add("GET,POST", "/echo", Lane::kQuery, [](const Request& request) {
      std::string text = request.method + " " + request.path + "\n";
      for (const auto& [name, value] : request.params) text += name + "=" + value + "\n";
      return TextResponse(200, text + request.body);
    });
    router.Add("POST", "/take", Lane::kIngest, [](const Request& request) {
      return TextResponse(200, std::to_string(request.body.size()));
    });
    router.Add("GET", "/big", Lane::kQuery,
               [](const Request&) { return TextResponse(200, std::string(1 << 20, 'x')); });
    router.Add("GET", "/nothing", Lane::kControl, [](const Request&) {
      return Response{204, "", "", {}};
    });
    router.Add("GET", "/throw", Lane::kControl,
               [](const Request&) -> Response { throw std::runtime_error("oops"); });
    router.Add("GET", "/wait", Lane::kQuery, [this](const Request& request) {
      ++running_;
      while (!request.cancelled() && !release_) std::this_thread::sleep_for(milliseconds(1));
      --running_;
      return TextResponse(200, request.cancelled() ? "cancelled" : "released");
    });
    server_ = std::make_unique<HttpServer>(std::move(options), std::move(router));
    const Status status = server_->Start();
    ASSERT_TRUE(status.ok()) << status.message();
  }

  Result<ClientResponse> Get(const std::string& path, HeaderList headers = {}) {
    ClientRequest request;
    request.url = "http://" + server_->address() + path;
    request.headers = std::move(headers);
    request.timeout_ms = 10'000;
    return client_.Do(request);
  }
  Result<ClientResponse> Post(const std::string& path, std::string_view body,
                              HeaderList headers = {}) {
    ClientRequest request;
    request.method = "POST";
    request.url = "http://" + server_->address() + path;
    request.body = body;
    request.headers = std::move(headers);
    request.timeout_ms = 10'000;
    return client_.Do(request);
  }

  io::Fd Connect() {
    io::Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server_->port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  static void SendRaw(const io::Fd& fd, std::string_view bytes) {
    EXPECT_EQ(send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  // All until the server closes.
  static std::string ReadAll(const io::Fd& fd) {
    std::string all;
    char buffer[4096];
    pollfd poll_fd{fd.get(), POLLIN, 0};
    while (poll(&poll_fd, 1, 10'000) == 1) {
      const ssize_t size = recv(fd.get(), buffer, sizeof buffer, 0);
      if (size <= 0) return all;
      all.append(buffer, static_cast<size_t>(size));
    }
    return all + "(still open)";
  }
  static bool WaitFor(const std::function<bool()>& condition) {
    const auto deadline = steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      if (steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return true;
  }

  std::atomic<int> running_{0};
  std::atomic<bool> release_{false};
  HttpClient client_{"test"};
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, GivesRequestsToHandlers) {
  Start();
  EXPECT_EQ(Get("/echo?a=1&b=%20x")->body, "GET /echo\na=1\nb= x\n");
  EXPECT_EQ(Post("/echo?a=1", "b=2", {{"Content-Type", "application/x-www-form-urlencoded"}})->body,
            "POST /echo\nb=2\na=1\nb=2");
  EXPECT_EQ(Get("/nothing")->status, 204);
  EXPECT_EQ(Get("/nosuch")->status, 404);
  const auto wrong = Post("/big", "");
  EXPECT_EQ(wrong->status, 405);
  EXPECT_EQ(wrong->Header("allow"), "GET");
  const auto thrown = Get("/throw");
  EXPECT_EQ(thrown->status, 500);
  EXPECT_NE(thrown->body.find("oops"), std::string::npos);
  EXPECT_EQ(server_->stats().connections, 1u) << "the connection is kept alive";
}

TEST_F(HttpServerTest, CompressesBothWays) {
  Start();
  EXPECT_EQ(Post("/take", Gzip(std::string(100'000, 'a')), {{"Content-Encoding", "gzip"}})->body,
            "100000");
  EXPECT_EQ(Post("/take", "no gzip", {{"Content-Encoding", "gzip"}})->status, 400);
  EXPECT_EQ(Post("/take", "abc", {{"Content-Encoding", "br"}})->body, "3") << "the handler judges";
  const auto big = Get("/big");
  EXPECT_EQ(big->body, std::string(1 << 20, 'x'));
  EXPECT_EQ(big->Header("content-encoding"), "gzip");
  EXPECT_LT(ParseDouble(big->Header("content-length")).value_or(1e9), 50'000);
}

TEST_F(HttpServerTest, BoundsWhatClientsSend) {
  ServerOptions options;
  options.max_body_bytes = 1000;
  options.max_form_bytes = 100;
  options.max_inflated_bytes = 5000;
  options.max_header_bytes = 2000;
  Start(options);
  EXPECT_EQ(Post("/take", std::string(1000, 'x'))->status, 200);
  EXPECT_EQ(Post("/take", std::string(1001, 'x'))->status, 413);
  EXPECT_EQ(Post("/echo", std::string(101, 'x'))->status, 413);
  EXPECT_EQ(Post("/take", std::string(20 << 20, 'x'))->status, 413);
  EXPECT_EQ(Post("/take", std::string(1001, 'x'), {{"Transfer-Encoding", "chunked"}})->status, 413);
  EXPECT_EQ(Post("/take", Gzip(std::string(5001, 'x')), {{"Content-Encoding", "gzip"}})->status,
            413);
  EXPECT_EQ(Get("/echo", {{"X", std::string(3000, 'x')}})->status, 431);
}

TEST_F(HttpServerTest, AnswersGarbage) {
  Start();
  for (const char* bytes :
       {"hello\r\n\r\n", "GET\r\n\r\n", "\x16\x03\x01 tls \r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "POST /take HTTP/1.1\r\nContent-Length: x\r\n\r\n"}) {
    io::Fd fd = Connect();
    SendRaw(fd, bytes);
    EXPECT_EQ(ReadAll(fd).substr(0, 12), "HTTP/1.1 400") << bytes;
  }
  EXPECT_EQ(Get("/nothing")->status, 204);
}

TEST_F(HttpServerTest, SpeaksPlainHttp) {
  Start();
  io::Fd fd = Connect();
  SendRaw(fd,
          "HEAD /big HTTP/1.1\r\nHost: x\r\n\r\n"
          "POST /take HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc"
          "GET /nothing HTTP/1.0\r\n\r\n");
  const std::string all = ReadAll(fd);
  EXPECT_NE(all.find("Content-Length: 1048576\r\n"), std::string::npos) << all;
  EXPECT_NE(all.find("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"), std::string::npos) << all;
  EXPECT_NE(all.find("HTTP/1.0 204 No Content"), std::string::npos) << all;
  EXPECT_LT(all.size(), 1500u);
}

TEST_F(HttpServerTest, DropsSlowClients) {
  ServerOptions options;
  options.idle_timeout_ms = 50;
  options.read_timeout_ms = 50;
  Start(options);
  io::Fd silent = Connect();
  EXPECT_EQ(ReadAll(silent), "");
  io::Fd slow_header = Connect();
  SendRaw(slow_header, "GET /ec");
  EXPECT_EQ(ReadAll(slow_header), "");
  io::Fd slow_body = Connect();
  SendRaw(slow_body, "POST /take HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(ReadAll(slow_body), "");
}

TEST_F(HttpServerTest, TellsHandlersThatTheClientIsGone) {
  Start();
  {
    io::Fd fd = Connect();
    SendRaw(fd, "GET /wait HTTP/1.1\r\n\r\n");
    ASSERT_TRUE(WaitFor([this] { return running_ == 1; }));
  }
  EXPECT_TRUE(WaitFor([this] { return running_ == 0; }));
}

TEST_F(HttpServerTest, SlowQueriesKeepNobodyElseWaiting) {
  ServerOptions options;
  options.query_threads = 1;
  options.max_waiting = 1;
  Start(options);
  std::vector<io::Fd> busy;
  busy.push_back(Connect());
  SendRaw(busy.back(), "GET /wait HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(WaitFor([this] { return running_ == 1; }));
  busy.push_back(Connect());
  SendRaw(busy.back(), "GET /wait HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(WaitFor([this] { return server_->stats().requests == 2; }));
  EXPECT_EQ(Get("/nothing")->status, 204);
  EXPECT_EQ(Post("/take", "x")->status, 200);
  const auto third = Get("/wait");
  EXPECT_EQ(third->status, 429);
  EXPECT_EQ(third->body, "too many outstanding requests\n");
}

TEST_F(HttpServerTest, StopLetsRequestsFinish) {
  Start();
  io::Fd idle = Connect();
  io::Fd fd = Connect();
  SendRaw(fd, "GET /wait HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(WaitFor([this] { return running_ == 1; }));
  std::thread later([this] {
    std::this_thread::sleep_for(milliseconds(20));
    release_ = true;
  });
  server_->Stop(5000);
  later.join();
  const std::string answer = ReadAll(fd);
  EXPECT_NE(answer.find("released"), std::string::npos) << answer;
  EXPECT_NE(answer.find("Connection: close"), std::string::npos) << answer;
  EXPECT_EQ(ReadAll(idle), "");
}

TEST_F(HttpServerTest, StopCancelsWhatTakesTooLong) {
  Start();
  io::Fd fd = Connect();
  SendRaw(fd, "GET /wait HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(WaitFor([this] { return running_ == 1; }));
  const auto start = steady_clock::now();
  server_->Stop(50);
  EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(3));
  EXPECT_NE(ReadAll(fd).find("cancelled"), std::string::npos);
}

TEST_F(HttpServerTest, OnePortOneServer) {
  Start();
  ServerOptions options;
  options.port = server_->port();
  HttpServer second(options, Router());
  const Status status = second.Start();
  EXPECT_EQ(status.code(), Code::kIo);
  EXPECT_NE(status.message().find("cannot listen on 127.0.0.1:"), std::string::npos);
}

TEST_F(HttpServerTest, ClientErrors) {
  Start();
  ClientRequest request;
  request.url = "http://" + server_->address() + "/big";
  request.max_response_bytes = 1000;
  EXPECT_EQ(client_.Do(request).status().code(), Code::kLimit);
  request.url = "http://" + server_->address() + "/wait";
  request.timeout_ms = 50;
  EXPECT_EQ(client_.Do(request).status().code(), Code::kIo);
  request.timeout_ms = 10'000;
  request.cancelled = [] { return true; };
  EXPECT_EQ(client_.Do(request).status().code(), Code::kCancelled);
  request.cancelled = nullptr;
  request.url = "http://u:secret@" + server_->address() + "/nothing";
  EXPECT_EQ(client_.Do(request)->status, 204);
  server_->Stop();
  const Status gone = client_.Do(request).status();
  EXPECT_EQ(gone.code(), Code::kIo);
  EXPECT_EQ(gone.message().find("secret"), std::string::npos) << gone.message();
  request.url = "gopher://x/";
  EXPECT_EQ(client_.Do(request).status().code(), Code::kUsage);
}

TEST(ListenAddress, Spellings) {
  const struct {
    std::string text, address;
    int port;
  } cases[] = {
      {":3100", "127.0.0.1", 3100}, {"3100", "127.0.0.1", 3100},     {"0.0.0.0:0", "0.0.0.0", 0},
      {"[::1]:80", "::1", 80},      {"localhost:1", "127.0.0.1", 1},
  };
  for (const auto& c : cases) {
    const auto listen = ParseListenAddress(c.text);
    ASSERT_TRUE(listen.ok()) << listen.status().message();
    EXPECT_EQ(listen->address, c.address);
    EXPECT_EQ(listen->port, c.port);
  }
  for (const char* bad : {"", ":", ":x", ":65536", "example.org:80", "1.2.3:80", ":-1"}) {
    EXPECT_FALSE(ParseListenAddress(bad).ok()) << bad;
  }
  EXPECT_TRUE(IsLoopback("127.0.0.1"));
  EXPECT_TRUE(IsLoopback("127.9.9.9"));
  EXPECT_TRUE(IsLoopback("::1"));
  EXPECT_FALSE(IsLoopback("0.0.0.0"));
  EXPECT_FALSE(IsLoopback("::"));
  EXPECT_FALSE(IsLoopback("10.0.0.1"));
}

}  // namespace
}  // namespace glp::wire
