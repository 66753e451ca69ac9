// A WebSocket to a server, ws and wss: connection, TLS and proxies are libcurl's, the protocol is
// spoken here, as the libcurl of Debian 12 has none.
// Pings are answered, and asked where the server is silent: a connection on which nothing comes for
// two of them is lost.
// Lifetime: closes the connection when it goes. Threads: one at a time.
// Errors:   Code::kIo where there is no connection, or it was lost, or the server closed it (the
//           message has its code and words); kRefused where the server answers HTTP instead;
//           kData and kLimit as WsDecoder; kCancelled when a stop is asked for (io/stop.h); kUsage
//           as HttpClient.
// Format:   RFC 6455, no extensions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/http_client.h"
#include "wire/ws_frames.h"

namespace glp::wire {

struct WsRequest {
  std::string url;  // http://… or https://…; a user and password in it log in
  HeaderList headers;
  int64_t open_timeout_ms = 30'000;  // until the server has agreed
  int64_t silence_ms = 15'000;       // after which a ping is sent
  size_t max_message_bytes = size_t{256} << 20;
};

class WsClient {
 public:
  // With kRefused, `refusal` has the server's answer, as far as 64 KiB of it. `options` must
  // outlive this; its server_name is not looked at.
  static Result<std::unique_ptr<WsClient>> Open(std::string_view tool, const ClientOptions& options,
                                                const WsRequest& request, ClientResponse* refusal);
  ~WsClient();
  WsClient(const WsClient&) = delete;
  WsClient& operator=(const WsClient&) = delete;

  // The next message of data; nothing where none came in time.
  Result<std::optional<std::string>> Receive(int timeout_ms);
  // What the server closed it with, once Receive said so.
  const std::optional<WsClose>& closed() const { return closed_; }

 private:
  struct Impl;
  WsClient(std::unique_ptr<Impl> impl, size_t max_message_bytes);
  // What a control frame asks for.
  Status Answer(const WsMessage& message);

  std::unique_ptr<Impl> impl_;
  WsDecoder decoder_;
  std::optional<WsClose> closed_;
};

}  // namespace glp::wire
