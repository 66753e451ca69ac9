// The server's end of an open WebSocket, over a Transport: a queue of messages out, pings, and what
// the client says is passed over.
// Lifetime: works on the transport until it is done, and holds `owner`, which must own it, as long.
// Threads:  the Socket that it gives is safe from any; all else on the thread of the transport.
// Format:   RFC 6455, by Boost.Beast; without extensions: lines of logs one by one compress badly,
//           and a window for each client takes more memory than all else.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "wire/http.h"
#include "wire/http_transport.h"

namespace glp::wire {

class WebSocket {
 public:
  struct Options {
    int ping_interval_ms = 0;
    int silence_timeout_ms = 0;  // without a sign of life, or without a byte taken
  };

  // REQUIRES: `request.wants_websocket`, nothing was answered, and nothing else reads or writes.
  // `opened` gets the socket when the client has been told; `done` is called once, at the end.
  WebSocket(Transport* transport, std::shared_ptr<void> owner, const Request& request,
            const Params& headers, Options options,
            std::function<void(std::shared_ptr<Socket>)> opened, std::function<void()> done);
  ~WebSocket();

  // Sends what is queued and the close frame; waits for the client's for a short time.
  void Close(int code, std::string_view reason);
  // At once, without a word.
  void Cut();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace glp::wire
