#include "targets.h"

#include <algorithm>
#include <optional>

#include "base/strings.h"
#include "base/time.h"
#include "cli/promtail_config.h"
#include "io/file.h"

namespace glp::push {
namespace {

using cli::PromtailClient;
using cli::PromtailConfig;

constexpr uint64_t kDefaultBatchBytes = 1 << 20;
constexpr int64_t kDefaultWaitNs = kNsPerSecond;
constexpr int64_t kDefaultTimeoutNs = 10 * kNsPerSecond;
constexpr int64_t kDefaultMinBackoffNs = 500 * kNsPerMs;
constexpr int64_t kDefaultMaxBackoffNs = 300 * kNsPerSecond;

// --- what a server is, by the file ---

Status RefuseUnknown(const PromtailConfig& config, const PromtailClient& client) {
  if (!client.others.empty()) {
    return config.Error(client.others.front(),
                        "glp-push has nothing for " + client.others.front().value);
  }
  if (client.oauth2) {
    return config.Error(client.oauth2,
                        "glp-push cannot log in by oauth2; put a proxy that can "
                        "in front, or renew a bearer_token_file");
  }
  if (client.drop_rate_limited_batches.value) {
    return config.Error(client.drop_rate_limited_batches,
                        "glp-push drops nothing: it waits as the server asks");
  }
  const auto& type = client.authorization.value.type;
  if (type && type.value != "Bearer") {
    return config.Error(type, "glp-push knows the type Bearer only; for others use `headers`");
  }
  return Status::Ok();
}

void TakeLogin(const PromtailClient& client, Target* target) {
  target->user = client.basic_auth.value.username.value;
  target->password = client.basic_auth.value.password.value;
  target->password_file = client.basic_auth.value.password_file.value;
  target->token = client.bearer_token.value + client.authorization.value.credentials.value;
  target->token_file =
      client.bearer_token_file.value + client.authorization.value.credentials_file.value;
}

Status TakeClient(const PromtailConfig& config, const PromtailClient& client, Target* target) {
  GLP_RETURN_IF_ERROR(RefuseUnknown(config, client));
  if (Status status = SetUrl(client.url.value, target); !status.ok()) {
    return config.Error(client.url, status.message());
  }
  target->tenant = client.tenant_id.value;
  TakeLogin(client, target);
  for (const auto& [name, value] : client.headers.value) {
    target->client.headers.emplace_back(name, value);
  }
  target->client.ca_file = client.tls_config.ca_file.value;
  target->client.cert_file = client.tls_config.cert_file.value;
  target->client.key_file = client.tls_config.key_file.value;
  target->client.server_name = client.tls_config.server_name.value;
  target->client.insecure_skip_verify = client.tls_config.insecure_skip_verify.value;
  target->client.proxy_url = client.proxy_url.value;
  target->client.follow_redirects = client.follow_redirects.value;
  target->timeout_ms = client.timeout_ns.value / kNsPerMs;
  target->min_backoff_ns = client.backoff_config.min_period_ns.value;
  target->max_backoff_ns = client.backoff_config.max_period_ns.value;
  // promtail's default is to drop after 10 tries; only what was asked for is obeyed.
  if (client.backoff_config.max_retries) {
    target->max_retries =
        static_cast<uint64_t>(std::max<int64_t>(0, client.backoff_config.max_retries.value));
  }
  return Status::Ok();
}

Labels ToLabels(const std::map<std::string, std::string>& map) {
  Labels labels;
  for (const auto& [name, value] : map) labels.push_back({name, value});
  return labels;
}

Status TakeFile(const Options& o, Plan* plan) {
  GLP_ASSIGN_OR_RETURN(const PromtailConfig config,
                       cli::LoadPromtailConfig(o.config, o.expand_env));
  if (config.clients.empty()) {
    return UsageError(config.path +
                      ": it has no clients, so nowhere to push to; add `clients:` "
                      "or use --url");
  }
  const PromtailClient& first = config.clients.front();
  plan->external = ToLabels(first.external_labels.value);
  for (const PromtailClient& client : config.clients) {
    if (client.external_labels.value != first.external_labels.value) {
      return config.Error(client.external_labels ? codec::YamlPlace(client.external_labels)
                                                 : codec::YamlPlace(client),
                          "glp-push gives all its servers the same labels; run one for each");
    }
    Target target;
    GLP_RETURN_IF_ERROR(TakeClient(config, client, &target));
    plan->targets.push_back(std::move(target));
    plan->batch_size_bytes =
        std::min(plan->batch_size_bytes,
                 static_cast<uint64_t>(std::max<int64_t>(0, client.batchsize.value)));
    plan->batch_wait_ns = std::min(plan->batch_wait_ns, client.batchwait_ns.value);
  }
  return Status::Ok();
}

// --- what was typed ---

Status TakeUrls(const Options& o, Plan* plan) {
  if (o.urls.empty()) return Status::Ok();
  if (plan->targets.size() > 1) {
    return UsageError("--url: " + o.config + " has several clients; give URLs in one place");
  }
  // The one client of the file says all but the URL.
  Target base;
  base.timeout_ms = kDefaultTimeoutNs / kNsPerMs;
  base.min_backoff_ns = kDefaultMinBackoffNs;
  base.max_backoff_ns = kDefaultMaxBackoffNs;
  if (!plan->targets.empty()) base = plan->targets.front();
  plan->targets.clear();
  for (const std::string& url : o.urls) {
    Target target = base;
    target.info_url.clear();
    GLP_RETURN_IF_ERROR(SetUrl(url, &target));
    plan->targets.push_back(std::move(target));
  }
  return Status::Ok();
}

Result<wire::HeaderList> ParseHeaders(const std::vector<std::string>& texts) {
  wire::HeaderList headers;
  for (const std::string& text : texts) {
    const size_t colon = text.find(':');
    const std::string_view name =
        TrimSpace(std::string_view(text).substr(0, std::min(colon, text.size())));
    if (colon == std::string::npos || name.empty() ||
        text.find_first_of("\r\n") != std::string::npos) {
      return UsageError("--header '" + text + "' is not 'NAME: VALUE'");
    }
    headers.emplace_back(name, TrimSpace(std::string_view(text).substr(colon + 1)));
  }
  return headers;
}

void TakeTlsOptions(const Options& o, wire::ClientOptions* client) {
  if (!o.ca_file.empty()) client->ca_file = o.ca_file;
  if (!o.cert_file.empty()) client->cert_file = o.cert_file;
  if (!o.key_file.empty()) client->key_file = o.key_file;
  if (!o.server_name.empty()) client->server_name = o.server_name;
  if (o.insecure_skip_verify) client->insecure_skip_verify = true;
  if (!o.proxy.empty()) client->proxy_url = o.proxy;
}

void TakeLoginOptions(const Options& o, Target* target) {
  if (o.token_file.empty() && o.user.empty()) return;
  target->token.clear();
  target->password.clear();
  target->token_file = o.token_file;
  target->user = o.user;
  target->password_file = o.password_file;
}

void TakeTargetOptions(const Options& o, const wire::HeaderList& headers, Target* target) {
  if (!o.tenant.empty()) target->tenant = o.tenant;
  TakeLoginOptions(o, target);
  TakeTlsOptions(o, &target->client);
  for (const auto& header : headers) {
    std::erase_if(target->client.headers,
                  [&](const auto& other) { return other.first == header.first; });
    target->client.headers.push_back(header);
  }
  if (o.timeout.ns != Options::kUnsetNs) target->timeout_ms = o.timeout.ns / kNsPerMs;
  if (o.min_backoff.ns != Options::kUnsetNs) target->min_backoff_ns = o.min_backoff.ns;
  if (o.max_backoff.ns != Options::kUnsetNs) target->max_backoff_ns = o.max_backoff.ns;
  if (o.max_retries != Options::kUnset) target->max_retries = o.max_retries;
  target->json = o.format == "json";
  target->gzip = o.gzip;
}

Status TakeExternalLabels(const Options& o, Labels* external) {
  for (const std::string& text : o.external_labels) {
    const size_t equal = text.find('=');
    if (equal == std::string::npos || !IsLabelName(std::string_view(text).substr(0, equal))) {
      return UsageError("--external-label '" + text +
                        "' is not NAME=VALUE with a name of letters, digits and _");
    }
    external->push_back({text.substr(0, equal), text.substr(equal + 1)});
  }
  Canonicalize(external);
  return Status::Ok();
}

// --- checks ---

Status CheckOptions(const Options& o) {
  if (o.user.empty() != o.password_file.empty()) {
    return UsageError("--user and --password-file need each other");
  }
  if (!o.user.empty() && !o.token_file.empty()) {
    return UsageError("--user and --token-file are two ways to log in; use one");
  }
  return Status::Ok();
}

Status CheckTarget(const Target& target) {
  if (target.timeout_ms < 1) return UsageError("--timeout must be 1ms or more");
  if (target.min_backoff_ns < kNsPerMs) return UsageError("--min-backoff must be 1ms or more");
  if (target.max_backoff_ns < target.min_backoff_ns) {
    return UsageError("--max-backoff must not be less than --min-backoff");
  }
  if (!target.token_file.empty()) {
    if (auto token = io::ReadFile(target.token_file); !token.ok()) {
      return token.status().Annotate("the token (--token-file)");
    }
  }
  if (!target.password_file.empty()) {
    if (auto password = io::ReadFile(target.password_file); !password.ok()) {
      return password.status().Annotate("the password (--password-file)");
    }
  }
  return Status::Ok();
}

Status CheckTargets(const std::vector<Target>& targets) {
  for (size_t i = 0; i < targets.size(); ++i) {
    GLP_RETURN_IF_ERROR(CheckTarget(targets[i]));
    for (size_t j = 0; j < i; ++j) {
      if (targets[i].url == targets[j].url && targets[i].tenant == targets[j].tenant) {
        return UsageError("--url " + UrlForPeople(targets[i].url) + " is given twice");
      }
    }
  }
  return Status::Ok();
}

}  // namespace

Result<Plan> MakePlan(const Options& o) {
  GLP_RETURN_IF_ERROR(CheckOptions(o));
  Plan plan;
  plan.batch_size_bytes = kDefaultBatchBytes;
  plan.batch_wait_ns = kDefaultWaitNs;
  if (!o.config.empty()) {
    // Also limits above the defaults are the file's to set.
    plan.batch_size_bytes = UINT64_MAX;
    plan.batch_wait_ns = INT64_MAX;
    GLP_RETURN_IF_ERROR(TakeFile(o, &plan));
  }
  GLP_RETURN_IF_ERROR(TakeUrls(o, &plan));
  GLP_ASSIGN_OR_RETURN(const wire::HeaderList headers, ParseHeaders(o.headers));
  for (Target& target : plan.targets) TakeTargetOptions(o, headers, &target);
  GLP_RETURN_IF_ERROR(CheckTargets(plan.targets));
  GLP_RETURN_IF_ERROR(TakeExternalLabels(o, &plan.external));
  if (o.batch_size.bytes != Options::kUnset) plan.batch_size_bytes = o.batch_size.bytes;
  if (o.batch_wait.ns != Options::kUnsetNs) plan.batch_wait_ns = o.batch_wait.ns;
  if (plan.batch_wait_ns < 0) return UsageError("--batch-wait must not be negative");
  if (plan.targets.empty() && !o.dry_run) {
    return UsageError("--url is missing; try --url http://localhost:3100, or --dry-run");
  }
  return plan;
}

}  // namespace glp::push
