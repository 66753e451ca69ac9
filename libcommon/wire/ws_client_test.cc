#include "wire/ws_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/sha.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <thread>

#include "base/strings.h"
#include "io/file.h"

namespace glp::wire {
namespace {

// One end of a connection in the hands of a test.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {}
  // The head of the request.
  std::string ReadHead() {
    std::string head;
    for (char c = 0; head.find("\r\n\r\n") == std::string::npos && read(fd_.get(), &c, 1) == 1;) {
      head += c;
    }
    return head;
  }
  std::string Read(size_t bytes) {
    std::string text(bytes, '\0');
    size_t got = 0;
    while (got < bytes) {
      const ssize_t n = read(fd_.get(), text.data() + got, bytes - got);
      if (n <= 0) break;
      got += static_cast<size_t>(n);
    }
    return text.substr(0, got);
  }
  void Write(std::string_view bytes) {
    EXPECT_EQ(send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  // Agrees to a WebSocket, with what else goes out in the same piece.
  std::string Agree(std::string_view more = "") {
    std::string head = ReadHead();
    constexpr std::string_view kName = "Sec-WebSocket-Key: ";
    const std::string_view key = std::string_view(head).substr(head.find(kName) + kName.size(), 24);
    const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, SHA_DIGEST_LENGTH> sha{};
    SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), sha.data());
    Write(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\n"
        "Sec-WebSocket-Accept: " +
        Base64Encode({reinterpret_cast<const char*>(sha.data()), sha.size()}) + "\r\n\r\n" +
        std::string(more));
    return head;
  }
  // A frame of the client: opcode and payload of at most 125 bytes.
  std::pair<int, std::string> ReadFrame() {
    const std::string head = Read(2);
    if (head.size() < 2) return {-1, ""};
    EXPECT_TRUE((head[1] & 0x80) != 0) << "not masked";
    const std::string mask = Read(4);
    std::string payload = Read(head[1] & 0x7f);
    for (size_t i = 0; i < payload.size(); ++i) payload[i] ^= mask[i % 4];
    return {head[0] & 0x0f, payload};
  }

 private:
  io::Fd fd_;
};

// A server for one connection.
class OneShot {
 public:
  explicit OneShot(std::function<void(Peer)> talk) {
    listener_ = io::Fd(socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener_.get(), any, size), 0);
    EXPECT_EQ(listen(listener_.get(), 1), 0);
    EXPECT_EQ(getsockname(listener_.get(), any, &size), 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread(
        [this, talk = std::move(talk)] { talk(Peer(accept(listener_.get(), nullptr, nullptr))); });
  }
  ~OneShot() { thread_.join(); }
  const std::string& url() const { return url_; }

