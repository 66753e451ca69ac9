#include "base/strings.h"
#include "cli/promtail_parts.h"

namespace glp::cli {
namespace {

using codec::YamlMap;
using codec::YamlNode;
using codec::YamlPlace;

// Keys that promtail's HTTP client knows and the structs have no place for.
void NoteOthers(YamlMap& map, const std::string& prefix,
                std::initializer_list<std::string_view> keys, PromtailClient* client) {
  for (std::string_view key : keys) {
    const YamlNode* node = map.Take(key);
    if (node == nullptr) continue;
    Given<std::string> other(prefix + std::string(key));
    static_cast<YamlPlace&>(other) = *node;
    client->others.push_back(std::move(other));
  }
}

void ReadLogins(YamlMap& map, PromtailClient* client) {
  static_cast<YamlPlace&>(client->basic_auth) = map.Map("basic_auth", [&](YamlMap& auth) {
    PromtailBasicAuth& basic = client->basic_auth.value;
    auth.Text("username", &basic.username);
    auth.Text("password", &basic.password);
    auth.Text("password_file", &basic.password_file);
    NoteOthers(auth, "basic_auth.", {"username_file", "username_ref", "password_ref"}, client);
    if (basic.password && basic.password_file) {
      auth.Error(basic.password_file, "password_file: there is a password, too; one of them only");
    }
  });
  static_cast<YamlPlace&>(client->authorization) = map.Map("authorization", [&](YamlMap& auth) {
    PromtailAuthorization& authorization = client->authorization.value;
    auth.Text("type", &authorization.type);
    auth.Text("credentials", &authorization.credentials);
    auth.Text("credentials_file", &authorization.credentials_file);
    NoteOthers(auth, "authorization.", {"credentials_ref"}, client);
    if (authorization.credentials && authorization.credentials_file) {
      auth.Error(authorization.credentials_file,
                 "credentials_file: there are credentials, too; one of them only");
    }
  });
  map.Text("bearer_token", &client->bearer_token);
  map.Text("bearer_token_file", &client->bearer_token_file);
  if (const YamlNode* node = map.Take("oauth2")) {
    static_cast<YamlPlace&>(client->oauth2) = *node;
  }
}

void CheckOneLogin(YamlMap& map, const PromtailClient& client) {
  std::string first;
  auto check = [&](std::string_view name, const YamlPlace& place) {
    if (place.line == 0) return;
    if (first.empty()) {
      first = name;
    } else {
      map.Error(place, std::string(name) + ": there is " + first + ", too; one way to log in only");
    }
  };
  check("basic_auth", client.basic_auth);
  check("authorization", client.authorization);
  check("bearer_token", client.bearer_token);
  check("bearer_token_file", client.bearer_token_file);
  check("oauth2", client.oauth2);
}

void ReadTls(YamlMap& map, PromtailClient* client) {
  map.Map("tls_config", [&](YamlMap& tls) {
    tls.Text("ca_file", &client->tls_config.ca_file);
    tls.Text("cert_file", &client->tls_config.cert_file);
    tls.Text("key_file", &client->tls_config.key_file);
    tls.Text("server_name", &client->tls_config.server_name);
    tls.Bool("insecure_skip_verify", &client->tls_config.insecure_skip_verify);
    NoteOthers(tls, "tls_config.",
               {"ca", "cert", "key", "ca_ref", "cert_ref", "key_ref", "min_version", "max_version"},
               client);
    const PromtailTls& read = client->tls_config;
    if (read.cert_file.line != 0 && read.key_file.line == 0) {
      tls.Error(read.cert_file, "cert_file: there is no key_file to it");
    }
    if (read.key_file.line != 0 && read.cert_file.line == 0) {
      tls.Error(read.key_file, "key_file: there is no cert_file to it");
    }
  });
}

}  // namespace

void ReadPromtailLabels(YamlMap& map, std::string_view key,
                        Given<std::map<std::string, std::string>>* labels) {
  map.TextMap(key, labels);
  const YamlNode* node = map.Take(key);
  if (node == nullptr) return;
  for (const YamlNode::Key& name : node->keys) {
    if (IsLabelName(name.text)) continue;
    map.Error(name, "'" + name.text +
                        "' is no name of a label: letters, digits and '_', not a digit first");
  }
}

void ReadPromtailClient(YamlMap& map, bool needs_url, PromtailClient* client) {
  static_cast<YamlPlace&>(*client) = map.place();
  map.Text("name", &client->name);
  map.Text("url", &client->url);
  map.TextMap("headers", &client->headers);
  ReadPromtailLabels(map, "external_labels", &client->external_labels);
  map.Text("tenant_id", &client->tenant_id);
  map.DurationNs("batchwait", &client->batchwait_ns);
  map.Int("batchsize", &client->batchsize);
  map.DurationNs("timeout", &client->timeout_ns);
  map.Map("backoff_config", [&](YamlMap& backoff) {
    backoff.DurationNs("min_period", &client->backoff_config.min_period_ns);
    backoff.DurationNs("max_period", &client->backoff_config.max_period_ns);
    backoff.Int("max_retries", &client->backoff_config.max_retries);
  });
  map.Bool("drop_rate_limited_batches", &client->drop_rate_limited_batches);
  ReadLogins(map, client);
  map.Text("proxy_url", &client->proxy_url);
  map.Bool("follow_redirects", &client->follow_redirects);
  ReadTls(map, client);
  NoteOthers(map, "",
             {"no_proxy", "proxy_from_environment", "proxy_connect_header", "http_headers"},
             client);
  map.Skip({"enable_http2"});  // promtail itself speaks HTTP/1.1 always
  CheckOneLogin(map, *client);
  if (client->batchsize && client->batchsize.value < 1) {
    map.Error(client->batchsize, "batchsize: expected a number of bytes above 0");
  }
  map.Finish();  // a name that was misspelt comes before one that is missing
  if (needs_url && client->url.value.empty()) {
    map.Error(map.place(), "a client needs a url, as http://localhost:3100/loki/api/v1/push");
  }
}

}  // namespace glp::cli
