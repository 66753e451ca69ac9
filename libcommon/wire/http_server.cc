// The only file that includes Boost.Beast: it takes long to compile.
#include "wire/http_server.h"

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_set>

#include "base/strings.h"
#include "wire/gzip.h"

namespace glp::wire {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr size_t kReadBytes = 64 << 10;
constexpr size_t kGzipFromBytes = 1400;  // less fits into a packet anyway
constexpr int kDrainMs = 2'000;

bool IsForm(const Request& request) {
  return MediaType(request.Header("content-type")) == "application/x-www-form-urlencoded";
}

// Undoes Content-Encoding. Nothing where it worked or the encoding is another: handlers judge it.
std::optional<Response> InflateBody(Request* request, size_t max_bytes) {
  const std::string_view encoding = TrimSpace(request->Header("content-encoding"));
  const bool deflate = EqualIgnoringCase(encoding, "deflate");
  if (!deflate && !EqualIgnoringCase(encoding, "gzip")) return std::nullopt;
  Result<std::string> body = Inflate(request->body, deflate, max_bytes);
  if (!body.ok()) {
    const int status = body.status().code() == Code::kLimit ? 413 : 400;
    return TextResponse(
        status, "request body (" + std::string(encoding) + "): " + body.status().message() + "\n");
  }
  request->body = std::move(body).value();
  return std::nullopt;
}

Response RunHandler(const Handler& handler, Request* request, size_t max_inflated_bytes) {
  if (request->cancelled()) return TextResponse(503, "the server stops\n");
  try {
    if (auto error = InflateBody(request, max_inflated_bytes)) return *std::move(error);
    if (request->method == "POST" && IsForm(*request)) {
      Params form;
      ParseForm(request->body, &form);
      request->params.insert(request->params.begin(), std::make_move_iterator(form.begin()),
                             std::make_move_iterator(form.end()));
    }
    return handler(*request);
  } catch (const std::exception& e) {
    return TextResponse(500, std::string("internal error: ") + e.what() + "\n");
  }
}

}  // namespace

struct HttpServer::Impl {
  Impl(ServerOptions o, Router r) : options(std::move(o)), router(std::move(r)) {}

  void Accept();
  void Forget(Session* session);
  asio::thread_pool& pool(Lane lane) { return *pools[static_cast<size_t>(lane)]; }

  const ServerOptions options;
  const Router router;
  std::string address;
  uint16_t port = 0;

  bool accepting = false;                   // io thread
  std::unordered_set<Session*> sessions;    // io thread
  std::atomic<bool> stopping{false};        // no new requests
  std::atomic<bool> cancel_running{false};  // the grace is over
  std::atomic<uint64_t> requests{0};
  std::atomic<uint64_t> connections{0};
  std::mutex mutex;
  std::condition_variable all_gone;

  // Last, so that they go first: connections still open end with `io` and use what stands above.
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  asio::steady_timer retry{io};
  std::array<std::unique_ptr<asio::thread_pool>, kLanes> pools;
  std::array<std::atomic<size_t>, kLanes> waiting{};
  std::thread mover;
};

// One connection: header, body, handler, answer, and again. Lives as long as an operation holds it.
// Runs on the io thread but for the handler.
class HttpServer::Session : public std::enable_shared_from_this<HttpServer::Session> {
 public:
  Session(HttpServer::Impl* server, tcp::socket socket)
      : server_(server), stream_(std::move(socket)) {}
  ~Session() { server_->Forget(this); }

