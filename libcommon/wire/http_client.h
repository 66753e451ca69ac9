// HTTP out: one request at a time over kept-alive connections (libcurl), http and https. Several
// requests at once are several threads with a client each.
// Threads: a client one at a time; different clients from any.
// Errors:  Code::kIo where no answer came (refused, timed out, broken off), kLimit for an answer
//          over its bound, kCancelled, kUsage for a URL that is none and for files of TLS that
//          cannot be used. Words never have a password or a token in them. An answer of any status
//          is NOT an error.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace glp::wire {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct ClientRequest {
  std::string method = "GET";
  std::string url;
  HeaderList headers;
  std::string_view body;               // of a POST; must live until Do returns
  int64_t timeout_ms = 30'000;         // the whole exchange; 0: without end
  int64_t connect_timeout_ms = 5'000;  // of it for the connection
  size_t max_response_bytes = size_t{256} << 20;
  // An answer over its bound is cut off there instead of being an error.
  bool cut_response = false;
  // Asked about every 50 ms; true ends the request with kCancelled. May be empty.
  std::function<bool()> cancelled;
};

struct ClientResponse {
  int status = 0;
  HeaderList headers;  // names in lower case
  std::string body;    // decompressed

  // "" where there is none; `name` in lower case.
  std::string_view Header(std::string_view name) const;
  bool ok() const { return status >= 200 && status < 300; }
};

// What holds for all requests of a client; names as in promtail's `clients:`.
struct ClientOptions {
  // Files in PEM form; "" for the system's authorities, and for no certificate of one's own.
  std::string ca_file;
  std::string cert_file;
  std::string key_file;
  // The name that is asked for and that the certificate must be of, in place of the URL's host.
  std::string server_name;
  bool insecure_skip_verify = false;
  std::string proxy_url;
  bool proxy_of_environment = true;  // without a proxy_url: http_proxy, https_proxy and no_proxy
  bool compress = true;              // answers may come compressed
  bool follow_redirects = true;
  // Sent with every request; a header of the request itself wins.
  HeaderList headers;
};

// Values of an Authorization header. libcurl does not pass it on to another host.
std::string BasicAuth(std::string_view username, std::string_view password);
std::string BearerAuth(std::string_view token);

class HttpClient {
 public:
  // `tool`: "glp-push"; servers are told it with the version.
  explicit HttpClient(std::string_view tool, ClientOptions options = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  Result<ClientResponse> Do(const ClientRequest& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// "a b/c" as "a%20b%2Fc".
std::string UrlEncode(std::string_view text);
// k=v&k=v, encoded: the query of a URL or the body of a form.
std::string EncodeForm(const std::vector<std::pair<std::string, std::string>>& params);
// "http://host:port" out of what a person wrote: scheme http:// where there is none, no slash at
// the end, path kept. Errors: Code::kUsage for other schemes or no host.
Result<std::string> NormalizeUrl(std::string_view text);
// The part of a URL behind scheme and host ("" or "/path…").
std::string_view UrlPath(std::string_view url);
// The first line of an error answer, at most `max_bytes` bytes of it: what people are told.
std::string FirstLine(std::string_view body, size_t max_bytes = 1024);

}  // namespace glp::wire
