#include "wire/http.h"

#include <gtest/gtest.h>

#include "wire/gzip.h"
#include "wire/http_client.h"
#include "wire/retry.h"
#include "wire/utf8.h"

namespace glp::wire {
namespace {

TEST(Http, Forms) {
  Params params;
  ParseForm("query=%7Ba%3D%22b%22%7D+%7C%3D+x&match[]=1&match%5B%5D=2&&empty=&bare&bad=%zz%4",
            &params);
  const Params wanted = {{"query", "{a=\"b\"} |= x"},
                         {"match[]", "1"},
                         {"match[]", "2"},
                         {"empty", ""},
                         {"bare", ""},
                         {"bad", "%zz%4"}};
  EXPECT_EQ(params, wanted);
  Request request;
  request.params = params;
  EXPECT_EQ(request.AllParams("match[]").size(), 2u);
  EXPECT_EQ(request.Param("match[]"), "1");
  EXPECT_EQ(request.Param("none"), std::nullopt);
}

TEST(Http, EncodesWhatItDecodes) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(UrlDecode(UrlEncode(all), true), all);
  EXPECT_EQ(EncodeForm({{"a b", "1&2"}, {"c", ""}}), "a%20b=1%262&c=");
}

TEST(Http, Routes) {
  Router router;
  auto named = [](std::string name) {
    return [name = std::move(name)](const Request&) { return TextResponse(200, name); };
  };
  router.Add("GET,POST", "/v1/labels", Lane::kQuery, OpenGate(), named("labels"));
  router.Add("GET", "/v1/label/{name}/values", Lane::kQuery, OpenGate(), named("values"));
  router.Add("POST", "/v1/push", Lane::kIngest, OpenGate(), named("push"));
  router.Add("GET", "/", Lane::kControl, OpenGate(), named("root"));
  const struct {
    std::string method, path, wanted, capture, allow;
  } cases[] = {
      {"GET", "/v1/labels", "labels", "", ""},
      {"HEAD", "/v1/labels", "labels", "", ""},
      {"DELETE", "/v1/labels", "", "", "GET, POST"},
      {"GET", "/v1/push", "", "", "POST"},
      {"GET", "/v1/label/a%2Fb/values", "values", "a/b", ""},
      {"GET", "/v1/label//values", "", "", ""},
      {"GET", "/v1/label/a/b/values", "", "", ""},
      {"GET", "/v1/labels/", "", "", ""},
      {"GET", "/", "root", "", ""},
      {"GET", "", "", "", ""},
  };
  for (const auto& c : cases) {
    const Router::Match match = router.Find(c.method, c.path);
    EXPECT_EQ(match.route != nullptr ? match.route->handler({}).body : "", c.wanted) << c.path;
    EXPECT_EQ(match.captures.empty() ? "" : match.captures[0], c.capture) << c.path;
    EXPECT_EQ(match.allow, c.allow) << c.path;
  }
}

TEST(Http, Headers) {
  EXPECT_TRUE(AcceptsGzip("gzip"));
  EXPECT_TRUE(AcceptsGzip("deflate, GZIP;q=0.5"));
  EXPECT_FALSE(AcceptsGzip("gzip;q=0, br"));
  EXPECT_FALSE(AcceptsGzip("identity"));
  EXPECT_FALSE(AcceptsGzip(""));
  EXPECT_EQ(MediaType(" Application/JSON; charset=utf-8"), "application/json");
  EXPECT_EQ(MediaType("text"), "text");
  for (const char* none : {"", "/", "/;;;", "a/", "/b", "a/b/c", "a b/c", ";a/b"}) {
    EXPECT_EQ(MediaType(none), "") << none;
  }
  Request request;
  request.headers = {{"Content-Type", "x"}};
  EXPECT_EQ(request.Header("content-type"), "x");
  EXPECT_EQ(request.Header("none"), "");
}

TEST(Http, Urls) {
  const struct {
    std::string text, wanted, path;
  } cases[] = {
      {"loki:3100", "http://loki:3100", ""},
      {"http://loki:3100/", "http://loki:3100", ""},
      {"HTTPS://loki/x/y/", "https://loki/x/y", "/x/y"},
      {"http://[::1]:3100/loki/api/v1/push", "http://[::1]:3100/loki/api/v1/push",
       "/loki/api/v1/push"},
  };
  for (const auto& c : cases) {
    const Result<std::string> url = NormalizeUrl(c.text);
    ASSERT_TRUE(url.ok()) << url.status().message();
    EXPECT_EQ(*url, c.wanted);
    EXPECT_EQ(UrlPath(*url), c.path);
  }
  for (const char* bad : {"", "ftp://x", "http://", "http:///x", "http://:80", "a b"}) {
    EXPECT_FALSE(NormalizeUrl(bad).ok()) << bad;
  }
}

TEST(Gzip, RoundTripAndDamage) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += std::to_string(i * 7919) + " ";
  for (const std::string& bytes : {std::string(), std::string("x"), text}) {
    const std::string packed = Gzip(bytes);
    EXPECT_EQ(*Inflate(packed, false, 1 << 20), bytes);
    EXPECT_EQ(*Inflate(packed + Gzip("more"), false, 1 << 20), bytes + "more");
    EXPECT_FALSE(Inflate(packed.substr(0, packed.size() - 1), false, 1 << 20).ok());
    EXPECT_FALSE(Inflate(packed + "x", false, 1 << 20).ok());
  }
  EXPECT_EQ(Inflate(Gzip(text), false, text.size()).value(), text);
  EXPECT_EQ(Inflate(Gzip(text), false, text.size() - 1).status().code(), Code::kLimit);
  EXPECT_EQ(Inflate("not gzip", false, 100).status().code(), Code::kData);
  EXPECT_EQ(Inflate("", false, 100).status().code(), Code::kData);
  // zlib.compress(b"hi") and the same without head and checksum.
  const std::string zlib("\x78\x9c\xcb\xc8\x04\x00\x01\x3b\x00\xd2", 10);
  EXPECT_EQ(*Inflate(zlib, true, 100), "hi");
  EXPECT_EQ(*Inflate(zlib.substr(2, 4), true, 100), "hi");
}