  void ReadHeader() {
    if (server_->stopping) return;
    busy_ = false;
    parser_.emplace();
    parser_->header_limit(static_cast<uint32_t>(server_->options.max_header_bytes));
    parser_->body_limit(server_->options.max_body_bytes);
    stream_.expires_after(milliseconds(server_->options.idle_timeout_ms));
    http::async_read_header(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](error_code error, size_t) { self->OnHeader(error); });
  }

  // For the stop: closes at once where no request is being worked on (or `always`).
  void Close(bool always) {
    if (busy_ && !always) return;
    error_code ignored;
    stream_.socket().close(ignored);
  }

 private:
  void OnHeader(error_code error) {
    if (error == http::error::header_limit) {
      return Refuse(TextResponse(431, "request header is too large\n"));
    }
    if (error == http::error::body_limit) return RefuseSize(server_->options.max_body_bytes);
    if (error.category() == http::make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message) {
      return Refuse(TextResponse(400, "bad request: " + error.message() + "\n"));
    }
    if (error) return;
    busy_ = true;
    const auto& message = parser_->get();
    const std::string target(message.target());
    request_ = Request();
    request_.method = std::string(message.method_string());
    const size_t question = target.find('?');
    const std::string_view path = std::string_view(target).substr(0, question);
    request_.path = UrlDecode(path, false);
    if (question != std::string::npos) {
      ParseForm(std::string_view(target).substr(question + 1), &request_.params);
    }
    for (const auto& field : message) {
      request_.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    }
    Router::Match match = server_->router.Find(request_.method, path);
    route_ = match.route;
    allow_ = std::move(match.allow);
    request_.captures = std::move(match.captures);

    if (route_ == nullptr || route_->lane != Lane::kIngest) {
      const size_t limit = server_->options.max_form_bytes;
      if (parser_->content_length().value_or(0) > limit) return RefuseSize(limit);
      parser_->body_limit(limit);
    }
    if (EqualIgnoringCase(request_.Header("expect"), "100-continue") && !parser_->is_done()) {
      static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      asio::async_write(stream_, asio::buffer(kContinue.data(), kContinue.size()),
                        [self = shared_from_this()](error_code error, size_t) {
                          if (!error) self->ReadBody();
                        });
      return;
    }
    ReadBody();
  }

  void ReadBody() {
    if (parser_->is_done()) return Dispatch();
    stream_.expires_after(milliseconds(server_->options.read_timeout_ms));
    // As much is read at a time as there is room for, and Beast begins with 512 bytes.
    buffer_.reserve(kReadBytes);
    http::async_read_some(
        stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, size_t) {
          if (error == http::error::body_limit) {
            return self->RefuseSize(self->route_ != nullptr && self->route_->lane == Lane::kIngest
                                        ? self->server_->options.max_body_bytes
                                        : self->server_->options.max_form_bytes);
          }
          if (!error) self->ReadBody();
        });
  }

  void Dispatch() {
    keep_alive_ = parser_->get().keep_alive();
    accepts_gzip_ = AcceptsGzip(request_.Header("accept-encoding"));
    http_version_ = parser_->get().version();
    request_.body = std::move(parser_->get().body());
    stream_.expires_never();
    if (route_ == nullptr) {
      if (allow_.empty()) return Answer(TextResponse(404, "404 page not found\n"));
      return Answer({405, "", "", {{"Allow", allow_}}});
    }
    std::atomic<size_t>& waiting = server_->waiting[static_cast<size_t>(route_->lane)];
    if (waiting.load() >= server_->options.max_waiting) {
      return Answer(TextResponse(429, "too many outstanding requests\n"));
    }
    ++waiting;
    ++server_->requests;
    gone_ = std::make_shared<std::atomic<bool>>(false);
    request_.cancelled = [gone = gone_, server = server_] {
      return gone->load(std::memory_order_relaxed) ||
             server->cancel_running.load(std::memory_order_relaxed);
    };
    WatchForEnd();
    asio::post(server_->pool(route_->lane), [self = shared_from_this(), &waiting]() mutable {
      --waiting;
      Response response = RunHandler(self->route_->handler, &self->request_,
                                     self->server_->options.max_inflated_bytes);
      if (self->accepts_gzip_ && response.body.size() >= kGzipFromBytes) {
        response.body = Gzip(response.body);
        response.headers.emplace_back("Content-Encoding", "gzip");
        response.headers.emplace_back("Vary", "Accept-Encoding");
      }
      // `self` goes along: the session must not end on this thread.
      asio::io_context& io = self->server_->io;
      asio::post(io, [self = std::move(self), response = std::move(response)]() mutable {
        self->Answer(std::move(response));
      });
    });
  }

  // While a handler runs nothing is read; a client that has gone shows as a readable end.
  void WatchForEnd() {
    stream_.socket().async_wait(
        tcp::socket::wait_read, [self = shared_from_this(), gone = gone_](error_code error) {
          if (error || self->gone_ != gone) return;  // answered meanwhile
          char byte;
          const int fd = self->stream_.socket().native_handle();
          const ssize_t size = ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
          if (size == 0 || (size < 0 && errno != EAGAIN)) gone->store(true);
        });
  }

  void RefuseSize(size_t limit) {
    Refuse(
        TextResponse(413, "request body too large, limit: " + std::to_string(limit) + " bytes\n"));
  }
  // Answers a request of which not everything was read.
  void Refuse(Response response) {
    busy_ = true;
    keep_alive_ = false;
    unread_ = true;
    accepts_gzip_ = false;
    Answer(std::move(response));
  }

  void Answer(Response response) {
    error_code ignored;
    stream_.socket().cancel(ignored);  // WatchForEnd
    gone_.reset();
    if (server_->stopping) keep_alive_ = false;
    answer_.emplace(static_cast<http::status>(response.status), http_version_);
    if (const std::string_view reason = ReasonPhrase(response.status); !reason.empty()) {
      answer_->reason({reason.data(), reason.size()});
    }
    answer_->set(http::field::server, "glp");
    if (!response.content_type.empty()) {
      answer_->set(http::field::content_type, response.content_type);
      answer_->set("X-Content-Type-Options", "nosniff");
    }
    for (const auto& [name, value] : response.headers) answer_->set(name, value);
    answer_->keep_alive(keep_alive_);
    answer_->body() = std::move(response.body);
    if (response.status != 204) answer_->content_length(answer_->body().size());
    if (request_.method == "HEAD") answer_->body().clear();
    serializer_.emplace(*answer_);
    Write();
  }

  void Write() {
    stream_.expires_after(milliseconds(server_->options.write_timeout_ms));
    http::async_write_some(stream_, *serializer_,
                           [self = shared_from_this()](error_code error, size_t) {
                             if (error) return;
                             if (!self->serializer_->is_done()) return self->Write();
                             self->serializer_.reset();
                             self->answer_.reset();
                             self->AfterAnswer();
                           });
  }

  void AfterAnswer() {
    if (keep_alive_) return ReadHeader();
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    if (unread_) {
      // Closing with unread bytes would reset the connection and could take the answer with it.
      stream_.expires_after(milliseconds(kDrainMs));
      Drain();
    }
  }

  void Drain() {
    stream_.async_read_some(asio::buffer(drain_),
                            [self = shared_from_this()](error_code error, size_t) {
                              if (!error) self->Drain();
                            });
  }

  HttpServer::Impl* const server_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  Request request_;
  const Router::Route* route_ = nullptr;
  std::string allow_;
  std::shared_ptr<std::atomic<bool>> gone_;
  std::optional<http::response<http::string_body>> answer_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  std::array<char, 4096> drain_;
  unsigned http_version_ = 11;
  bool busy_ = false;
  bool keep_alive_ = false;
  bool accepts_gzip_ = false;
  bool unread_ = false;
};

