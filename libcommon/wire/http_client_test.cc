// What the options of a client do to its requests.
#include "wire/http_client.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <chrono>
#include <string_view>
#include <thread>

#include "io/file.h"
#include "wire/http_server.h"

// Stands in front of libc's, for libcurl too: a name server that is silent about one name.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                           addrinfo** found) {
  if (name != nullptr && std::string_view(name) == "silent.example") {
    std::this_thread::sleep_for(std::chrono::seconds(5));
    return EAI_AGAIN;
  }
  static const auto real =
      reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(name, service, hints, found);
}

namespace glp::wire {
namespace {

class HttpClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Router router;
    router.Add("GET,POST", "/show", Lane::kIngest, OpenGate(), [](const Request& request) {
      std::string text = request.method + " " + request.body + "\n";
      for (const char* name : {"Host", "Authorization", "X-Scope-OrgID", "X-Other"}) {
        for (const auto& [key, value] : request.headers) {
          if (EqualIgnoringCase(key, name)) text += std::string(name) + ": " + value + "\n";
        }
      }
      return TextResponse(200, text);
    });
    router.Add("GET,POST", "/moved", Lane::kIngest, OpenGate(), [](const Request&) {
      return Response{307, "", "", {{"Location", "/show"}}};
    });
    router.Add("GET", "/big", Lane::kQuery, OpenGate(),
               [](const Request&) { return TextResponse(200, std::string(1 << 20, 'x')); });
    server_ = std::make_unique<HttpServer>(ServerOptions{}, std::move(router));
    ASSERT_TRUE(server_->Start().ok());
  }
  std::string Url(const std::string& path) { return "http://" + server_->address() + path; }
  static Result<ClientResponse> Get(ClientOptions options, std::string url,
                                    HeaderList headers = {}) {
    HttpClient client("test", std::move(options));
    ClientRequest request;
    request.url = std::move(url);
    request.headers = std::move(headers);
    request.timeout_ms = 10'000;
    return client.Do(request);
  }
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpClientTest, HeadersOfTheClientGoAlongUnlessTheRequestHasThem) {
  ClientOptions options;
  options.headers = {{"X-Other", "o"}, {"x-scope-orgid", "client's"}};
  const auto answer = Get(options, Url("/show"),
                          {{"X-Scope-OrgID", "request's"}, {"Authorization", BasicAuth("u", "p")}});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->body,
            "GET \nHost: " + server_->address() +
                "\nAuthorization: Basic dTpw\nX-Scope-OrgID: request's\nX-Other: o\n");
  EXPECT_EQ(BearerAuth("t"), "Bearer t");
}

TEST_F(HttpClientTest, RedirectsAreFollowedOrAreTheAnswer) {
  ClientOptions options;
  HttpClient following("test", options);
  ClientRequest request;
  request.method = "POST";
  request.url = Url("/moved");
  request.body = "body";
  Result<ClientResponse> answer = following.Do(request);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->body, "POST body\nHost: " + server_->address() + "\n");
  options.follow_redirects = false;
  answer = HttpClient("test", options).Do(request);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 307);
}

TEST_F(HttpClientTest, AnAnswerOverItsBoundIsAnErrorOrCutOff) {
  HttpClient client("test");
  ClientRequest request;
  request.url = Url("/big");
  request.max_response_bytes = 1000;
  EXPECT_EQ(client.Do(request).status().code(), Code::kLimit);
  request.cut_response = true;
  const Result<ClientResponse> answer = client.Do(request);
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  EXPECT_EQ(answer->body, std::string(1000, 'x'));
}

TEST_F(HttpClientTest, AProxyIsAskedInPlaceOfTheHost) {
  ClientOptions options;
  options.proxy_url = "http://user:secret@" + server_->address();
  const auto answer = Get(options, "http://nowhere.invalid/show");
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  // Our server is no proxy: it answers for the host itself. But it was asked.
  EXPECT_EQ(answer->status, 200);
  EXPECT_NE(answer->body.find("Host: nowhere.invalid\n"), std::string::npos) << answer->body;
}

TEST_F(HttpClientTest, ErrorsHaveNoSecretsInThem) {
  const int unused = server_->port();
  server_->Stop();
  ClientOptions options;
  options.proxy_url = "http://user:secret@127.0.0.1:" + std::to_string(unused);
  options.headers = {{"X-Key", "secret"}};
  const std::string url = "http://user:secret@127.0.0.1:" + std::to_string(unused) + "/show";
  for (const ClientOptions& each : {ClientOptions{}, options}) {
    const auto answer = Get(each, url, {{"Authorization", BearerAuth("secret")}});
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.status().code(), Code::kIo);
    EXPECT_EQ(answer.status().message().find("secret"), std::string::npos)
        << answer.status().message();
  }
}

TEST_F(HttpClientTest, ASilentNameServerHoldsUpNeitherAStopNorATimeout) {
  HttpClient client("test");
  ClientRequest request;
  request.url = "http://silent.example/show";
  request.timeout_ms = 10'000;
  request.connect_timeout_ms = 10'000;
  request.cancelled = [] { return true; };
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(client.Do(request).status().code(), Code::kCancelled);
  request.cancelled = nullptr;
  request.timeout_ms = 100;
  EXPECT_EQ(client.Do(request).status().code(), Code::kIo);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
}

TEST_F(HttpClientTest, FilesOfTlsThatAreNoneAreUsageErrors) {
  const std::string no_pem = ::testing::TempDir() + "/no.pem";
  ASSERT_TRUE(io::WriteFileAtomically(no_pem, "nothing").ok());
  const std::string url = "https://" + server_->address() + "/show";
  for (const std::string& path : {std::string("/no/such.pem"), no_pem}) {
    ClientOptions ca, cert;
    ca.ca_file = path;
    cert.cert_file = cert.key_file = path;
    for (const ClientOptions& options : {ca, cert}) {
      const auto answer = Get(options, url);
      ASSERT_FALSE(answer.ok());
      EXPECT_EQ(answer.status().code(), Code::kUsage) << answer.status().message();
    }
  }
  // A plain server where TLS is spoken.
  ClientOptions name;
  name.server_name = "loki.example";
  EXPECT_EQ(Get(name, url).status().code(), Code::kIo);
  EXPECT_TRUE(Get(name, Url("/show")).ok());
}

}  // namespace
}  // namespace glp::wire