TEST(Gzip, InPieces) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{100'000}}) {
    GzipStream stream;
    std::string packed, wanted;
    for (int i = 0; i < 5; ++i) {
      const std::string piece(size, static_cast<char>('a' + i));
      const size_t before = packed.size();
      ASSERT_TRUE(stream.Append(piece, false, &packed).ok());
      EXPECT_TRUE(size == 0 || packed.size() > before) << "a reader has it at once";
      wanted += piece;
    }
    ASSERT_TRUE(stream.Append("end", true, &packed).ok());
    EXPECT_EQ(*Inflate(packed, false, 1 << 20), wanted + "end");
  }
}

TEST(Utf8, ReplacesBadBytesOneByOne) {
  const struct {
    std::string bytes, wanted;
  } cases[] = {
      {"plain ü😀", "plain ü😀"},
      {"a\xFFz", "a\xEF\xBF\xBDz"},
      {"\xC3", "\xEF\xBF\xBD"},
      {"\xC0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},  // a surrogate
      {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"\xE2\x82z", "\xEF\xBF\xBD\xEF\xBF\xBDz"},
  };
  for (const auto& c : cases) EXPECT_EQ(ReplaceInvalidUtf8(c.bytes), c.wanted);
}

ClientResponse Answer(int status, std::string body = "") {
  ClientResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

TEST(Retry, Words) {
  EXPECT_EQ(DescribeOutcome(Answer(400, "bad\nmore")),
            "server returned HTTP status 400 Bad Request (400): bad");
  EXPECT_EQ(DescribeOutcome(Answer(260)), "server returned HTTP status 260");
  EXPECT_EQ(DescribeOutcome(Status(Code::kIo, "refused")), "refused");
  EXPECT_EQ(
      DescribeOutcome(Answer(500, std::string(5000, 'x'))).size(),
      std::string("server returned HTTP status 500 Internal Server Error (500): ").size() + 1024);
}

TEST(Retry, RetryAfter) {
  const int64_t now_ns = 1'445'412'480LL * 1'000'000'000;  // Wed, 21 Oct 2015 07:28:00 GMT
  EXPECT_EQ(ParseRetryAfterNs("120", now_ns), 120'000'000'000);
  EXPECT_EQ(ParseRetryAfterNs(" 0 ", now_ns), 0);
  EXPECT_EQ(ParseRetryAfterNs("Wed, 21 Oct 2015 07:28:05 GMT", now_ns), 5'000'000'000);
  EXPECT_EQ(ParseRetryAfterNs("Wed, 21 Oct 2015 07:27:00 GMT", now_ns), 0);
  EXPECT_EQ(ParseRetryAfterNs("soon", now_ns), std::nullopt);
  EXPECT_EQ(ParseRetryAfterNs("", now_ns), std::nullopt);
}

TEST(Retry, BackoffDoublesUpToItsMost) {
  Backoff backoff(100, 1000, 7);
  for (int64_t wanted : {100, 200, 400, 800, 1000, 1000}) {
    const int64_t wait = backoff.NextNs();
    EXPECT_LE(wait, wanted);
    EXPECT_GE(wait, wanted - wanted / 4);
  }
  backoff.Reset();
  EXPECT_LE(backoff.NextNs(), 100);
}

}  // namespace
}  // namespace glp::wire
