#include "cli/promtail_config.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "cli/expand_env.h"

namespace glp::cli {
namespace {

std::string ErrorOf(std::string_view text) {
  auto config = ParsePromtailConfig(text, "p.yml", false);
  return config.ok() ? "" : config.status().message();
}

PromtailConfig Parse(std::string_view text, bool expand_env = false) {
  auto config = ParsePromtailConfig(text, "p.yml", expand_env);
  EXPECT_TRUE(config.ok()) << config.status().message();
  return config.ok() ? std::move(config).value() : PromtailConfig();
}

TEST(PromtailConfig, AClientHasPromtailsDefaults) {
  PromtailConfig config = Parse("clients:\n  - url: http://a/push\n");
  ASSERT_EQ(config.clients.size(), 1);
  const PromtailClient& client = config.clients[0];
  EXPECT_EQ(client.url.value, "http://a/push");
  EXPECT_EQ(client.url.line, 2);
  EXPECT_EQ(client.url.column, 10);
  EXPECT_EQ(client.batchwait_ns.value, kNsPerSecond);
  EXPECT_FALSE(client.batchwait_ns);
  EXPECT_EQ(client.batchsize.value, 1048576);
  EXPECT_EQ(client.backoff_config.max_period_ns.value, 300 * kNsPerSecond);
  EXPECT_EQ(client.backoff_config.max_retries.value, 10);
  EXPECT_TRUE(client.follow_redirects.value);
  EXPECT_FALSE(client.basic_auth);
}

TEST(PromtailConfig, EveryKeyOfAClientIsRead) {
  PromtailConfig config = Parse(R"(
clients:
  - name: main
    url: https://a/push
    headers: {X-A: b}
    tenant_id: team
    batchwait: 2s
    batchsize: 65536
    backoff_config: {min_period: 1s, max_period: 1m, max_retries: 3}
    timeout: 30s
    external_labels: {cluster: eu, n: 1}
    drop_rate_limited_batches: true
    basic_auth: {username: u, password_file: /p}
    proxy_url: http://proxy:3128
    follow_redirects: false
    enable_http2: false
    tls_config: {ca_file: /ca, cert_file: /c, key_file: /k, server_name: s, insecure_skip_verify: yes}
)");
  ASSERT_EQ(config.clients.size(), 1);
  const PromtailClient& client = config.clients[0];
  EXPECT_EQ(client.name.value, "main");
  EXPECT_EQ(client.headers.value.at("X-A"), "b");
  EXPECT_EQ(client.tenant_id.value, "team");
  EXPECT_EQ(client.batchwait_ns.value, 2 * kNsPerSecond);
  EXPECT_EQ(client.batchsize.value, 65536);
  EXPECT_EQ(client.backoff_config.max_retries.value, 3);
  EXPECT_EQ(client.external_labels.value.at("n"), "1");
  EXPECT_TRUE(client.drop_rate_limited_batches.value);
  EXPECT_EQ(client.basic_auth.line, 13);
  EXPECT_EQ(client.basic_auth.value.password_file.value, "/p");
  EXPECT_FALSE(client.follow_redirects.value);
  EXPECT_TRUE(client.tls_config.insecure_skip_verify.value);
  EXPECT_TRUE(client.others.empty());
}

TEST(PromtailConfig, WhatPromtailsClientKnowsBesidesIsNamedWithItsPlace) {
  PromtailConfig config = Parse(
      "clients:\n  - url: http://a\n    oauth2: {client_id: x}\n    tls_config:\n      "
      "min_version: TLS12\n");
  ASSERT_EQ(config.clients.size(), 1);
  EXPECT_EQ(config.clients[0].oauth2.line, 3);
  ASSERT_EQ(config.clients[0].others.size(), 1);
  EXPECT_EQ(config.clients[0].others[0].value, "tls_config.min_version");
  EXPECT_EQ(config.clients[0].others[0].line, 5);
}

TEST(PromtailConfig, TheOldSingleClientIsOneMore) {
  PromtailConfig config = Parse(
      "client:\n  url: http://b\n  external_labels: {a: one, b: two}\n"
      "clients:\n  - url: http://a\n    external_labels: {a: own}\n");
  ASSERT_EQ(config.clients.size(), 2);
  EXPECT_EQ(config.clients[0].external_labels.value.at("a"), "own");
  EXPECT_EQ(config.clients[0].external_labels.value.at("b"), "two");
  EXPECT_EQ(config.clients[1].url.value, "http://b");
  EXPECT_EQ(Parse("client:\n  external_labels: {a: b}\n").clients.size(), 0);
}

TEST(PromtailConfig, ScrapeConfigsAreReadWhole) {
  PromtailConfig config = Parse(R"(
scrape_configs:
  - job_name: files
    encoding: UTF-16
    decompression: {enabled: true, initial_delay: 10s, format: gz}
    pipeline_stages:
      - docker: {}
      - regex:
          expression: x
    static_configs:
      - targets: [localhost]
        labels: {job: a, __path__: '/var/log/*.log'}
      - labels: {__path__: /x}
    file_sd_configs:
      - files: [/etc/sd/*.yml]
        refresh_interval: 1m
    relabel_configs:
      - source_labels: [__address__]
        target_label: host
  - job_name: journal
    journal: {max_age: 12h}
limits_config: {readline_rate_enabled: true, readline_rate: 100, max_line_size: 256kb}
positions: {filename: /tmp/p.yaml, sync_period: 5s}
target_config: {sync_period: 20s}
global: {file_watch_config: {min_poll_frequency: 1s, max_poll_frequency: 2s}}
server: {http_listen_port: 9080, grpc_listen_port: 0}
tracing: {enabled: false}
)");
  ASSERT_EQ(config.scrape_configs.size(), 2);
  const PromtailScrapeConfig& scrape = config.scrape_configs[0];
  EXPECT_EQ(scrape.job_name.value, "files");
  EXPECT_EQ(scrape.encoding.value, "UTF-16");
  EXPECT_EQ(scrape.decompression.initial_delay_ns.value, 10 * kNsPerSecond);
  ASSERT_EQ(scrape.pipeline_stages.items.size(), 2);
  EXPECT_EQ(scrape.pipeline_stages.items[1].items[0].Find("expression")->line, 9);
  ASSERT_EQ(scrape.static_configs.size(), 2);
  EXPECT_EQ(LabelsToSelector(scrape.static_configs[0].labels),
            R"({__path__="/var/log/*.log", job="a"})");
  EXPECT_EQ(scrape.static_configs[1].targets, std::vector<std::string>{"localhost"});
  EXPECT_EQ(scrape.file_sd_configs[0].refresh_interval_ns.value, 60 * kNsPerSecond);
  EXPECT_FALSE(scrape.relabel.empty());
  EXPECT_FALSE(scrape.other_source);
  EXPECT_EQ(config.scrape_configs[1].other_source.value, "journal");
  EXPECT_EQ(config.scrape_configs[1].other_source.line, 21);
  EXPECT_EQ(config.limits_config.readline_rate.value, 100);
  EXPECT_EQ(config.limits_config.max_line_size.value, 262144);
  EXPECT_EQ(config.positions_filename.value, "/tmp/p.yaml");
  EXPECT_EQ(config.target_sync_period_ns.value, 20 * kNsPerSecond);
  EXPECT_EQ(config.max_poll_frequency_ns.value, 2 * kNsPerSecond);
}

TEST(PromtailConfig, ErrorsNameThePlaceAndWhatToWrite) {
  struct Case {
    std::string text, error;
  };
  for (const Case& c : std::vector<Case>{
           {"clents: []\n", "p.yml:1:1: unknown key 'clents'; did you mean 'clients'?"},
           {"clients:\n  - url: http://a\n    batch_size: 5\n",
            "p.yml:3:5: unknown key 'batch_size' in clients[0]; did you mean 'batchsize'?"},
           {"clients:\n  - batchwait: 1s\n", "p.yml:2:5: a client needs a url"},
           {"clients:\n  - url: a\n    batchwait: 5\n",
            "p.yml:3:16: batchwait: expected a duration with its unit"},
           {"clients:\n  - url: a\n    basic_auth: {username: a}\n    bearer_token: x\n",
            "p.yml:4:19: bearer_token: there is basic_auth, too"},
           {"clients:\n  - url: a\n    external_labels: {a-b: c}\n",
            "p.yml:3:23: 'a-b' is no name of a label"},
           {"clients:\n  - url: a\n    tls_config: {cert_file: c}\n",
            "p.yml:3:29: cert_file: there is no key_file"},
           {"clients:\n  - {url: a, name: x}\n  - {url: b, name: x}\n",
            "p.yml:3:20: found multiple clients with the name 'x'"},
           {"scrape_configs:\n  - job_name: a\n  - job_name: a\n",
            "p.yml:3:15: found multiple scrape configs with job name 'a'"},
           {"scrape_configs:\n  - static_configs: []\n",
            "p.yml:2:5: a scrape config needs a job_name"},
           {"scrape_configs:\n  job_name: a\n", "p.yml:2:3: scrape_configs: expected a list"},
           {"scrape_configs:\n  - job_name: a\n    static_config: []\n",
            "p.yml:3:5: unknown key 'static_config' in scrape_configs[0]; did you mean "
            "'static_configs'?"},
           {"scrape_configs:\n  - job_name: a\n    relabel_configs:\n      - action: kep\n",
            "p.yml:4:17: unknown action 'kep'; did you mean 'keep'?"},
           {"scrape_configs:\n  - job_name: a\n    relabel_configs:\n      - regex: '('\n"
            "        action: keep\n",
            "p.yml:4:16: regex '(': missing )"},
           {"scrape_configs:\n  - job_name: a\n    decompression: {enabled: true}\n",
            "p.yml:3:30: decompression: 'format' is missing"},
           {"scrape_configs:\n  - job_name: a\n    file_sd_configs: [{files: [x.txt]}]\n",
            "p.yml:3:31: files: 'x.txt' does not end in"},
           {"limits_config: {readline_rate: 0}\n", "p.yml:1:32: readline_rate: expected"},
           {"server: {http_port: 80}\n", "p.yml:1:10: unknown key 'http_port' in server"},
       }) {
    EXPECT_EQ(ErrorOf(c.text).substr(0, c.error.size()), c.error) << c.text << ErrorOf(c.text);
  }
}

TEST(PromtailConfig, AnEmptyFileIsDefaults) {
  PromtailConfig config = Parse("");
  EXPECT_EQ(config.positions_filename.value, "/var/log/positions.yaml");
  EXPECT_FALSE(config.positions_filename);
}

TEST(PromtailConfig, AFileThatIsNotThereIsNamed) {
  auto config = LoadPromtailConfig("/nowhere/a.yml,/nowhere/b.yml", false);
  ASSERT_FALSE(config.ok());
  EXPECT_NE(config.status().message().find("/nowhere/a.yml,/nowhere/b.yml"), std::string::npos);
}

TEST(ExpandEnv, FillsInVariables) {
  setenv("GLP_T", "val", 1);
  setenv("GLP_LINES", "x\ny", 1);
  setenv("GLP_EMPTY", "", 1);
  unsetenv("GLP_NOT");
  struct Case {
    std::string text, expanded;
  };
  for (const Case& c : std::vector<Case>{
           {"a: ${GLP_T}", "a: val"},
           {"${GLP_T}${GLP_T}", "valval"},
           {"a: $GLP_T $ x$", "a: $GLP_T $ x$"},
           {"${GLP_NOT}", ""},
           {"${GLP_NOT:-d e}", "d e"},
           {"${GLP_EMPTY:-d}", "d"},
           {"${GLP_T:-d}", "val"},
           {"${GLP_NOT=d}${GLP_NOT:=e}", "de"},
           {"${GLP_NOT:-}", ""},
           {"${GLP_NOT:-${GLP_T}x}", "valx"},
           {"$${GLP_T} $$", "${GLP_T} $"},
           {R"(\\d \d \/)", R"(\d \d /)"},
       }) {
    auto expanded = ExpandEnvironment(c.text, "f");
    ASSERT_TRUE(expanded.ok()) << expanded.status().message();
    EXPECT_EQ(expanded->text, c.expanded);
  }
  auto expanded = ExpandEnvironment("a\n${GLP_LINES}\nb", "f");
  ASSERT_TRUE(expanded.ok());
  EXPECT_EQ(expanded->text, "a\nx\ny\nb");
  EXPECT_EQ(expanded->lines, (std::vector<int>{1, 2, 2, 3}));
}

TEST(ExpandEnv, RefusesWhatItDoesNotKnow) {
  for (std::string text :
       {"${GLP_T^^}", "${}", "${GLP_T", "${GLP_T:-x", "${GLP_T/a/b}", "${#GLP_T}", "${GLP_T-x}"}) {
    auto expanded = ExpandEnvironment("a\n" + text, "f");
    ASSERT_FALSE(expanded.ok()) << text;
    EXPECT_EQ(expanded.status().message().substr(0, 5), "f:2: ") << expanded.status().message();
  }
}

TEST(ExpandEnv, ErrorsOfAnExpandedFileNameItsOwnLines) {
  setenv("GLP_LINES", "x\n    y", 1);
  auto config =
      ParsePromtailConfig("server:\n  log_level: ${GLP_LINES}\nclents: 1\n", "p.yml", true);
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.status().message().substr(0, 11), "p.yml:3:1: ");
}

}  // namespace
}  // namespace glp::cli