void HttpServer::Impl::Accept() {
  if (stopping || !acceptor.is_open()) return;
  accepting = sessions.size() < options.max_connections;
  if (!accepting) return;  // Forget goes on
  acceptor.async_accept([this](error_code error, tcp::socket socket) {
    accepting = false;
    if (stopping) return;
    if (error) {
      // Out of descriptors, most likely: later there may be some.
      retry.expires_after(milliseconds(100));
      retry.async_wait([this](error_code cancelled) {
        if (!cancelled) Accept();
      });
      return;
    }
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    auto session = std::make_shared<Session>(this, std::move(socket));
    sessions.insert(session.get());
    connections = sessions.size();
    session->ReadHeader();
    Accept();
  });
}

void HttpServer::Impl::Forget(Session* session) {
  sessions.erase(session);
  {
    std::lock_guard lock(mutex);
    connections = sessions.size();
  }
  all_gone.notify_all();
  if (!accepting && !stopping) asio::post(io, [this] { Accept(); });
}

HttpServer::HttpServer(ServerOptions options, Router router)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(router))) {}

HttpServer::~HttpServer() { Stop(0); }

Status HttpServer::Start() {
  Impl& s = *impl_;
  error_code error;
  const auto ip = asio::ip::make_address(s.options.address, error);
  if (error) {
    return UsageError("'" + s.options.address + "' is not an IP address to listen on");
  }
  const tcp::endpoint endpoint(ip, s.options.port);
  s.acceptor.open(endpoint.protocol(), error);
  if (!error) s.acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) s.acceptor.bind(endpoint, error);
  if (!error) s.acceptor.listen(asio::socket_base::max_listen_connections, error);
  tcp::endpoint bound;
  if (!error) bound = s.acceptor.local_endpoint(error);
  if (error) {
    return Status(Code::kIo, "cannot listen on " + s.options.address + ":" +
                                 std::to_string(s.options.port) + ": " + error.message());
  }
  s.port = bound.port();
  const std::string host = ip.is_v6() ? "[" + ip.to_string() + "]" : ip.to_string();
  s.address = host + ":" + std::to_string(s.port);
  const int threads[kLanes] = {s.options.control_threads, s.options.ingest_threads,
                               s.options.query_threads};
  for (size_t i = 0; i < kLanes; ++i) {
    s.pools[i] = std::make_unique<asio::thread_pool>(threads[i]);
  }
  asio::post(s.io, [&s] { s.Accept(); });
  s.mover = std::thread([&s] {
    const auto work = asio::make_work_guard(s.io);
    s.io.run();
  });
  return Status::Ok();
}

