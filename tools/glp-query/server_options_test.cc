#include "server_options.h"

#include <gtest/gtest.h>

#include <map>

#include "base/strings.h"

namespace glp::query {
namespace {

using Set = std::map<std::string, std::string>;

Result<wire::LokiClientOptions> Make(const ServerWords& words, const Set& set,
                                     const std::string& tenant = "") {
  return MakeServerOptions("http://loki:3100", tenant, words, [&set](const char* name) {
    const auto found = set.find(name);
    return found == set.end() ? nullptr : found->second.c_str();
  });
}

std::string Headers(const wire::LokiClientOptions& options) {
  std::string text;
  for (const auto& [name, value] : options.headers) text += name + "=" + value + ";";
  return text;
}

TEST(ServerOptions, TakeLogclisVariables) {
  const auto options = Make({}, {{"LOKI_ORG_ID", "t"},
                                 {"LOKI_USERNAME", "u"},
                                 {"LOKI_PASSWORD", "p"},
                                 {"LOKI_AUTH_HEADER", "X-Auth"},
                                 {"LOKI_CA_CERT_PATH", "ca"},
                                 {"LOKI_CLIENT_CERT_PATH", "cert"},
                                 {"LOKI_CLIENT_KEY_PATH", "key"},
                                 {"LOKI_TLS_SKIP_VERIFY", "true"},
                                 {"LOKI_QUERY_TAGS", "a=b"},
                                 {"LOKI_NO_CACHE", "1"},
                                 {"LOKI_CLIENT_RETRIES", "4"},
                                 {"LOKI_CLIENT_MIN_BACKOFF", "2"},
                                 {"LOKI_CLIENT_MAX_BACKOFF", "9"},
                                 {"LOKI_HTTP_PROXY_URL", "http://proxy"},
                                 {"LOKI_ENV_PROXY", "false"},
                                 {"LOKI_HTTP_COMPRESSION", "F"}});
  ASSERT_TRUE(options.ok()) << options.status().message();
  EXPECT_EQ(Headers(*options), "X-Scope-OrgID=t;X-Auth=" + wire::BasicAuth("u", "p") +
                                   ";X-Query-Tags=a=b;Cache-Control=no-cache;");
  EXPECT_FALSE(options->client.follow_redirects);
  EXPECT_EQ(options->client.ca_file, "ca");
  EXPECT_EQ(options->client.cert_file, "cert");
  EXPECT_EQ(options->client.key_file, "key");
  EXPECT_TRUE(options->client.insecure_skip_verify);
  EXPECT_EQ(options->client.proxy_url, "http://proxy");
  EXPECT_FALSE(options->client.proxy_of_environment);
  EXPECT_FALSE(options->client.compress);
  EXPECT_EQ(options->tries, 5U);
  EXPECT_EQ(options->first_wait_ms, 2000);
  EXPECT_EQ(options->longest_wait_ms, 9000);
}

TEST(ServerOptions, WithoutAnyTheyAreThoseOfTheClient) {
  const auto options = Make({}, {{"LOKI_USERNAME", ""}, {"LOKI_NO_CACHE", ""}});
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(Headers(*options), "");
  EXPECT_TRUE(options->client.follow_redirects);
  EXPECT_TRUE(options->client.compress);
  EXPECT_TRUE(options->client.proxy_of_environment);
  EXPECT_EQ(options->tries, 3U);
}

TEST(ServerOptions, WhatIsTypedWins) {
  ServerWords words;
  words.headers = {"X-Query-Tags: mine", "Other:x"};
  words.ca_file = "typed";
  const auto options = Make(words,
                            {{"LOKI_ORG_ID", "t"},
                             {"LOKI_BEARER_TOKEN", "secret"},
                             {"LOKI_QUERY_TAGS", "a=b"},
                             {"LOKI_CA_CERT_PATH", "ca"}},
                            "mine");
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(Headers(*options),
            "X-Scope-OrgID=mine;Authorization=Bearer secret;X-Query-Tags=mine;Other=x;");
  EXPECT_TRUE(options->client.follow_redirects);
  EXPECT_EQ(options->client.ca_file, "typed");
}

TEST(ServerOptions, MistakesAreNamed) {
  const struct {
    ServerWords words;
    Set set;
    std::string_view says;
  } kCases[] = {
      {{.user = "u"}, {}, "--password-file"},
      {{.token_file = "f", .user = "u", .password_file = "p"}, {}, "two ways"},
      {{.headers = {"none"}}, {}, "--header 'none'"},
      {{.headers = {"A: b\r\nC: d"}}, {}, "--header"},
      {{.cert_file = "c"}, {}, "--key-file"},
      {{}, {{"LOKI_USERNAME", "u"}, {"LOKI_BEARER_TOKEN", "t"}}, "two ways"},
      {{}, {{"LOKI_BEARER_TOKEN_FILE", "f"}, {"LOKI_BEARER_TOKEN", "t"}}, "both set"},
      {{}, {{"LOKI_BEARER_TOKEN", "a\nb"}}, "LOKI_BEARER_TOKEN"},
      {{}, {{"LOKI_BEARER_TOKEN_FILE", "/nonexistent"}}, "LOKI_BEARER_TOKEN_FILE"},
      {{}, {{"LOKI_NO_CACHE", "maybe"}}, "LOKI_NO_CACHE='maybe'"},
      {{}, {{"LOKI_CLIENT_RETRIES", "-1"}}, "LOKI_CLIENT_RETRIES='-1'"},
      {{}, {{"LOKI_CLIENT_RETRIES", "99999999999"}}, "LOKI_CLIENT_RETRIES"},
  };
  for (const auto& one : kCases) {
    const auto options = Make(one.words, one.set);
    ASSERT_FALSE(options.ok()) << one.says;
    EXPECT_NE(options.status().message().find(one.says), std::string::npos)
        << options.status().message();
  }
}

}  // namespace
}  // namespace glp::query