 private:
  io::Fd listener_;
  std::string url_;
  std::thread thread_;
};

struct Opened {
  Result<std::unique_ptr<WsClient>> socket;
  ClientResponse refusal;
};

Opened Open(const std::string& url, HeaderList headers = {}, int64_t silence_ms = 15'000) {
  static const ClientOptions options;
  WsRequest request;
  request.url = url;
  request.headers = std::move(headers);
  request.silence_ms = silence_ms;
  request.open_timeout_ms = 10'000;
  request.max_message_bytes = 1000;
  ClientResponse refusal;
  auto socket = WsClient::Open("test", options, request, &refusal);
  return {std::move(socket), std::move(refusal)};
}

TEST(WsClient, GivesMessagesAndAnswersPings) {
  std::string head;
  std::pair<int, std::string> pong, close;
  {
    OneShot server([&](Peer peer) {
      head = peer.Agree("\x81\x03one");  // with the answer, in one piece
      peer.Write("\x89\x02hi");
      pong = peer.ReadFrame();
      peer.Write("\x01\x01t");
      peer.Write("\x80\x02wo");
      close = peer.ReadFrame();
    });
    std::string url = server.url();
    url.insert(7, "me:p%40ss@");
    Opened opened = Open(url + "/tail?query=%7B%7D", {{"X-Scope-OrgID", "t"}});
    ASSERT_TRUE(opened.socket.ok()) << opened.socket.status().message();
    WsClient& socket = **opened.socket;
    for (const char* wanted : {"one", "two"}) {
      const auto message = socket.Receive(10'000);
      ASSERT_TRUE(message.ok() && *message) << message.status().message();
      EXPECT_EQ(**message, wanted);
    }
    const auto none = socket.Receive(0);
    ASSERT_TRUE(none.ok());
    EXPECT_FALSE(none->has_value());
  }
  EXPECT_TRUE(head.starts_with("GET /tail?query=%7B%7D HTTP/1.1\r\nHost: 127.0.0.1:")) << head;
  EXPECT_NE(head.find("\r\nX-Scope-OrgID: t\r\n"), std::string::npos);
  EXPECT_NE(head.find("\r\nAuthorization: " + BasicAuth("me", "p@ss") + "\r\n"), std::string::npos);
  EXPECT_EQ(pong, std::make_pair(10, std::string("hi")));
  EXPECT_EQ(close, std::make_pair(8, std::string("\x03\xe8")));
}

TEST(WsClient, AnHttpAnswerIsARefusalWithItsWords) {
  const std::pair<std::string, std::string> kCases[] = {
      {"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot found", "status 404: not found"},
      {"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwords\r\n0\r\n\r\n",
       "status 400: words"},
      {"HTTP/1.0 502 Bad Gateway\r\n\r\n", "status 502"},
  };
  for (const auto& [answer, words] : kCases) {
    OneShot server([&answer = answer](Peer peer) {
      peer.ReadHead();
      peer.Write(answer);
    });
    const Opened opened = Open(server.url());
    ASSERT_FALSE(opened.socket.ok());
    EXPECT_EQ(opened.socket.status().code(), Code::kRefused);
    EXPECT_TRUE(opened.socket.status().message().ends_with("refused: " + words))
        << opened.socket.status().message();
    EXPECT_EQ(std::to_string(opened.refusal.status), words.substr(7, 3));
  }
}

TEST(WsClient, WhatIsNoWebSocketIsAnError) {
  const std::pair<std::string, Code> kCases[] = {
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
       "Sec-WebSocket-Accept: wrong\r\n\r\n",
       Code::kData},
      {"SSH-2.0-OpenSSH\r\n\r\n", Code::kData},
      {std::string(100'000, 'x'), Code::kData},
      {"", Code::kIo},
  };
  for (const auto& [answer, code] : kCases) {
    OneShot server([&answer = answer](Peer peer) {
      peer.ReadHead();
      if (!answer.empty()) peer.Write(answer);
    });
    const Opened opened = Open(server.url());
    ASSERT_FALSE(opened.socket.ok());
    EXPECT_EQ(opened.socket.status().code(), code) << opened.socket.status().message();
  }
}

TEST(WsClient, TheEndIsToldWithTheServersWords) {
  const std::tuple<std::string, Code, std::string> kCases[] = {
      {std::string("\x88\x05\x03\xf3why", 7), Code::kIo, "closed the WebSocket (1011): why"},
      {"", Code::kIo, "closed the connection"},
      {std::string("\x81\x7e\x04\x00", 4), Code::kLimit, "larger than 1000 bytes"},
      {"\xc1\x01x", Code::kData, "reserved bit"},
  };
  for (const auto& [bytes, code, words] : kCases) {
    OneShot server([&bytes = bytes](Peer peer) { peer.Agree(bytes); });
    const Opened opened = Open(server.url());
    ASSERT_TRUE(opened.socket.ok()) << opened.socket.status().message();
    const auto message = (*opened.socket)->Receive(10'000);
    EXPECT_EQ(message.status().code(), code);
    EXPECT_NE(message.status().message().find(words), std::string::npos)
        << message.status().message();
    EXPECT_EQ((*opened.socket)->closed().has_value(), bytes.substr(0, 1) == "\x88");
  }
}

TEST(WsClient, ASilentServerIsAskedAndThenGivenUp) {
  std::pair<int, std::string> first, second;
  {
    OneShot server([&](Peer peer) {
      peer.Agree();
      first = peer.ReadFrame();
      peer.Write(std::string("\x8a\x00", 2));
      second = peer.ReadFrame();
      peer.Read(1);
    });
    const Opened opened = Open(server.url(), {}, 20);
    ASSERT_TRUE(opened.socket.ok());
    const auto message = (*opened.socket)->Receive(60'000);
    EXPECT_EQ(message.status().code(), Code::kIo);
    EXPECT_NE(message.status().message().find("silent"), std::string::npos);
  }
  EXPECT_EQ(first.first, 9);
  EXPECT_EQ(second.first, 9);
}

}  // namespace
}  // namespace glp::wire