const std::string& HttpServer::address() const { return impl_->address; }
uint16_t HttpServer::port() const { return impl_->port; }

ServerStats HttpServer::stats() const {
  return {impl_->requests.load(), impl_->connections.load()};
}

void HttpServer::Stop(int grace_ms) {
  Impl& s = *impl_;
  if (!s.mover.joinable()) return;
  auto close_sessions = [&s](bool always) {
    asio::post(s.io, [&s, always] {
      error_code ignored;
      s.acceptor.close(ignored);
      s.retry.cancel();
      for (Session* session : s.sessions) session->Close(always);
    });
  };
  auto wait_gone = [&s](int ms) {
    std::unique_lock lock(s.mutex);
    s.all_gone.wait_for(lock, milliseconds(ms), [&s] { return s.connections == 0; });
  };
  s.stopping = true;
  close_sessions(false);
  wait_gone(grace_ms);
  s.cancel_running = true;
  for (auto& pool : s.pools) pool->join();
  wait_gone(100);  // answers on their way
  close_sessions(true);
  wait_gone(1000);
  s.io.stop();
  s.mover.join();
}

Result<ListenAddress> ParseListenAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  ListenAddress listen{"127.0.0.1", 0};
  const std::string_view port = colon == std::string_view::npos ? text : text.substr(colon + 1);
  std::string_view address =
      colon == std::string_view::npos ? std::string_view() : text.substr(0, colon);
  if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
    address = address.substr(1, address.size() - 2);
  }
  if (address == "localhost") address = "127.0.0.1";
  if (!address.empty()) listen.address = std::string(address);
  const std::optional<uint64_t> number = ParseUint64(port);
  error_code error;
  asio::ip::make_address(listen.address, error);
  if (!number || *number > 65535 || error) {
    return UsageError("'" + std::string(text) +
                      "' is not an address to listen on; try 127.0.0.1:3100, [::1]:3100 or :3100");
  }
  listen.port = static_cast<uint16_t>(*number);
  return listen;
}

bool IsLoopback(std::string_view address) {
  error_code error;
  const auto ip = asio::ip::make_address(std::string(address), error);
  return !error && ip.is_loopback();
}

}  // namespace glp::wire
