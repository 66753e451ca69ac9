#include "server_options.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "base/time.h"
#include "io/file.h"

namespace glp::query {
namespace {

// The variables, by their types. One that is empty is not set.
class Variables {
 public:
  explicit Variables(const Environment& environment) : environment_(environment) {}

  std::string Text(const char* name) const {
    const char* value = environment_(name);
    return value ? value : "";
  }

  Result<bool> Truth(const char* name, bool otherwise) const {
    const std::string text = AsciiLower(TrimSpace(Text(name)));
    if (text.empty()) return otherwise;
    if (text == "1" || text == "t" || text == "true") return true;
    if (text == "0" || text == "f" || text == "false") return false;
    return UsageError(std::string(name) + "='" + Text(name) + "' is neither true nor false");
  }

  Result<std::optional<uint64_t>> Number(const char* name) const {
    constexpr uint64_t kMost = 1'000'000;
    const std::string text = Text(name);
    if (text.empty()) return std::optional<uint64_t>();
    const std::optional<uint64_t> number = ParseUint64(TrimSpace(text));
    if (number && *number <= kMost) return number;
    return UsageError(std::string(name) + "='" + text + "' is no number from 0 to 1000000");
  }

 private:
  const Environment& environment_;
};

bool HasLineEnd(std::string_view text) { return text.find_first_of("\r\n") != text.npos; }

Result<std::string> ReadSecret(const std::string& file, std::string_view what) {
  constexpr uint64_t kMaxBytes = 64 << 10;
  Result<std::string> text = io::ReadFile(file, kMaxBytes);
  if (!text.ok()) return text.status().Annotate(what);
  std::string secret(TrimSpace(*text));
  if (HasLineEnd(secret)) {
    return UsageError(std::string(what) + ": " + file + " has more than one line");
  }
  return secret;
}

// What goes into the header of authorization; "" for none.
Result<std::string> TypedLogin(const ServerWords& words) {
  if (words.user.empty() != words.password_file.empty()) {
    return UsageError("--user and --password-file need each other");
  }
  if (!words.user.empty() && !words.token_file.empty()) {
    return UsageError("--user and --token-file are two ways to log in; use one");
  }
  if (!words.token_file.empty()) {
    GLP_ASSIGN_OR_RETURN(const std::string token, ReadSecret(words.token_file, "--token-file"));
    return wire::BearerAuth(token);
  }
  if (words.user.empty()) return std::string();
  GLP_ASSIGN_OR_RETURN(const std::string password,
                       ReadSecret(words.password_file, "--password-file"));
  return wire::BasicAuth(words.user, password);
}

Result<std::string> LoginOfEnvironment(const Variables& variables) {
  const std::string user = variables.Text("LOKI_USERNAME");
  const std::string password = variables.Text("LOKI_PASSWORD");
  std::string token = variables.Text("LOKI_BEARER_TOKEN");
  const std::string file = variables.Text("LOKI_BEARER_TOKEN_FILE");
  const bool basic = !user.empty() || !password.empty();
  if (!token.empty() && !file.empty()) {
    return UsageError("LOKI_BEARER_TOKEN and LOKI_BEARER_TOKEN_FILE are both set; use one");
  }
  if (basic && (!token.empty() || !file.empty())) {
    return UsageError(
        "LOKI_USERNAME and LOKI_BEARER_TOKEN are two ways to log in, and both are set; use one");
  }
  if (!file.empty()) {
    GLP_ASSIGN_OR_RETURN(token, ReadSecret(file, "LOKI_BEARER_TOKEN_FILE"));
  }
  if (HasLineEnd(token)) return UsageError("LOKI_BEARER_TOKEN has a line end in it");
  if (!token.empty()) return wire::BearerAuth(token);
  return basic ? wire::BasicAuth(user, password) : std::string();
}

Status TakeHeaders(const ServerWords& words, const Variables& variables,
                   wire::HeaderList* headers) {
  const std::string tags = variables.Text("LOKI_QUERY_TAGS");
  if (HasLineEnd(tags)) return UsageError("LOKI_QUERY_TAGS has a line end in it");
  if (!tags.empty()) headers->emplace_back("X-Query-Tags", tags);
  GLP_ASSIGN_OR_RETURN(const bool no_cache, variables.Truth("LOKI_NO_CACHE", false));
  if (no_cache) headers->emplace_back("Cache-Control", "no-cache");
  for (const std::string& text : words.headers) {
    const size_t colon = text.find(':');
    const std::string name(TrimSpace(std::string_view(text).substr(0, colon)));
    if (colon == text.npos || name.empty() || HasLineEnd(text)) {
      return UsageError("--header '" + text + "' is not 'NAME: VALUE'");
    }
    // What was typed wins over what was there before.
    std::erase_if(*headers, [lower = AsciiLower(name)](const auto& header) {
      return AsciiLower(header.first) == lower;
    });
    headers->emplace_back(name, TrimSpace(std::string_view(text).substr(colon + 1)));
  }
  return Status::Ok();
}

Status TakeConnection(const ServerWords& words, const Variables& variables,
                      wire::ClientOptions* client) {
  const auto either = [&](const std::string& typed, const char* name) {
    return typed.empty() ? variables.Text(name) : typed;
  };
  client->ca_file = either(words.ca_file, "LOKI_CA_CERT_PATH");
  client->cert_file = either(words.cert_file, "LOKI_CLIENT_CERT_PATH");
  client->key_file = either(words.key_file, "LOKI_CLIENT_KEY_PATH");
  client->proxy_url = either(words.proxy, "LOKI_HTTP_PROXY_URL");
  if (client->cert_file.empty() != client->key_file.empty()) {
    return UsageError(
        "a client certificate needs its key, and a key its certificate: --cert-file "
        "and --key-file");
  }
  GLP_ASSIGN_OR_RETURN(client->insecure_skip_verify,
                       variables.Truth("LOKI_TLS_SKIP_VERIFY", false));
  client->insecure_skip_verify |= words.insecure_skip_verify;
  GLP_ASSIGN_OR_RETURN(client->proxy_of_environment, variables.Truth("LOKI_ENV_PROXY", true));
  GLP_ASSIGN_OR_RETURN(client->compress, variables.Truth("LOKI_HTTP_COMPRESSION", true));
  return Status::Ok();
}

Status TakeRetries(const Variables& variables, wire::LokiClientOptions* options) {
  GLP_ASSIGN_OR_RETURN(const auto retries, variables.Number("LOKI_CLIENT_RETRIES"));
  GLP_ASSIGN_OR_RETURN(const auto first_s, variables.Number("LOKI_CLIENT_MIN_BACKOFF"));
  GLP_ASSIGN_OR_RETURN(const auto longest_s, variables.Number("LOKI_CLIENT_MAX_BACKOFF"));
  if (retries) options->tries = *retries + 1;
  if (first_s) options->first_wait_ms = static_cast<int64_t>(*first_s) * 1000;
  // 0 is logcli's default: no bound of the user's.
  if (longest_s && *longest_s > 0) {
    options->longest_wait_ms = static_cast<int64_t>(*longest_s) * 1000;
  }
  return Status::Ok();
}

}  // namespace

Result<wire::LokiClientOptions> MakeServerOptions(const std::string& url, const std::string& tenant,
                                                  const ServerWords& words,
                                                  const Environment& environment) {
  const Variables variables(environment);
  wire::LokiClientOptions options;
  options.url = url;
  options.user_agent = "glp-query";
  const std::string id = tenant.empty() ? variables.Text("LOKI_ORG_ID") : tenant;
  if (HasLineEnd(id)) return UsageError("the tenant has a line end in it");
  if (!id.empty()) options.headers.emplace_back("X-Scope-OrgID", id);

  GLP_ASSIGN_OR_RETURN(std::string login, TypedLogin(words));
  if (login.empty()) {
    GLP_ASSIGN_OR_RETURN(login, LoginOfEnvironment(variables));
  }
  std::string name = variables.Text("LOKI_AUTH_HEADER");
  if (HasLineEnd(name)) return UsageError("LOKI_AUTH_HEADER has a line end in it");
  if (name.empty()) name = "Authorization";
  if (!login.empty()) {
    options.headers.emplace_back(name, login);
    // libcurl keeps only the header of this name from going to another host.
    options.client.follow_redirects = AsciiLower(name) == "authorization";
  }
  GLP_RETURN_IF_ERROR(TakeHeaders(words, variables, &options.headers));
  GLP_RETURN_IF_ERROR(TakeConnection(words, variables, &options.client));
  GLP_RETURN_IF_ERROR(TakeRetries(variables, &options));
  return options;
}

}  // namespace glp::query
