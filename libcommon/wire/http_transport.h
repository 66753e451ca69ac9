// The server's end of a connection, plain or under TLS, without waiting: what cannot be done now
// says which way to wait for.
// TLS is OpenSSL's, loaded when it is first needed: most tools with a server have no use for it.
// Threads:  one at a time; TLS contexts are shared between threads.
// Cost:     nothing is buffered here; OpenSSL gives its buffers back while a connection is idle.
#pragma once

#include <sys/types.h>

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/http_server.h"

struct ssl_st;

namespace glp::wire {

// Certificates and rules, the same for many connections.
class TlsContext;
// Nothing (null) where `options` name no certificate. Errors: Code::kUsage for a key without a
// certificate and the like, kIo for files that cannot be read, kData for what is wrong in them.
Result<std::shared_ptr<TlsContext>> LoadTls(const TlsOptions& options);

class Transport {
 public:
  // What is given instead of a count of bytes.
  static constexpr ssize_t kEnd = 0;  // the client says nothing more
  static constexpr ssize_t kWantRead = -1;
  static constexpr ssize_t kWantWrite = -2;
  static constexpr ssize_t kBroken = -3;

  Transport(boost::asio::ip::tcp::socket socket, std::shared_ptr<TlsContext> tls);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // REQUIRES: TLS. More than 0 once it is done; before nothing can be read or written.
  ssize_t Handshake();
  // The handshake broke because the client speaks HTTP without TLS.
  bool got_plain_http() const { return got_plain_http_; }
  ssize_t Read(char* to, size_t size);
  // `more_follows`: soon, so a small packet need not go out.
  ssize_t Write(std::string_view bytes, bool more_follows = false);
  // Nothing more will be written.
  void EndWrites();
  // Ends all waits. `reset`: what was written and not taken is thrown away, and the client sees an
  // error, not an end.
  void Close(bool reset);

  bool has_tls() const { return ssl_ != nullptr; }
  // The common name of the client's certificate, "" where there is none.
  std::string client_name() const;
  boost::asio::ip::tcp::socket& socket() { return socket_; }
  // When bytes were last taken from Write.
  std::chrono::steady_clock::time_point written_at() const { return written_at_; }

 private:
  ssize_t AfterSsl(int result);

  boost::asio::ip::tcp::socket socket_;
  std::shared_ptr<TlsContext> tls_;
  ssl_st* ssl_ = nullptr;
  bool is_set_up_ = false;  // TLS: the handshake is done
  bool is_broken_ = false;  // TLS: nothing more may be said
  bool got_plain_http_ = false;
  std::chrono::steady_clock::time_point written_at_;
};

}  // namespace glp::wire
