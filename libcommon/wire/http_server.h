// A small HTTP/1.1 server: routes to handlers, keep-alive, bounds on what clients may send and how
// long they may take, gzip both ways, and a stop that lets running requests finish.
//
//   HttpServer server(options, std::move(router));
//   GLP_RETURN_IF_ERROR(server.Start());
//   … server.address() …
//   server.Stop();
//
// One thread moves bytes (and encrypts them); handlers run on the threads of their lane, so that
// slow queries keep neither pushes nor /ready waiting. None of these threads takes signals.
// Lifetime: handlers and what they use must outlive the server.
// Threads:  one at a time; handlers are called from many.
// Errors:   Code::kIo where the address cannot be listened on, kUsage where it is none; of TLS kIo
//           for files that cannot be read, kData for what is wrong in them.
// Who asks is judged by the gate of the route when the head is there, before anything of a body is
// read; passwords that were not seen before on a thread of their own (gate_queue.h). A body of what
// is refused, or of no route, is not read: the connection ends.
// Requests: read strictly (http_head.h): what proxies could read in another way is refused.
// Cost:     an idle connection or WebSocket takes a few KiB, with TLS some 20.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/http.h"

namespace glp::wire {

// Files in PEM. Read at Start and again by ReloadTls.
struct TlsOptions {
  std::string cert_file, key_file;  // both or none: plain HTTP
  // Certificates of clients must be signed by one of these; "": none is asked for.
  std::string client_ca_file;
};

struct ServerOptions {
  std::string address = "127.0.0.1";  // IPv4 or IPv6
  uint16_t port = 0;                  // 0: any free one
  TlsOptions tls;
  size_t max_target_bytes = 512 << 10;  // path and query: LogQL of 128 KiB, encoded
  size_t max_header_bytes = 64 << 10;   // of all headers of a request
  size_t max_headers = 256;
  size_t max_body_bytes = size_t{256} << 20;      // of Lane::kIngest, as sent
  size_t max_form_bytes = 1 << 20;                // of the others, as sent and decompressed
  size_t max_inflated_bytes = size_t{256} << 20;  // of Lane::kIngest, decompressed
  // Of requests being read or handled, as sent; more get 503.
  size_t max_held_bytes = size_t{512} << 20;
  // Of those of Lane::kIngest being handled what they are decompressed to and what is made of it
  // (Request::memory). More wait, and get 503 then.
  size_t max_work_bytes = size_t{768} << 20;
  int work_wait_ms = 10'000;
  int idle_timeout_ms = 120'000;  // for the first byte of the next request
  // For a TLS handshake; for the whole header; without a byte of the body, of which 1,000 bytes a
  // second must come on the average.
  int read_timeout_ms = 30'000;
  int write_timeout_ms =
      60'000;                    // without a byte of the answer taken; of WebSockets without a pong
  int ping_interval_ms = 1'000;  // of WebSockets
  // More wait in the kernel, and connections without a (whole head of a) request are closed for
  // them. A lane has three quarters of them at most, WebSockets with those that opened them; more
  // get 429. Fewer where the system lets a process open less than twice as many files.
  size_t max_connections = 2048;
  int control_threads = 1;
  int ingest_threads = 2;
  int query_threads = 4;
  size_t max_waiting = 256;  // requests of a lane that wait for a thread; more get 429
};

struct ServerStats {
  uint64_t requests = 0;     // given to a handler since Start
  uint64_t connections = 0;  // open now
  uint64_t sockets = 0;      // of these, WebSockets
};

class HttpServer {
 public:
  HttpServer(ServerOptions options, Router router);
  ~HttpServer();  // stops
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  Status Start();
  // "127.0.0.1:3100", "[::1]:3100". REQUIRES: Start worked.
  const std::string& address() const;
  uint16_t port() const;
  ServerStats stats() const;  // from any thread
  // Reads the files of TlsOptions again, for connections to come. Where that fails the old ones
  // stay. From any thread.
  Status ReloadTls();
  // No new connections or requests. Those that run may finish for `grace_ms`, then they are
  // cancelled; returns when all handlers have returned. How many did not end in time; WebSockets,
  // which have no end of their own, are not counted.
  size_t Stop(int grace_ms = 500);

 private:
  struct Impl;
  class Session;
  std::unique_ptr<Impl> impl_;
};

// "ADDR:PORT", "[::1]:PORT", ":PORT" and "PORT" (both 127.0.0.1). Errors: Code::kUsage.
struct ListenAddress {
  std::string address;
  uint16_t port = 0;
};
Result<ListenAddress> ParseListenAddress(std::string_view text);
// 127.0.0.0/8 or ::1: nobody outside of the machine reaches it.
bool IsLoopback(std::string_view address);

}  // namespace glp::wire
