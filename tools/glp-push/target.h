// A server to push to: what of the options and of promtail's `clients:` is about it.
// Threads: a value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "wire/http_client.h"

namespace glp::push {

struct Target {
  std::string url;       // the push URL
  std::string info_url;  // where it is asked what it is; "" where it cannot be
  std::string host;      // host:port, for metrics
  std::string tenant;    // X-Scope-OrgID of records that name none; "" for no header
  int64_t timeout_ms = 0;
  int64_t min_backoff_ns = 0;
  int64_t max_backoff_ns = 0;
  uint64_t max_retries = 0;  // 0: without end

  // How to log in: at most one of the two. Files are read again for each request.
  std::string token, token_file;
  std::string user, password, password_file;

  wire::ClientOptions client;  // TLS, proxy, headers

  bool json = false;
  bool gzip = false;
};

// The URL without a user and password in it: for people and for names.
std::string UrlForPeople(const std::string& url);

// Fills url, info_url and host. Errors: Code::kUsage.
Status SetUrl(std::string_view url, Target* target);

}  // namespace glp::push
