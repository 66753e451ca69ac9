#include "wire/http_head.h"

#include <gtest/gtest.h>

namespace glp::wire {
namespace {

struct Read {
  int status = 0;  // 0: whole, -1: more must come
  RequestHead head;
  size_t size_bytes = 0;
};

// Reads `bytes` in steps of `step` bytes.
Read ReadIn(std::string_view bytes, size_t step, HeadLimits limits = {}) {
  HeadReader reader(limits);
  for (size_t size = std::min(step, bytes.size());; size = std::min(size + step, bytes.size())) {
    switch (reader.Read(bytes.substr(0, size))) {
      case ReadState::kWhole:
        return {0, reader.head(), reader.size_bytes()};
      case ReadState::kRefused:
        EXPECT_FALSE(reader.refusal().words.empty());
        return {reader.refusal().status, {}, 0};
      case ReadState::kMore:
        if (size == bytes.size()) return {-1, {}, 0};
    }
  }
}

std::string WithHost(std::string lines) { return "GET / HTTP/1.1\r\nHost: x\r\n" + lines + "\r\n"; }
std::string Of(const std::string& line) { return line + "\r\nHost: x\r\n\r\n"; }

TEST(HttpHead, IsReadStrictly) {
  using std::string_literals::operator""s;
  const struct {
    std::string bytes;
    int status;
  } cases[] = {
      // Request lines.
      {Of("GET / HTTP/1.1"), 0},
      {"GET / HTTP/1.0\r\n\r\n", 0},
      {"\r\n" + Of("GET / HTTP/1.1"), 0},
      {"\r\n\r\n" + Of("GET / HTTP/1.1"), 400},
      {Of("hello"), 400},
      {Of("GET /"), 400},
      {Of("GET"), 400},
      {Of(" GET / HTTP/1.1"), 400},
      {Of("GET  / HTTP/1.1"), 400},
      {Of("GET /  HTTP/1.1"), 400},
      {Of("GET / HTTP/1.1 "), 400},
      {Of("GET\t/\tHTTP/1.1"), 400},
      {Of("GET / x HTTP/1.1"), 400},
      {Of("G@T / HTTP/1.1"), 400},
      {Of("GET\x01 / HTTP/1.1"), 400},
      {Of("\xC3\xBC / HTTP/1.1"), 400},
      {Of(std::string(33, 'A') + " / HTTP/1.1"), 400},
      {Of("PURGE / HTTP/1.1"), 0},
      {"\x16\x03\x01\x02\x00\x01"s, 400},  // TLS
      {"\x80.", 400},
      {"{\"streams\":[]}", 400},
      // Versions.
      {Of("GET / HTTP/9.9"), 505},
      {Of("GET / HTTP/2.0"), 505},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {Of("GET / HTTP/1.2"), 505},
      {Of("GET / HTTP/0.9"), 505},
      {Of("GET / http/1.1"), 400},
      {Of("GET / HTTP/1.10"), 400},
      {Of("GET / HTTP/11"), 400},
      {Of("GET / HTTP/1,1"), 400},
      {Of("GET / HTTPS/1.1"), 400},
      // Targets.
      {Of("GET x HTTP/1.1"), 400},
      {Of("GET host:80 HTTP/1.1"), 400},
      {Of("GET * HTTP/1.1"), 400},
      {Of("OPTIONS * HTTP/1.1"), 0},
      {Of("CONNECT host:80 HTTP/1.1"), 501},
      {Of("GET http:// HTTP/1.1"), 400},
      {Of("GET ftp://x/ HTTP/1.1"), 400},
      {Of("GET http://u@x/ HTTP/1.1"), 400},
      {Of("GET /?a#b HTTP/1.1"), 400},
      {Of("GET /\x01 HTTP/1.1"), 400},
      {Of("GET /\x7F HTTP/1.1"), 400},
      {Of("GET /a\0b HTTP/1.1"s), 400},
      {Of("GET /a%00b HTTP/1.1"), 400},
      {Of("GET /?a=%00 HTTP/1.1"), 0},
      {Of("GET /% HTTP/1.1"), 400},
      {Of("GET /%2 HTTP/1.1"), 400},
      {Of("GET /%zz HTTP/1.1"), 400},
      {Of("GET /?a=%zz HTTP/1.1"), 400},
      {Of("GET /?a=b% HTTP/1.1"), 400},
      {Of("GET /\xC3\xBC?q={a=\"b\"}|x HTTP/1.1"), 0},  // as curl sends what was not encoded
      // Hosts.
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 0},
      {"GET / HTTP/1.1\r\nHost: [::1]:3100\r\n\r\n", 0},
      {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400},
      // Lines.
      {"GET / HTTP/1.1\nHost: x\n\n", 400},
      {"GET / HTTP/1.1\r\nHost: x\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: x\r\n\n", 400},
      {"\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {WithHost("A: b\rC: d\r\n"), 400},
      {WithHost("A: b\r\r\n"), 400},
      {WithHost("A: b\r\n c\r\n"), 400},
      {WithHost("A: b\r\n\tc\r\n"), 400},
      {"GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400},
      {WithHost("A : b\r\n"), 400},
      {WithHost("A\t: b\r\n"), 400},
      {WithHost(": b\r\n"), 400},
      {WithHost("A\r\n"), 400},
      {WithHost("A b: c\r\n"), 400},
      {WithHost("A(: c\r\n"), 400},
      {WithHost("A\xC3\xBC: c\r\n"), 400},
      {WithHost("A\0: c\r\n"s), 400},
      {WithHost("A: b\0c\r\n"s), 400},
      {WithHost("A: b\x0B\r\n"), 400},
      {WithHost("A: b\x7F\r\n"), 400},
      {WithHost("A: \t b\tc \xC3\xBC \t\r\n"), 0},
      {WithHost("A:\r\n"), 0},
      // How long the body is.
      {WithHost("Content-Length: 0\r\n"), 0},
      {WithHost("Content-Length: 007\r\n"), 0},
      {WithHost("Content-Length: x\r\n"), 400},
      {WithHost("Content-Length:\r\n"), 400},
      {WithHost("Content-Length: -1\r\n"), 400},
      {WithHost("Content-Length: +1\r\n"), 400},
      {WithHost("Content-Length: 1 2\r\n"), 400},
      {WithHost("Content-Length: 1, 1\r\n"), 400},
      {WithHost("Content-Length: 0x10\r\n"), 400},
      {WithHost("Content-Length: 1e3\r\n"), 400},
      {WithHost("Content-Length: 9223372036854775808\r\n"), 400},
      {WithHost("Content-Length: 18446744073709551617\r\n"), 400},
      {WithHost("Content-Length: 5\r\nContent-Length: 5\r\n"), 400},
      {WithHost("Content-Length: 5\r\ncontent-length: 6\r\n"), 400},
      {WithHost("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400},
      {WithHost("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"), 400},
      {WithHost("Transfer-Encoding: chunked\r\n"), 0},
      {WithHost("Transfer-Encoding: CHUNKED\r\n"), 0},
      {WithHost("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
      {WithHost("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), 400},
      {WithHost("Transfer-Encoding: chunked, identity\r\n"), 400},
      {WithHost("Transfer-Encoding: chunked, chunked\r\n"), 501},
      {WithHost("Transfer-Encoding: gzip, chunked\r\n"), 501},
      {WithHost("Transfer-Encoding: identity\r\n"), 501},
      {WithHost("Transfer-Encoding: xchunked\r\n"), 501},
      {WithHost("Transfer-Encoding: \"chunked\"\r\n"), 501},
      {WithHost("Transfer-Encoding: chunked;q=1\r\n"), 501},
      {WithHost("Transfer-Encoding:\r\n"), 501},
      {WithHost("Transfer-Encoding: \x0B"
                "chunked\r\n"),
       400},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {WithHost("Expect: 100-Continue\r\n"), 0},
      {WithHost("Expect: 200-ok\r\n"), 417},
      // Cut off.
      {"", -1},
      {"GET / HTT", -1},
      {"GET / HTTP/1.1\r\nHost: x\r\n\r", -1},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(ReadIn(c.bytes, c.bytes.size() + 1).status, c.status) << c.bytes;
    EXPECT_EQ(ReadIn(c.bytes, 1).status, c.status) << "byte by byte: " << c.bytes;
  }
}

TEST(HttpHead, WhatItSays) {
  const std::string text =
      "POST http://loki:3100/a%2Fb?c=d HTTP/1.1\r\nHost: other\r\nX-A:  1 \r\nX-A: 2\r\n"
      "Content-Length: 12\r\nExpect: 100-continue\r\n\r\nGET";
  const Read read = ReadIn(text, 7);
  ASSERT_EQ(read.status, 0);
  EXPECT_EQ(read.size_bytes, text.size() - 3);
  EXPECT_EQ(read.head.method, "POST");
  EXPECT_EQ(read.head.target, "/a%2Fb?c=d");
  EXPECT_EQ(read.head.headers[1], Params::value_type("X-A", "1"));
  EXPECT_EQ(read.head.headers[2], Params::value_type("X-A", "2"));
  EXPECT_EQ(read.head.content_length, 12u);
  EXPECT_TRUE(read.head.expects_continue);
  EXPECT_TRUE(read.head.keep_alive);
  EXPECT_EQ(ReadIn(Of("GET http://x HTTP/1.1"), 100).head.target, "/");
  EXPECT_EQ(ReadIn(Of("GET HTTPS://x?a HTTP/1.1"), 100).head.target, "/?a");
  EXPECT_EQ(ReadIn(Of("GET /x://y HTTP/1.1"), 100).head.target, "/x://y");
}

TEST(HttpHead, KeepsConnectionsAlive) {
  const struct {
    std::string version, connection;
    bool wanted;
  } cases[] = {
      {"1.1", "", true},
      {"1.1", "Connection: close\r\n", false},
      {"1.1", "Connection: Upgrade, Close\r\n", false},
      {"1.1", "Connection: keep-alive\r\nConnection: close\r\n", false},
      {"1.1", "Connection: closed\r\n", true},
      {"1.0", "", false},
      {"1.0", "Connection: Keep-Alive\r\n", true},
  };
  for (const auto& c : cases) {
    const Read read =
        ReadIn("GET / HTTP/" + c.version + "\r\nHost: x\r\n" + c.connection + "\r\n", 9);
    ASSERT_EQ(read.status, 0);
    EXPECT_EQ(read.head.keep_alive, c.wanted) << c.version << " " << c.connection;
  }
}

TEST(HttpHead, KnowsWebSockets) {
  const std::string connection = "Connection: keep-alive, Upgrade\r\n";
  const std::string upgrade = "Upgrade: websocket\r\n";
  const std::string version = "Sec-WebSocket-Version: 13\r\n";
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  EXPECT_TRUE(ReadIn(WithHost(connection + upgrade + version + key), 99).head.wants_websocket);
  for (const std::string& lines :
       {upgrade + version + key, connection + version + key, connection + upgrade + key,
        connection + upgrade + version, connection + upgrade + version + key + key,
        connection + upgrade + "Sec-WebSocket-Version: 8\r\n" + key,
        connection + upgrade + version + "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\n",
        connection + upgrade + version + "Sec-WebSocket-Key: !\r\n",
        connection + "Upgrade: h2c\r\n" + version + key,
        connection + upgrade + version + key + "Content-Length: 1\r\n"}) {
    const Read read = ReadIn(WithHost(lines), 99);
    EXPECT_EQ(read.status, 0) << lines;
    EXPECT_FALSE(read.head.wants_websocket) << lines;
  }
}

TEST(HttpHead, IsBoundedBeforeItIsWhole) {
  HeadLimits limits;
  limits.max_target_bytes = 100;
  limits.max_header_bytes = 1000;
  limits.max_headers = 5;
  const std::string line = "GET / HTTP/1.1\r\n";
  const struct {
    std::string bytes;
    int status;
  } cases[] = {
      {Of("GET /" + std::string(99, 'x') + " HTTP/1.1"), 0},
      {Of("GET /" + std::string(100, 'x') + " HTTP/1.1"), 414},
      {"GET /" + std::string(1000, 'x'), 414},
      {std::string(1000, 'x'), 414},
      {line + "A: " + std::string(2000, 'x'), 431},
      {WithHost("A: " + std::string(986, 'x') + "\r\n"), 0},
      {WithHost("A: " + std::string(987, 'x') + "\r\n"), 431},
      {WithHost("A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n"), 0},
      {WithHost("A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\n"), 431},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(ReadIn(c.bytes, 10'000, limits).status, c.status) << c.bytes;
    EXPECT_EQ(ReadIn(c.bytes, 1, limits).status, c.status) << c.bytes;
  }
}

// Status (0: whole, -1: more must come), data, and what is left.
struct ReadBody {
  int status = 0;
  std::string body, rest;
};

ReadBody ReadChunks(std::string_view bytes, size_t step, size_t max_body_bytes = 1000) {
  ChunkReader reader;
  ReadBody read;
  while (true) {
    std::string_view part = bytes.substr(0, step);
    bytes.remove_prefix(part.size());
    const ReadState state = reader.Read(&part, max_body_bytes, &read.body);
    if (state == ReadState::kMore) {
      EXPECT_EQ(part, "");
      if (!bytes.empty()) continue;
      read.status = -1;
    } else if (state == ReadState::kRefused) {
      read.status = reader.refusal().status;
    }
    read.rest = std::string(part) + std::string(bytes);
    return read;
  }
}

TEST(HttpChunks, AreReadStrictly) {
  using std::string_literals::operator""s;
  const struct {
    std::string bytes;
    int status;
    std::string body;
  } cases[] = {
      {"0\r\n\r\n", 0, ""},
      {"3\r\nabc\r\n0\r\n\r\n", 0, "abc"},
      {"3;a=b;c=\"d;\"\r\nabc\r\n00\r\n\r\n", 0, "abc"},
      {"3 ;a\r\nabc\r\n0\r\n\r\n", 0, "abc"},
      {"00000000000000A\r\n0123456789\r\n0\r\n\r\n", 0, "0123456789"},
      {"a\r\n0123456789\r\n0\r\nX: y\r\nZ:\r\n\r\n", 0, "0123456789"},
      {"3\r\nab", -1, "ab"},
      {"3\r\nabc\r\n0\r\n", -1, "abc"},
      {"", -1, ""},
      {"3\nabc\r\n0\r\n\r\n", 400, ""},
      {"3\r\nabc\n0\r\n\r\n", 400, "abc"},
      {"3\r\nabc0\r\n\r\n", 400, "abc"},
      {"3\r\nabcd\r\n0\r\n\r\n", 400, "abc"},
      {"3\r\nabc\r\r\n0\r\n\r\n", 400, "abc"},
      {"\r\nabc\r\n", 400, ""},
      {"x\r\n", 400, ""},
      {"-1\r\n", 400, ""},
      {"+3\r\nabc\r\n", 400, ""},
      {"0x3\r\nabc\r\n", 400, ""},
      {" 3\r\nabc\r\n", 400, ""},
      {"3 \r\nabc\r\n", 400, ""},
      {"3,3\r\nabc\r\n", 400, ""},
      {"3;a\0b\r\nabc\r\n"s, 400, ""},
      {"3;a\rb\r\nabc\r\n", 400, ""},
      {"ffffffffffffffff\r\n", 400, ""},
      {"10000000000000000\r\n", 400, ""},
      {"fffffffffffffff\r\n", 413, ""},
      {"3e9\r\n", 413, ""},
      {"3;" + std::string(2000, 'x'), 400, ""},
      {"3;" + std::string(1100, 'x') + "\r\nabc\r\n", 400, ""},
      {"0\r\nX : y\r\n\r\n", 400, ""},
      {"0\r\n X: y\r\n\r\n", 400, ""},
      {"0\r\nX\r\n\r\n", 400, ""},
      {"0\r\n\n", 400, ""},
      {"0\r\nX: \0\r\n\r\n"s, 400, ""},
  };
  for (const auto& c : cases) {
    for (size_t step : {size_t{1}, size_t{3}, size_t{10'000}}) {
      const ReadBody read = ReadChunks(c.bytes, step);
      EXPECT_EQ(read.status, c.status) << c.bytes << " by " << step;
      EXPECT_EQ(read.body, c.body) << c.bytes << " by " << step;
    }
  }
  for (size_t step : {size_t{1}, size_t{10'000}}) {
    EXPECT_EQ(ReadChunks("1\r\na\r\n0\r\n\r\nGET /", step).rest, "GET /");
  }
}

TEST(HttpChunks, BoundsExtensionsTrailersAndTheSum) {
  std::string extended, trailed = "0\r\n";
  for (int i = 0; i < 100; ++i) {
    extended += "1;" + std::string(200, 'x') + "\r\na\r\n";
    trailed += "X: " + std::string(200, 'x') + "\r\n";
  }
  EXPECT_EQ(ReadChunks(extended + "0\r\n\r\n", 7).status, 400);
  EXPECT_EQ(ReadChunks(trailed + "\r\n", 7).status, 400);
  EXPECT_EQ(ReadChunks("6\r\nabcdef\r\n4\r\nabcd\r\n0\r\n\r\n", 99, 10).status, 0);
  EXPECT_EQ(ReadChunks("6\r\nabcdef\r\n5\r\nabcd\r\n0\r\n\r\n", 99, 10).status, 413);
}

}  // namespace
}  // namespace glp::wire
