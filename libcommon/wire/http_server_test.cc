// The server and the client against each other, and against what no client of ours would send.
#include "wire/http_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "base/sanitized.h"
#include "base/strings.h"
#include "io/file.h"
#include "wire/gate_queue.h"
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
    router.Add("GET,POST", "/echo", Lane::kQuery, OpenGate(), [](const Request& request) {
      std::string text = request.method + " " + request.path + "\n";
      for (const auto& [name, value] : request.params) text += name + "=" + value + "\n";
      return TextResponse(200, text + request.body);
    });
    router.Add("POST", "/take", Lane::kIngest, OpenGate(), [](const Request& request) {
      return TextResponse(200, std::to_string(request.body.size()));
    });
    router.Add("GET", "/big", Lane::kQuery, OpenGate(),
               [](const Request&) { return TextResponse(200, std::string(1 << 20, 'x')); });
    router.Add("GET", "/nothing", Lane::kControl, OpenGate(), [](const Request&) {
      return Response{204, "", "", {}};
    });
    router.Add("GET", "/control", Lane::kControl, OpenGate(), [](const Request& request) {
      return TextResponse(200, "i=" + std::string(request.Param("i").value_or("")) + "\n");
    });
    AddPieces(&router);
    AddSockets(&router);
    AddGates(&router);
    router.Add("GET", "/throw", Lane::kControl, OpenGate(),
               [](const Request&) -> Response { throw std::runtime_error("oops"); });
    router.Add("GET", "/wait", Lane::kQuery, OpenGate(), [this](const Request& request) {
      ++running_;
      while (!request.cancelled() && !release_) std::this_thread::sleep_for(milliseconds(1));
      --running_;
      return TextResponse(200, request.cancelled() ? "cancelled" : "released");
    });
    server_ = std::make_unique<HttpServer>(std::move(options), std::move(router));
    const Status status = server_->Start();
    ASSERT_TRUE(status.ok()) << status.message();
  }

  // /pieces?count=N&size=N[&fail=N]: pieces of 'a' and then 'b' and so on; `fail`: an error is the
  // N-th.
  void AddPieces(Router* router) {
    router->Add("GET", "/pieces", Lane::kQuery, OpenGate(), [this](const Request& request) {
      auto number = [&request](const char* name) {
        return ParseUint64(request.Param(name).value_or("")).value_or(UINT64_MAX);
      };
      Response response{200, "text/plain", "head ", {}};
      auto at = std::make_shared<std::atomic<uint64_t>>(0);
      // Ends with the answer.
      std::shared_ptr<void> end(nullptr, [this](void*) { ++ended_; });
      response.more = [this, at, end, count = number("count"), size = number("size"),
                       fail = number("fail")](std::string* piece) -> Result<bool> {
        EXPECT_EQ(in_piece_.exchange(true), false) << "one call at a time";
        const uint64_t i = (*at)++;
        ++pieces_;
        in_piece_ = false;
        if (i == fail) return DataError("no more of it");
        if (i < count) piece->assign(size, static_cast<char>('a' + i % 26));
        return i + 1 < count;
      };
      return response;
    });
  }
  static std::string PiecesText(uint64_t count, uint64_t size) {
    std::string text = "head ";
    for (uint64_t i = 0; i < count; ++i) text.append(size, static_cast<char>('a' + i % 26));
    return text;
  }

  // /gate (a push) and /gate/socket: who says "in" comes in, who says "slow" and more is judged
  // slowly by `slow_gate_`.
  void AddGates(Router* router) {
    Gate gate;
    gate.quick = [this](const Request& request) -> std::optional<Admission> {
      EXPECT_EQ(request.body, "");
      const std::string_view who = request.Header("x-who");
      if (who.starts_with("slow")) return std::nullopt;
      ++judged_;
      if (who == "in") return Admission{"t1", {}};
      Response refusal = TextResponse(401, "who are you\n");
      refusal.headers.emplace_back("WWW-Authenticate", "Bearer");
      return Admission{"", std::move(refusal)};
    };
    gate.slow = [this](const Request& request) { return slow_gate_(request); };
    router->Add("GET,POST", "/gate", Lane::kIngest, gate, [this](const Request& request) {
      ++let_in_;
      return TextResponse(200, request.tenant + ":" + std::to_string(request.body.size()) + "\n");
    });
    router->Add("GET", "/gate/socket", Lane::kQuery, gate, [](const Request&) {
      ADD_FAILURE() << "refused upgrades do not come here";
      return TextResponse(500, "");
    });
  }

  // /socket opens one and keeps it in socket_; /nosocket answers an upgrade with 403.
  void AddSockets(Router* router) {
    router->Add("GET", "/socket", Lane::kQuery, OpenGate(), [this](const Request& request) {
      if (!request.wants_websocket) return TextResponse(400, "no websocket\n");
      Response response{101, "", "", {{"X-Extra", "1"}}};
      response.opened = [this](std::shared_ptr<Socket> socket) {
        std::lock_guard lock(socket_mutex_);
        sockets_.push_back(std::move(socket));
      };
      return response;
    });
    router->Add("GET", "/nosocket", Lane::kQuery, OpenGate(),
                [](const Request&) { return TextResponse(403, "not you\n"); });
    router->Add("GET", "/always101", Lane::kQuery, OpenGate(), [](const Request&) {
      Response response{101, "", "", {}};
      response.opened = [](const std::shared_ptr<Socket>&) { ADD_FAILURE(); };
      return response;
    });
  }
  std::shared_ptr<Socket> LastSocket(size_t count = 1) {
    std::shared_ptr<Socket> socket;
    EXPECT_TRUE(WaitFor([this, count, &socket] {
      std::lock_guard lock(socket_mutex_);
      if (sockets_.size() == count) socket = sockets_.back();
      return socket != nullptr;
    }));
    return socket;
  }

  Result<ClientResponse> Get(const std::string& path, HeaderList headers = {}) {
    ClientRequest request;
    request.url = "http://" + server_->address() + path;
    request.headers = std::move(headers);
    request.timeout_ms = 10'000;
    return client_->Do(request);
  }
  Result<ClientResponse> Post(const std::string& path, std::string_view body,
                              HeaderList headers = {}) {
    ClientRequest request;
    request.method = "POST";
    request.url = "http://" + server_->address() + path;
    request.body = body;
    request.headers = std::move(headers);
    request.timeout_ms = 10'000;
    return client_->Do(request);
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
  // Until `end` has come.
  static std::string ReadUntil(const io::Fd& fd, std::string_view end) {
    std::string all;
    char byte;
    pollfd poll_fd{fd.get(), POLLIN, 0};
    while (all.find(end) == std::string::npos && poll(&poll_fd, 1, 10'000) == 1 &&
           recv(fd.get(), &byte, 1, 0) == 1) {
      all += byte;
    }
    return all;
  }
  // All until the server closes; "(reset)" at its end where that was no orderly end.
  static std::string ReadAll(const io::Fd& fd) {
    std::string all;
    char buffer[4096];
    pollfd poll_fd{fd.get(), POLLIN, 0};
    while (poll(&poll_fd, 1, 10'000) == 1) {
      const ssize_t size = recv(fd.get(), buffer, sizeof buffer, 0);
      if (size < 0) return all + "(reset)";
      if (size == 0) return all;
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

  std::atomic<int> judged_{0}, let_in_{0};
  std::function<Admission(const Request&)> slow_gate_;
  std::atomic<int> running_{0};
  std::atomic<bool> release_{false};
  std::atomic<bool> in_piece_{false};
  std::atomic<int> pieces_{0};
  std::atomic<int> ended_{0};
  std::mutex socket_mutex_;
  std::vector<std::shared_ptr<Socket>> sockets_;
  std::unique_ptr<HttpClient> client_ = std::make_unique<HttpClient>("test");
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
  EXPECT_EQ(Post("/echo", Gzip(std::string(100, 'x')), {{"Content-Encoding", "gzip"}})->status,
            200);
  EXPECT_EQ(Post("/echo", Gzip(std::string(101, 'x')), {{"Content-Encoding", "gzip"}})->status,
            413);
  EXPECT_EQ(Get("/echo", {{"X", std::string(3000, 'x')}})->status, 431);
}

// What http_head_test.cc does not have: how a session takes it. Tables of heads and chunks are
// there.
TEST_F(HttpServerTest, AnswersWhatIsWrong) {
  using std::string_literals::operator""s;
  ServerOptions options;
  options.max_body_bytes = 1000;
  options.max_form_bytes = 100;
  options.max_inflated_bytes = 5000;
  options.max_target_bytes = 500;
  options.max_header_bytes = 2000;
  options.max_headers = 10;
  Start(options);
  const std::string get = "GET /echo HTTP/1.1\r\nHost: x\r\n";
  const std::string take = "POST /take HTTP/1.1\r\nHost: x\r\n";
  const std::string chunked = take + "Transfer-Encoding: chunked\r\n\r\n";
  const std::string form =
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n";
  auto sized = [](const std::string& head, const std::string& body) {
    return head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  };
  const struct {
    std::string bytes;
    int status;
  } cases[] = {
      {"hello\r\n\r\n", 400},
      {"GET\r\n\r\n", 400},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xFC"s, 400},
      {"\0\0\0\0"s, 400},
      {"{\"streams\":[]}\r\n", 400},
      {"GET /echo\r\n\r\n", 400},
      {"GET /echo HTTP/9.9\r\nHost: x\r\n\r\n", 505},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"GET /echo http/1.1\r\nHost: x\r\n\r\n", 400},
      {"G\\T /echo HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET echo HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET x:80 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", 501},
      {"GET /echo?a=\0 HTTP/1.1\r\nHost: x\r\n\r\n"s, 400},
      {"GET /ec%00ho HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET /echo%2 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET /echo?a=%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET /echo HTTP/1.1\r\n\r\n", 400},
      {"GET /echo HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
      {"GET /echo HTTP/1.1\nHost: x\n\n", 400},
      {get + "A: b\n\r\n", 400},
      {get + "A: b\rc\r\n\r\n", 400},
      {get + "A: b\r\n c\r\n\r\n", 400},
      {get + "A : b\r\n\r\n", 400},
      {get + "A\r\n\r\n", 400},
      {get + ": b\r\n\r\n", 400},
      {get + "A: \0\r\n\r\n"s, 400},
      {get + "Expect: coffee\r\n\r\n", 417},
      {"GET /" + std::string(600, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414},
      {"GET /" + std::string(5000, 'x'), 414},
      {get + "A: " + std::string(3000, 'x') + "\r\n\r\n", 431},
      {get + "A: " + std::string(3000, 'x'), 431},
      {get +
           "A: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\nA: 5\r\nA: 6\r\nA: 7\r\nA: 8\r\nA: 9\r\nA: 10\r\n\r\n",
       431},
      {take + "Content-Length: x\r\n\r\n", 400},
      {take + "Content-Length: -3\r\n\r\nabc", 400},
      {take + "Content-Length: 3, 3\r\n\r\nabc", 400},
      {take + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
      {take + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400},
      {take + "Content-Length: 99999999999999999999\r\n\r\nabc", 400},
      {take + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {take + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400},
      {take + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
      {take + "Transfer-Encoding: identity\r\n\r\nabc", 501},
      {take + "Transfer-Encoding: chunked, gzip\r\n\r\nabc", 400},
      {"POST /take HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {take + "Content-Length: 9223372036854775807\r\n\r\n", 413},
      {take + "Content-Length: 1001\r\n\r\n", 413},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n", 413},
      {"POST /nosuch HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n", 404},
      {"POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n", 405},
      {"POST /nosuch HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 404},
      {take + "Expect: 100-continue\r\nContent-Length: 1001\r\n\r\n", 413},
      {"POST /nosuch HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
       404},
      {chunked + "x\r\n", 400},
      {chunked + "-1\r\n", 400},
      {chunked + "3\nabc\r\n0\r\n\r\n", 400},
      {chunked + "3\r\nabcd\r\n0\r\n\r\n", 400},
      {chunked + "3 \r\nabc\r\n0\r\n\r\n", 400},
      {chunked + "3;" + std::string(2000, 'x') + "\r\nabc\r\n0\r\n\r\n", 400},
      {chunked + "fffffffffffffffff\r\n", 400},
      {chunked + "3e9\r\n", 413},
      {chunked + "3e8\r\n" + std::string(1000, 'x') + "\r\n1\r\nx\r\n", 413},
      {chunked + "0\r\nBad trailer\r\n\r\n", 400},
      {sized(take + "Content-Encoding: gzip\r\n", "no gzip"), 400},
      {sized(take + "Content-Encoding: gzip\r\n", ""), 400},
      {sized(take + "Content-Encoding: gzip\r\n", Gzip("abc").substr(0, 15)), 400},
      {sized(take + "Content-Encoding: gzip\r\n", Gzip("abc") + "x"), 400},
      {sized(take + "Content-Encoding: gzip\r\n", Gzip(std::string(5001, 'x'))), 413},
      {sized(take + "Content-Encoding: deflate\r\n", "\x78\x9c\xff\xff"), 400},
      {sized(form, "a=%zz"), 400},
      {sized(form, "a=b&c=%"), 400},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\nEVIL", 200},
      {"POST /nothing HTTP/1.1\r\nHost: x\r\n\r\n", 405},
      {"TRACE /nothing HTTP/1.1\r\nHost: x\r\n\r\n", 405},
      {"GET //nothing HTTP/1.1\r\nHost: x\r\n\r\n", 404},
      {"GET /../nothing HTTP/1.1\r\nHost: x\r\n\r\n", 404},
      {"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 404},
  };
  for (const auto& c : cases) {
    io::Fd fd = Connect();
    SendRaw(fd, c.bytes);
    const std::string answer = ReadUntil(fd, "\r\n\r\n");
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 " + std::to_string(c.status)) << c.bytes;
    EXPECT_NE(answer.find("\r\n\r\n"), std::string::npos) << c.bytes;
  }
  EXPECT_EQ(Get("/nothing")->status, 204);
  EXPECT_TRUE(WaitFor([this] { return server_->stats().connections == 1; }));
}

TEST_F(HttpServerTest, RefusalsEndTheConnection) {
  Start();
  io::Fd fd = Connect();
  SendRaw(
      fd,
      "POST /take HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string answer = ReadAll(fd);
  EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 400");
  EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("204"), std::string::npos) << "what was smuggled in is not answered";
}

TEST_F(HttpServerTest, SpeaksPlainHttp) {
  Start();
  io::Fd fd = Connect();
  SendRaw(fd,
          "HEAD /big HTTP/1.1\r\nHost: x\r\n\r\n"
          "POST /take HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
          "3;x=y\r\nabc\r\n0\r\nX: y\r\n\r\n"
          "GET http://other:80/echo?a=b HTTP/1.1\r\nHost: x\r\n\r\n"
          "GET /nothing HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
          "GET /nothing HTTP/1.0\r\n\r\n");
  const std::string all = ReadAll(fd);
  EXPECT_NE(all.find("Content-Length: 1048576\r\n"), std::string::npos) << all;
  EXPECT_NE(all.find("GET /echo\na=b\n"), std::string::npos) << all;
  EXPECT_NE(all.find("HTTP/1.0 204 No Content"), std::string::npos) << all;
  EXPECT_NE(all.find("Connection: keep-alive"), std::string::npos) << all;
  EXPECT_LT(all.size(), 2500u);
}

TEST_F(HttpServerTest, AsksForTheBody) {
  Start();
  io::Fd fd = Connect();
  SendRaw(fd,
          "POST /take HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(ReadUntil(fd, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  SendRaw(fd, "abcGET /nothing HTTP/1.0\r\n\r\n");
  EXPECT_EQ(ReadAll(fd).substr(0, 15), "HTTP/1.1 200 OK");
}

TEST_F(HttpServerTest, RefusesBeforeTheBodyComes) {
  Start();
  const std::string post = "POST /gate HTTP/1.1\r\nHost: x\r\n";
  const std::string hidden = "GET /gate HTTP/1.1\r\nHost: x\r\nX-Who: in\r\n\r\n";
  const std::string cases[] = {
      post + "Content-Length: 100000000\r\n\r\n",
      post + "Content-Length: 999999999999\r\n\r\n",  // too large: not theirs to know
      post + "Content-Length: 100000000\r\nContent-Encoding: gzip\r\n\r\n",
      post + "Transfer-Encoding: chunked\r\n\r\n",
      post + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n",
      // What is in the body is no request, small as it is.
      post + "Content-Length: " + std::to_string(hidden.size()) + "\r\n\r\n" + hidden,
  };
  for (const std::string& bytes : cases) {
    io::Fd fd = Connect();
    SendRaw(fd, bytes);
    const std::string answer = ReadAll(fd);
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 401") << bytes;
    EXPECT_NE(answer.find("WWW-Authenticate: Bearer\r\n"), std::string::npos) << answer;
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\nwho are you\n")) << answer;
  }
  EXPECT_EQ(judged_, static_cast<int>(std::size(cases)));
  EXPECT_EQ(let_in_, 0);
  EXPECT_EQ(server_->stats().requests, 0u) << "no handler ran";
}

TEST_F(HttpServerTest, WhoIsRefusedWithoutABodyMayTryAgain) {
  Start();
  io::Fd fd = Connect();
  SendRaw(fd, "GET /gate HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(ReadUntil(fd, "who are you\n").find(" 401 "), std::string::npos);
  SendRaw(fd, "HEAD /gate HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(ReadUntil(fd, "\r\n\r\n").substr(0, 12), "HTTP/1.1 401");
  SendRaw(fd, "POST /gate HTTP/1.1\r\nHost: x\r\nX-Who: in\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_NE(ReadUntil(fd, "t1:3\n").find(" 200 "), std::string::npos);
  SendRaw(fd,
          "POST /gate HTTP/1.1\r\nHost: x\r\nX-Who: in\r\nExpect: 100-continue\r\n"
          "Content-Length: 3\r\n\r\n");
  EXPECT_EQ(ReadUntil(fd, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  SendRaw(fd, "abc");
  EXPECT_NE(ReadUntil(fd, "t1:3\n").find(" 200 "), std::string::npos);
}

TEST_F(HttpServerTest, SlowGatesKeepNobodyElseWaiting) {
  slow_gate_ = [this](const Request& request) {
    ++running_;
    while (!release_) std::this_thread::sleep_for(milliseconds(1));
    --running_;
    if (request.Header("x-who") == "slow in") return Admission{"t2", {}};
    return Admission{"", TextResponse(401, "wrong\n")};
  };
  ServerOptions options;
  options.control_threads = options.ingest_threads = options.query_threads = 1;
  Start(options);
  const std::string slow = "POST /gate HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nX-Who: slow";
  io::Fd right = Connect();
  SendRaw(right, slow + " in\r\n\r\nabc");
  ASSERT_TRUE(WaitFor([this] { return running_ == 1; }));
  // One is judged, so many wait, and more are told so at once.
  std::vector<io::Fd> wrong(GateQueue::kMaxOfHost);
  for (io::Fd& fd : wrong) {
    fd = Connect();
    SendRaw(fd, slow + "\r\n\r\n");
  }
  ASSERT_TRUE(WaitFor([this, &wrong] { return server_->stats().connections == wrong.size() + 1; }));
  // Those that came are not all read; the answer comes when they are.
  EXPECT_TRUE(WaitFor([this, &slow] {
    io::Fd fd = Connect();
    SendRaw(fd, slow + "\r\n\r\n");
    pollfd poll_fd{fd.get(), POLLIN, 0};
    return poll(&poll_fd, 1, 20) == 1 && ReadAll(fd).substr(0, 12) == "HTTP/1.1 429";
  }));
  EXPECT_EQ(Post("/gate", "abcd", {{"X-Who", "in"}})->body, "t1:4\n");
  EXPECT_EQ(Get("/control?i=1")->body, "i=1\n");
  EXPECT_EQ(running_, 1);
  // Clients that leave are not judged.
  wrong.resize(1);
  release_ = true;
  EXPECT_NE(ReadUntil(right, "t2:3\n").find(" 200 "), std::string::npos);
  EXPECT_EQ(ReadAll(wrong[0]).substr(0, 12), "HTTP/1.1 401");
}

TEST_F(HttpServerTest, StopDoesNotWaitForSlowGates) {
  slow_gate_ = [this](const Request&) {
    ++running_;
    while (!release_) std::this_thread::sleep_for(milliseconds(1));
    return Admission{"", TextResponse(401, "wrong\n")};
  };
  Start();
  std::vector<io::Fd> fds(3);
  for (io::Fd& fd : fds) {
    fd = Connect();
    SendRaw(fd, "GET /gate HTTP/1.1\r\nHost: x\r\nX-Who: slow\r\n\r\n");
  }
  ASSERT_TRUE(WaitFor([this] { return running_ == 1; }));
  std::thread stop([this] { server_->Stop(); });
  // Of some the server may not have read the request yet.
  for (io::Fd& fd : fds) {
    const std::string answer = ReadAll(fd);
    EXPECT_TRUE(answer.empty() || answer == "(reset)") << answer;
  }
  release_ = true;
  stop.join();
  EXPECT_EQ(running_, 1);
}

// Requests that were answered leave nothing behind, also where the next has always come.
TEST_F(HttpServerTest, PipelinesOfAnyLengthTakeTheSameMemory) {
#ifdef GLP_SANITIZED
  GTEST_SKIP() << "what is freed is kept";
#endif
  Start();
  const auto pages = [] {
    const auto text = io::ReadFile("/proc/self/statm");
    const std::vector<std::string_view> numbers = Split(*text, ' ');
    return ParseUint64(numbers[1]).value_or(0) * 4096;
  };
  io::Fd fd = Connect();
  constexpr int kRequests = 2500;
  const std::string request =
      "GET /control?i=1 HTTP/1.1\r\nHost: x\r\nX: " + std::string(30'000, 'x') + "\r\n\r\n";
  std::thread sender([&] {
    for (int i = 0; i < kRequests; ++i) {
      std::string_view rest = request;
      while (!rest.empty()) {
        const ssize_t sent = send(fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
        ASSERT_GT(sent, 0);
        rest.remove_prefix(static_cast<size_t>(sent));
      }
    }
  });
  const uint64_t before = pages();
  uint64_t most = before;
  constexpr size_t kWanted = 2 * kRequests;  // '=': of "charset" and of the body
  size_t count = 0;
  char buffer[65536];
  while (count < kWanted) {
    const ssize_t size = recv(fd.get(), buffer, sizeof buffer, 0);
    if (size <= 0) break;
    count += static_cast<size_t>(std::count(buffer, buffer + size, '='));
    most = std::max(most, pages());
  }
  sender.join();
  EXPECT_EQ(count, kWanted);
  EXPECT_LT(most - before, uint64_t{20} << 20);
}

TEST_F(HttpServerTest, WhoNeverEndsAHeadGivesWay) {
  ServerOptions options;
  options.max_connections = 4;
  Start(options);
  std::vector<io::Fd> slow(4);
  for (io::Fd& fd : slow) {
    fd = Connect();
    SendRaw(fd, "GET /control HTTP/1.1\r\n");
  }
  ASSERT_TRUE(WaitFor([this] { return server_->stats().connections == 4; }));
  EXPECT_EQ(Get("/control?i=7")->body, "i=7\n");
  EXPECT_EQ(ReadAll(slow[0]), "");
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInTheirOrder) {
  Start();
  io::Fd fd = Connect();
  std::string requests, wanted;
  for (int i = 0; i < 300; ++i) {
    const std::string name = std::to_string(i);
    // Lanes and answers without any, mixed.
    requests += i % 3 == 0 ? "GET /echo?i=" : i % 3 == 1 ? "GET /nosuch?i=" : "GET /control?i=";
    requests +=
        name + " HTTP/1.1\r\nHost: x\r\n" + (i == 299 ? "Connection: close\r\n\r\n" : "\r\n");
    wanted += i % 3 == 0 ? "echo " + name : i % 3 == 1 ? "404" : "control " + name;
    wanted += "\n";
  }
  SendRaw(fd, requests);
  const std::string all = ReadAll(fd);
  std::string got;
  for (size_t at = all.find("HTTP/1.1 "); at != std::string::npos;) {
    const size_t next = all.find("HTTP/1.1 ", at + 1);
    const std::string answer = all.substr(at, next - at);
    const std::string body = answer.substr(answer.find("\r\n\r\n") + 4);
    const std::string i = body.substr(std::min(body.size(), body.find("i=") + 2));
    got += answer.substr(9, 3) == "404"       ? "404\n"
           : body.substr(0, 9) == "GET /echo" ? "echo " + i
                                              : "control " + i;
    at = next;
  }
  EXPECT_EQ(got, wanted);
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
  EXPECT_EQ(ReadAll(slow_header).substr(0, 12), "HTTP/1.1 408");
  io::Fd slow_body = Connect();
  SendRaw(slow_body, "POST /take HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(ReadAll(slow_body).substr(0, 12), "HTTP/1.1 408");
}

// A byte now and then is not enough.
TEST_F(HttpServerTest, DropsThoseWhoTrickle) {
  ServerOptions options;
  options.read_timeout_ms = 100;
  Start(options);
  for (const std::string begin :
       {"GET /echo HTTP/1.1\r\nA: ",
        "POST /take HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n",
        "POST /take HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2710\r\n"}) {
    io::Fd fd = Connect();
    SendRaw(fd, begin);
    size_t sent = 0;
    pollfd poll_fd{fd.get(), POLLIN, 0};
    for (; sent < 1000 && poll(&poll_fd, 1, 10) == 0; ++sent) {
      ASSERT_EQ(send(fd.get(), "x", 1, MSG_NOSIGNAL), 1);
    }
    EXPECT_LT(sent, 100u) << begin;
    EXPECT_EQ(ReadAll(fd).substr(0, 12), "HTTP/1.1 408") << begin;
  }
}

TEST_F(HttpServerTest, BoundsTheBytesThatItHolds) {
  ServerOptions options;
  options.max_held_bytes = 10'000;
  Start(options);
  io::Fd first = Connect();
  SendRaw(first, "POST /take HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n" +
                     std::string(8000, 'x'));
  EXPECT_TRUE(WaitFor([this] { return Post("/take", std::string(3000, 'x'))->status == 503; }));
  EXPECT_EQ(Post("/take", std::string(100, 'x'))->status, 200);
  SendRaw(first, std::string(1000, 'x'));
  EXPECT_NE(ReadUntil(first, "9000").find("200 OK"), std::string::npos);
  EXPECT_EQ(Post("/take", std::string(9000, 'x'))->status, 200);
  // Heads count as long as their request takes.
  io::Fd second = Connect();
  SendRaw(second, "POST /take HTTP/1.1\r\nHost: x\r\nX: " + std::string(4000, 'x') +
                      "\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(ReadUntil(second, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(Post("/take", std::string(3000, 'x'))->status, 503);
  SendRaw(second, "xx");
  EXPECT_NE(ReadUntil(second, "\r\n\r\n2").find("200 OK"), std::string::npos);
}

TEST_F(HttpServerTest, BoundsConnections) {
  ServerOptions options;
  options.max_connections = 8;
  options.query_threads = 1;
  Start(options);
  // Six of eight may be of one lane.
  std::vector<io::Fd> waiting(6);
  for (io::Fd& fd : waiting) {
    fd = Connect();
    SendRaw(fd, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  ASSERT_TRUE(WaitFor([this] { return server_->stats().requests == 6; }));
  EXPECT_EQ(Get("/wait")->status, 429);
  // The client's own connection and one that says nothing fill it up; those who have something to
  // say take their places.
  io::Fd silent = Connect();
  ASSERT_TRUE(WaitFor([this] { return server_->stats().connections == 8; }));
  std::vector<io::Fd> talking(5);
  for (io::Fd& fd : talking) {
    fd = Connect();
    SendRaw(fd, "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(ReadUntil(fd, "\r\n\r\n").substr(0, 12), "HTTP/1.1 204");
    EXPECT_LE(server_->stats().connections, 8u);
  }
  EXPECT_EQ(ReadAll(silent), "");
  release_ = true;
  for (io::Fd& fd : waiting) {
    EXPECT_NE(ReadUntil(fd, "released").find("200 OK"), std::string::npos);
  }
}

TEST_F(HttpServerTest, TellsHandlersThatTheClientIsGone) {
  Start();
  {
    io::Fd fd = Connect();
    SendRaw(fd, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
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
  SendRaw(busy.back(), "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(WaitFor([this] { return running_ == 1; }));
  busy.push_back(Connect());
  SendRaw(busy.back(), "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
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
  SendRaw(fd, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(WaitFor([this] { return running_ == 1; }));
  std::thread later([this] {
    std::this_thread::sleep_for(milliseconds(20));
    release_ = true;
  });
  EXPECT_EQ(server_->Stop(5000), 0u);
  later.join();
  const std::string answer = ReadAll(fd);
  EXPECT_NE(answer.find("released"), std::string::npos) << answer;
  EXPECT_NE(answer.find("Connection: close"), std::string::npos) << answer;
  EXPECT_EQ(ReadAll(idle), "");
}

TEST_F(HttpServerTest, StopCancelsWhatTakesTooLong) {
  Start();
  io::Fd fd = Connect();
  SendRaw(fd, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(WaitFor([this] { return running_ == 1; }));
  const auto start = steady_clock::now();
  EXPECT_EQ(server_->Stop(50), 1u);
  EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(3));
  EXPECT_NE(ReadAll(fd).find("cancelled"), std::string::npos);
}

TEST_F(HttpServerTest, AnswersInPieces) {
  Start();
  const struct {
    uint64_t count, size;
  } cases[] = {{1, 0}, {1, 10}, {3, 10}, {100, 1000}, {20, 100'000}, {1, 3'000'000}, {5000, 1}};
  for (const auto& c : cases) {
    const std::string path =
        "/pieces?count=" + std::to_string(c.count) + "&size=" + std::to_string(c.size);
    const std::string wanted = PiecesText(c.count, c.size);
    for (const bool gzip : {false, true}) {
      client_ = std::make_unique<HttpClient>("test", ClientOptions{.compress = gzip});
      const auto answer = Get(path);
      ASSERT_TRUE(answer.ok()) << answer.status().message();
      EXPECT_TRUE(answer->body == wanted) << path << " " << answer->body.size();
      if (wanted.size() > 2000) {
        EXPECT_EQ(answer->Header("content-encoding"), gzip ? "gzip" : "") << path;
      }
      // What ends soon is sent whole.
      if (c.count == 1 || c.count == 20) {
        EXPECT_EQ(answer->Header("transfer-encoding"), c.count == 20 ? "chunked" : "") << path;
      }
    }
    io::Fd fd = Connect();
    const std::string next = "Connection: keep-alive\r\n\r\nGET /control HTTP/1.0\r\n";
    SendRaw(fd, "GET " + path + " HTTP/1.0\r\n" + (c.count == 1 ? next : "") + "\r\n");
    std::string answer = ReadAll(fd);
    if (c.count == 1) answer.resize(answer.rfind("HTTP/1.0 200 OK"));
    EXPECT_EQ(answer.find("chunked"), std::string::npos) << path;
    EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, wanted.size()) << path;
  }
  EXPECT_TRUE(WaitFor([this] { return ended_ == 21; })) << ended_;
}

TEST_F(HttpServerTest, AHeadHasNoPieces) {
  Start();
  io::Fd fd = Connect();
  SendRaw(fd,
          "HEAD /pieces?count=5&size=100000 HTTP/1.1\r\nHost: x\r\n\r\n"
          "GET /nothing HTTP/1.0\r\n\r\n");
  const std::string answer = ReadAll(fd);
  EXPECT_NE(answer.find("\r\n\r\nHTTP/1.0 204"), std::string::npos) << answer;
  EXPECT_EQ(pieces_, 0);
  EXPECT_TRUE(WaitFor([this] { return ended_ == 1; })) << ended_;
}

TEST_F(HttpServerTest, AnErrorOfAPieceIsSeen) {
  Start();
  // Before anything was sent.
  const auto early = Get("/pieces?count=9&size=10&fail=1");
  EXPECT_EQ(early->status, 500);
  EXPECT_EQ(early->body, "no more of it\n");
  // And behind.
  EXPECT_EQ(Get("/pieces?count=90&size=100000&fail=20").status().code(), Code::kIo);
  io::Fd fd = Connect();
  SendRaw(fd, "GET /pieces?count=90&size=100000&fail=20 HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string chunked = ReadAll(fd);
  EXPECT_GT(chunked.size(), 2'000'000u);
  EXPECT_EQ(chunked.find("\r\n0\r\n\r\n"), std::string::npos);
  fd = Connect();
  SendRaw(fd, "GET /pieces?count=90&size=100000&fail=20 HTTP/1.0\r\n\r\n");
  const std::string plain = ReadAll(fd);
  EXPECT_EQ(plain.substr(plain.size() - 7), "(reset)");
  EXPECT_TRUE(WaitFor([this] { return ended_ == 4; })) << ended_;
}

TEST_F(HttpServerTest, PiecesWaitForTheClientAndKeepNoThread) {
  ServerOptions options;
  options.query_threads = 1;
  Start(options);
  constexpr int kCount = 2000;
  const std::string request =
      "GET /pieces?count=2000&size=65536 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  io::Fd slow = Connect(), gone = Connect();
  SendRaw(slow, request);
  SendRaw(gone, request);
  // Until the system takes no more: then the thread is free for others, and no piece is made.
  ASSERT_TRUE(WaitFor([this] {
    const int before = pieces_;
    return before > 2 && Get("/echo")->status == 200 && Get("/echo")->status == 200 &&
           pieces_ == before;
  }));
  EXPECT_LT(pieces_, kCount);
  gone = io::Fd();
  ASSERT_TRUE(WaitFor([this] { return ended_ == 1; }));
  EXPECT_GT(ReadAll(slow).size(), size_t{kCount} * 65536);
  EXPECT_TRUE(WaitFor([this] { return ended_ == 2; }));
}

TEST_F(HttpServerTest, DropsThoseWhoDoNotRead) {
  ServerOptions options;
  options.write_timeout_ms = 50;
  Start(options);
  io::Fd fd = Connect();
  SendRaw(fd, "GET /pieces?count=2000&size=65536 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(WaitFor([this] { return ended_ == 1 && server_->stats().connections == 0; }));
  EXPECT_LT(pieces_, 2000);
}

TEST_F(HttpServerTest, StopCutsPieces) {
  Start();
  io::Fd fd = Connect();
  SendRaw(fd, "GET /pieces?count=2000&size=65536 HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(WaitFor([this] { return pieces_ > 2; }));
  server_->Stop(20);
  EXPECT_EQ(ended_, 1);
  EXPECT_EQ(ReadAll(fd).find("\r\n0\r\n\r\n"), std::string::npos);
}

// A client made of bytes: no helper of ours is between it and the server.
class WebSocketTest : public HttpServerTest {
 protected:
  static std::string Upgrade(const std::string& path) {
    return "GET " + path +
           " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  }
  io::Fd Open() {
    io::Fd fd = Connect();
    SendRaw(fd, Upgrade("/socket"));
    EXPECT_EQ(ReadUntil(fd, "\r\n\r\n").substr(0, 12), "HTTP/1.1 101");
    return fd;
  }
  // Masked with zeros; `size` of at most 65,535.
  static std::string Frame(int first, std::string_view payload) {
    std::string frame(1, static_cast<char>(first));
    if (payload.size() < 126) {
      frame += static_cast<char>(0x80 | payload.size());
    } else {
      frame += static_cast<char>(0x80 | 126);
      frame += static_cast<char>(payload.size() >> 8);
      frame += static_cast<char>(payload.size() & 0xFF);
    }
    return frame + std::string(4, '\0') + std::string(payload);
  }
  static std::string ReadBytes(const io::Fd& fd, size_t size) {
    std::string bytes(size, '\0');
    size_t got = 0;
    pollfd poll_fd{fd.get(), POLLIN, 0};
    while (got < size && poll(&poll_fd, 1, 10'000) == 1) {
      const ssize_t here = recv(fd.get(), bytes.data() + got, size - got, 0);
      if (here <= 0) break;
      got += static_cast<size_t>(here);
    }
    bytes.resize(got);
    return bytes;
  }
  // The next frame, its first byte in front of the payload; "" at the end. Pings are passed over.
  static std::string ReadFrame(const io::Fd& fd, bool pings = false) {
    while (true) {
      const std::string head = ReadBytes(fd, 2);
      if (head.size() < 2) return "";
      size_t size = static_cast<uint8_t>(head[1]);
      const size_t more = size == 126 ? 2 : size == 127 ? 8 : 0;
      if (more > 0) {
        size = 0;
        for (char c : ReadBytes(fd, more)) size = size * 256 + static_cast<uint8_t>(c);
      }
      std::string payload = ReadBytes(fd, size);
      if (head[0] != '\x89' || pings) return head.substr(0, 1) + payload;
    }
  }
  static std::string CloseFrame(int code, const std::string& reason) {
    return "\x88" + std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)} +
           reason;
  }
};

TEST_F(WebSocketTest, OpensAndSends) {
  Start();
  io::Fd fd = Connect();
  SendRaw(fd, Upgrade("/socket"));
  const std::string head = ReadUntil(fd, "\r\n\r\n");
  EXPECT_EQ(head.substr(0, 12), "HTTP/1.1 101");
  // The example of RFC 6455, section 1.3.
  EXPECT_NE(head.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), std::string::npos)
      << head;
  EXPECT_NE(head.find("X-Extra: 1\r\n"), std::string::npos) << head;
  EXPECT_EQ(head.find("Extensions"), std::string::npos) << head;
  const auto socket = LastSocket();
  ASSERT_NE(socket, nullptr);
  EXPECT_EQ(server_->stats().sockets, 1u);
  const std::string large(100'000, 'y');
  for (const std::string& text : {std::string("{}"), std::string(), std::string(300, 'x'), large}) {
    EXPECT_TRUE(socket->Send(text));
  }
  for (const std::string& text : {std::string("{}"), std::string(), std::string(300, 'x'), large}) {
    EXPECT_TRUE(ReadFrame(fd) == "\x81" + text);
  }
  EXPECT_TRUE(WaitFor([&socket] { return socket->waiting_bytes() == 0; }));
  EXPECT_FALSE(socket->closed());
  SendRaw(fd, Frame(0x89, "are you there?"));
  EXPECT_EQ(ReadFrame(fd),
            "\x8A"
            "are you there?");
  SendRaw(fd, Frame(0x81, "passed over") + Frame(0x01, "in ") + Frame(0x89, "1") +
                  Frame(0x80, "parts") + Frame(0x82, std::string(60'000, '\xFF')) +
                  Frame(0x89, "2"));
  EXPECT_EQ(ReadFrame(fd),
            "\x8A"
            "1");
  EXPECT_EQ(ReadFrame(fd),
            "\x8A"
            "2");
}

TEST_F(WebSocketTest, RefusedAreNotOpened) {
  Start();
  io::Fd fd = Connect();
  SendRaw(fd, Upgrade("/gate/socket"));
  EXPECT_NE(ReadUntil(fd, "who are you\n").find(" 401 "), std::string::npos);
  SendRaw(fd, Upgrade("/socket"));
  EXPECT_EQ(ReadUntil(fd, "\r\n\r\n").substr(0, 12), "HTTP/1.1 101");
}

TEST_F(WebSocketTest, OthersGetPlainAnswers) {
  Start();
  io::Fd fd = Connect();
  SendRaw(fd, Upgrade("/nosocket") + Upgrade("/nosuch") +
                  "GET /always101 HTTP/1.1\r\nHost: x\r\n\r\n"
                  "GET /socket HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string all = ReadAll(fd);
  EXPECT_NE(all.find("403 Forbidden"), std::string::npos) << all;
  EXPECT_NE(all.find("not you\n"), std::string::npos) << all;
  EXPECT_NE(all.find("404 Not Found"), std::string::npos) << all;
  EXPECT_NE(all.find("this is no upgrade"), std::string::npos) << all;
  EXPECT_NE(all.find("no websocket\n"), std::string::npos) << all;
  // Nothing may follow before the answer.
  fd = Connect();
  SendRaw(fd, Upgrade("/socket") + Frame(0x81, "early"));
  EXPECT_EQ(ReadUntil(fd, "\r\n\r\n").substr(0, 12), "HTTP/1.1 400");
  EXPECT_EQ(server_->stats().sockets, 0u);
}

TEST_F(WebSocketTest, ClosesFromEitherEnd) {
  Start();
  io::Fd fd = Open();
  auto socket = LastSocket(1);
  ASSERT_NE(socket, nullptr);
  EXPECT_TRUE(socket->Send("last words"));
  socket->Close(1011, std::string(200, 'x'));
  EXPECT_FALSE(socket->Send("too late"));
  EXPECT_EQ(ReadFrame(fd),
            "\x81"
            "last words");
  EXPECT_EQ(ReadFrame(fd), CloseFrame(1011, std::string(123, 'x')));
  EXPECT_FALSE(socket->closed()) << "the client has not said goodbye";
  SendRaw(fd, Frame(0x88, "\x03\xF3"));
  EXPECT_EQ(ReadAll(fd), "");
  EXPECT_TRUE(WaitFor([&socket] { return socket->closed(); }));
  fd = Open();
  socket = LastSocket(2);
  ASSERT_NE(socket, nullptr);
  SendRaw(fd, Frame(0x88,
                    "\x03\xE8"
                    "bye"));
  EXPECT_EQ(ReadFrame(fd).substr(0, 3), CloseFrame(1000, ""));
  EXPECT_EQ(ReadAll(fd), "");
  EXPECT_TRUE(WaitFor([&socket] { return socket->closed(); }));
  fd = Open();
  socket = LastSocket(3);
  ASSERT_NE(socket, nullptr);
  fd = io::Fd();  // without a word
  EXPECT_TRUE(WaitFor([&socket] { return socket->closed() && !socket->Send("x"); }));
  EXPECT_TRUE(WaitFor(
      [this] { return server_->stats().sockets == 0 && server_->stats().connections == 0; }));
}

TEST_F(WebSocketTest, RefusesWhatNoClientMaySend) {
  Start();
  const struct {
    std::string bytes;
    int code;  // of the close frame
  } cases[] = {
      {"\x81\x05hello", 1002},                      // not masked
      {Frame(0xC1, "hello"), 1002},                 // a reserved bit
      {Frame(0x83, "hello"), 1002},                 // a reserved opcode
      {Frame(0x80, "hello"), 1002},                 // continues nothing
      {Frame(0x01, "a") + Frame(0x81, "b"), 1002},  // within a message
      {Frame(0x09, "a"), 1002},                     // a ping in parts
      {Frame(0x89, std::string(126, 'x')), 1002},   // a long ping
      {Frame(0x88, "x"), 1002},                     // half a code
      {Frame(0x81, "\xFF"), 1007},                  // not UTF-8
      {Frame(0x02, std::string(60'000, 'x')) + Frame(0x80, std::string(6000, 'x')), 1009},
      {std::string("\x82\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10) + std::string(4, '\0'), 1009},
  };
  size_t count = 0;
  for (const auto& c : cases) {
    io::Fd fd = Open();
    const auto socket = LastSocket(++count);
    ASSERT_NE(socket, nullptr);
    SendRaw(fd, c.bytes);
    EXPECT_EQ(ReadFrame(fd).substr(0, 3), CloseFrame(c.code, "")) << count;
    EXPECT_TRUE(WaitFor([&socket] { return socket->closed(); })) << count;
  }
}

TEST_F(WebSocketTest, PingsAndDropsTheDead) {
  ServerOptions options;
  options.ping_interval_ms = 5;
  options.write_timeout_ms = 1000;
  std::string much(16 << 20, 'x');  // more than the system holds
  Start(options);
  io::Fd alive = Open();
  const auto alive_socket = LastSocket(1);
  io::Fd dead = Open();
  const auto dead_socket = LastSocket(2);
  io::Fd busy = Open();
  const auto busy_socket = LastSocket(3);
  ASSERT_TRUE(alive_socket != nullptr && dead_socket != nullptr && busy_socket != nullptr);
  EXPECT_TRUE(busy_socket->Send(std::move(much)));
  for (int i = 0; !dead_socket->closed() || !busy_socket->closed(); ++i) {
    ASSERT_LT(i, 10'000);
    EXPECT_EQ(ReadFrame(alive, true), "\x89");
    SendRaw(alive, Frame(0x8A, ""));
  }
  EXPECT_FALSE(alive_socket->closed());
  EXPECT_EQ(busy_socket->waiting_bytes(), 0u);
}

TEST_F(WebSocketTest, StopSaysGoodbye) {
  Start();
  io::Fd polite = Open(), silent = Open();
  const auto socket = LastSocket(2);
  ASSERT_NE(socket, nullptr);
  std::thread reader([&polite] {
    EXPECT_EQ(ReadFrame(polite), CloseFrame(1001, "the server stops"));
    SendRaw(polite, Frame(0x88, "\x03\xE9"));
    EXPECT_EQ(ReadAll(polite), "");
  });
  server_->Stop(300);
  reader.join();
  EXPECT_EQ(ReadFrame(silent), CloseFrame(1001, "the server stops"));
  EXPECT_TRUE(socket->closed());
  EXPECT_FALSE(socket->Send("x"));
  server_.reset();
  EXPECT_FALSE(socket->Send("x")) << "the socket outlives the server";
  socket->Close(1000, "");
}

TEST_F(WebSocketTest, SendsFromManyThreads) {
  Start();
  io::Fd fd = Open();
  const auto socket = LastSocket();
  ASSERT_NE(socket, nullptr);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&socket, t] {
      for (int i = 0; i < 500; ++i) {
        EXPECT_TRUE(socket->Send(std::to_string(t) + " " + std::to_string(i)));
      }
    });
  }
  std::array<int, 4> next{};
  for (int i = 0; i < 2000; ++i) {
    const std::string frame = ReadFrame(fd);
    ASSERT_GT(frame.size(), 3u);
    const auto t = static_cast<size_t>(frame[1] - '0');
    ASSERT_EQ(frame.substr(3), std::to_string(next[t]++)) << "each thread's in their order";
  }
  for (std::thread& thread : threads) thread.join();
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
  EXPECT_EQ(client_->Do(request).status().code(), Code::kLimit);
  request.url = "http://" + server_->address() + "/wait";
  request.timeout_ms = 50;
  EXPECT_EQ(client_->Do(request).status().code(), Code::kIo);
  request.timeout_ms = 10'000;
  request.cancelled = [] { return true; };
  EXPECT_EQ(client_->Do(request).status().code(), Code::kCancelled);
  request.cancelled = nullptr;
  request.url = "http://u:secret@" + server_->address() + "/nothing";
  EXPECT_EQ(client_->Do(request)->status, 204);
  server_->Stop();
  const Status gone = client_->Do(request).status();
  EXPECT_EQ(gone.code(), Code::kIo);
  EXPECT_EQ(gone.message().find("secret"), std::string::npos) << gone.message();
  request.url = "gopher://x/";
  EXPECT_EQ(client_->Do(request).status().code(), Code::kUsage);
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

// Many bodies that become large share the memory for it: each is taken, refused for its size, or
// told to come again; none waits for ever.
TEST_F(HttpServerTest, BoundsWhatBodiesBecome) {
  ServerOptions options;
  options.max_work_bytes = 8 << 20;
  options.work_wait_ms = 0;
  options.ingest_threads = 4;
  Start(options);
  const std::string fits = Gzip(std::string(3 << 20, 'x')), large = Gzip(std::string(9 << 20, 'x'));
  const HeaderList gzip = {{"Content-Encoding", "gzip"}};
  EXPECT_EQ(Post("/take", fits, gzip)->status, 200);
  const auto too_large = Post("/take", large, gzip);
  EXPECT_EQ(too_large->status, 413);
  EXPECT_NE(too_large->body.find("more than 8 MiB of memory"), std::string::npos)
      << too_large->body;
  std::atomic<int> taken{0}, later{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      HttpClient client("test");
      ClientRequest request{"POST", "http://" + server_->address() + "/take", gzip, fits};
      const auto answer = client.Do(request);
      if (answer.ok() && answer->status == 200) ++taken;
      if (answer.ok() && answer->status == 503 && answer->Header("retry-after") == "1") ++later;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken + later, 8);
  EXPECT_GE(taken, 1);
  EXPECT_EQ(Post("/take", fits, gzip)->status, 200) << "all of it was given back";
}

}  // namespace
}  // namespace glp::wire
