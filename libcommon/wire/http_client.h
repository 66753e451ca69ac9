// HTTP out: one request at a time over kept-alive connections (libcurl), http and https.
// Threads: a client one at a time; different clients from any.
// Errors:  Code::kIo where no answer came (refused, timed out, broken off), kLimit for an answer
// over
//          its bound, kCancelled, kUsage for a URL that is none. An answer of any status is NOT an
//          error.
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
  std::string method = "GET";  // GET or POST
  std::string url;
  HeaderList headers;
  std::string_view body;               // POST; must live until Do returns
  int64_t timeout_ms = 30'000;         // the whole exchange; 0: without end
  int64_t connect_timeout_ms = 5'000;  // of it for the connection
  size_t max_response_bytes = size_t{256} << 20;
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

class HttpClient {
 public:
  // `tool`: "glp-push"; servers are told it with the version.
  explicit HttpClient(std::string_view tool);
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
