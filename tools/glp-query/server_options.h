// How servers are asked: what was typed, and for the rest the variables that logcli reads.
//   LOKI_ORG_ID, LOKI_USERNAME and LOKI_PASSWORD, LOKI_BEARER_TOKEN or LOKI_BEARER_TOKEN_FILE,
//   LOKI_AUTH_HEADER, LOKI_CA_CERT_PATH, LOKI_CLIENT_CERT_PATH, LOKI_CLIENT_KEY_PATH,
//   LOKI_TLS_SKIP_VERIFY, LOKI_HTTP_PROXY_URL, LOKI_ENV_PROXY, LOKI_HTTP_COMPRESSION,
//   LOKI_QUERY_TAGS, LOKI_NO_CACHE, LOKI_CLIENT_RETRIES, LOKI_CLIENT_MIN_BACKOFF and
//   LOKI_CLIENT_MAX_BACKOFF (seconds)
// Threads: pure functions but for the files that are read.
// Errors:  Code::kUsage naming the option or the variable; Code::kIo of files.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "wire/loki_client.h"

namespace glp::query {

// What was typed; "" where an option was not given.
struct ServerWords {
  std::string token_file, user, password_file;
  std::vector<std::string> headers;  // NAME: VALUE
  std::string ca_file, cert_file, key_file;
  bool insecure_skip_verify = false;
  std::string proxy;
};

// As getenv: nullptr for what is not set.
using Environment = std::function<const char*(const char* name)>;

// All but `cancelled`. `tenant` "" is that of the environment.
Result<wire::LokiClientOptions> MakeServerOptions(const std::string& url, const std::string& tenant,
                                                  const ServerWords& words,
                                                  const Environment& environment);

}  // namespace glp::query
