// The only file that includes Boost.Beast: it takes long to compile.
#include "wire/http_websocket.h"

#include <array>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <deque>
#include <mutex>

#include "base/strings.h"

namespace glp::wire {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr size_t kMaxMessageBytes = 64 << 10;  // of what the client says
constexpr size_t kMaxReasonBytes = 123;
constexpr milliseconds kCloseTime{2'000};  // for the client's close frame

// A Transport as Beast's streams are. Keeps alive what owns it: Beast's operations end after those
// who began them.
class BeastStream {
 public:
  using executor_type = asio::ip::tcp::socket::executor_type;

  BeastStream(Transport* transport, std::shared_ptr<void> owner)
      : transport_(transport), owner_(std::move(owner)) {}

  executor_type get_executor() const { return transport_->socket().get_executor(); }
  Transport* transport() const { return transport_; }

  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, size_t)>(
        [transport = transport_](auto handler, const Buffers& to) {
          Begin(Operation<false, Buffers, decltype(handler)>{transport, to, std::move(handler)});
        },
        token, buffers);
  }
  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, size_t)>(
        [transport = transport_](auto handler, const Buffers& from) {
          Begin(Operation<true, Buffers, decltype(handler)>{transport, from, std::move(handler)});
        },
        token, buffers);
  }

 private:
  // Tries, waits where it cannot be done now, and tries again.
  template <bool kIsWrite, typename Buffers, typename Handler>
  struct Operation {
    ssize_t Try() {
      if constexpr (kIsWrite) {
        // A frame is its header and its text: together they are one packet.
        std::array<char, 2048> gathered;
        const asio::const_buffer first = *asio::buffer_sequence_begin(buffers);
        if (first.size() >= gathered.size()) {
          return transport->Write({static_cast<const char*>(first.data()), first.size()});
        }
        const size_t size = asio::buffer_copy(asio::buffer(gathered), buffers);
        if (size == 0) return 0;
        return transport->Write({gathered.data(), size});
      } else {
        for (auto at = asio::buffer_sequence_begin(buffers);
             at != asio::buffer_sequence_end(buffers); ++at) {
          const asio::mutable_buffer to = *at;
          if (to.size() > 0) return transport->Read(static_cast<char*>(to.data()), to.size());
        }
        return 0;
      }
    }
    bool IsEmpty() const { return asio::buffer_size(buffers) == 0; }
    void Wait(ssize_t want) {
      Transport* const t = transport;
      t->socket().async_wait(want == Transport::kWantRead ? asio::ip::tcp::socket::wait_read
                                                          : asio::ip::tcp::socket::wait_write,
                             std::move(*this));
    }
    // A wait is over.
    void operator()(error_code error) {
      if (error) return handler(error, 0);
      const ssize_t result = Try();
      if (IsWant(result)) return Wait(result);
      handler(ErrorOf(result), Count(result));
    }

    Transport* transport;
    Buffers buffers;
    Handler handler;
  };

  template <typename Op>
  static void Begin(Op operation) {
    const ssize_t result = operation.IsEmpty() ? 0 : operation.Try();
    if (IsWant(result)) return operation.Wait(result);
    const error_code error = operation.IsEmpty() ? error_code() : ErrorOf(result);
    // Not from within the call that began it.
    asio::post(operation.transport->socket().get_executor(),
               beast::bind_front_handler(std::move(operation.handler), error, Count(result)));
  }

  static bool IsWant(ssize_t result) {
    return result == Transport::kWantRead || result == Transport::kWantWrite;
  }
  static size_t Count(ssize_t result) { return result > 0 ? static_cast<size_t>(result) : 0; }
  static error_code ErrorOf(ssize_t result) {
    if (result > 0) return {};
    if (result == Transport::kEnd) return asio::error::eof;
    return asio::error::connection_reset;
  }

  Transport* transport_;
  std::shared_ptr<void> owner_;
};

// Beast finds these by their names.
void beast_close_socket(BeastStream& stream) { stream.transport()->Close(false); }

template <typename Handler>
void async_teardown(beast::role_type, BeastStream& stream, Handler&& handler) {
  stream.transport()->EndWrites();
  asio::post(stream.get_executor(),
             beast::bind_front_handler(std::forward<Handler>(handler), error_code()));
}

std::string CutReason(std::string_view reason) {
  size_t size = std::min(reason.size(), kMaxReasonBytes);
  while (size > 0 && !IsValidUtf8(reason.substr(0, size))) --size;
  return std::string(reason.substr(0, size));
}

}  // namespace

class WebSocket::Impl : public std::enable_shared_from_this<WebSocket::Impl> {
 public:
  // What handlers keep; it stays when the connection is gone.
  class Handle : public Socket {
   public:
    Handle(BeastStream::executor_type executor, std::weak_ptr<Impl> impl)
        : executor_(std::move(executor)), impl_(std::move(impl)) {}

    bool Send(std::string text) override {
      std::lock_guard lock(mutex_);
      if (is_closed_ || close_code_ != 0) return false;
      bytes_ += text.size();
      queue_.push_back(std::move(text));
      Wake();
      return true;
    }
    size_t waiting_bytes() const override {
      std::lock_guard lock(mutex_);
      return bytes_;
    }
    bool closed() const override {
      std::lock_guard lock(mutex_);
      return is_closed_;
    }
    void Close(int code, std::string_view reason) override {
      std::lock_guard lock(mutex_);
      if (is_closed_ || close_code_ != 0) return;
      close_code_ = code;
      reason_ = CutReason(reason);
      Wake();
    }

    // Those below are the connection's.
    bool Next(std::string* text) {
      std::lock_guard lock(mutex_);
      is_woken_ = false;
      if (queue_.empty()) return false;
      *text = std::move(queue_.front());
      queue_.pop_front();
      return true;
    }
    void WasTaken(size_t bytes) {
      std::lock_guard lock(mutex_);
      if (!is_closed_) bytes_ -= bytes;
    }
    // The code and reason, 0 where no close was asked for.
    std::pair<int, std::string> close_asked() const {
      std::lock_guard lock(mutex_);
      return {close_code_, reason_};
    }
    void End() {
      std::lock_guard lock(mutex_);
      is_closed_ = true;
      queue_.clear();
      bytes_ = 0;
    }

   private:
    // REQUIRES: the lock, and that it is not closed: then the executor is still there.
    void Wake() {
      if (is_woken_) return;
      is_woken_ = true;
      asio::post(executor_, [impl = impl_] {
        if (const auto there = impl.lock()) there->Flush();
      });
    }

    mutable std::mutex mutex_;
    const BeastStream::executor_type executor_;
    const std::weak_ptr<Impl> impl_;
    std::deque<std::string> queue_;
    size_t bytes_ = 0;
    bool is_woken_ = false;
    bool is_closed_ = false;
    int close_code_ = 0;
    std::string reason_;
  };

  Impl(Transport* transport, std::shared_ptr<void> owner, Options options,
       std::function<void(std::shared_ptr<Socket>)> opened, std::function<void()> done)
      : transport_(transport),
        options_(options),
        stream_(transport, std::move(owner)),
        timer_(transport->socket().get_executor()),
        opened_(std::move(opened)),
        done_(std::move(done)) {}

  // Where the thread ends before the connection: handlers may still have the handle, and what it
  // would wake is gone.
  ~Impl() {
    if (handle_ != nullptr) handle_->End();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void Open(const Request& request, const Params& headers) {
    handle_ = std::make_shared<Handle>(stream_.get_executor(), weak_from_this());
    heard_at_ = steady_clock::now();
    stream_.read_message_max(kMaxMessageBytes);
    stream_.auto_fragment(false);
    stream_.text(true);
    stream_.control_callback([this](websocket::frame_type, beast::string_view) { Heard(); });
    stream_.set_option(
        websocket::stream_base::decorator([headers](websocket::response_type& response) {
          response.set(http::field::server, "glp");
          for (const auto& [name, value] : headers) response.set(name, value);
        }));
    http::request<http::empty_body> upgrade{http::verb::get, "/", 11};
    upgrade.set(http::field::host, "");
    upgrade.set(http::field::connection, "upgrade");
    upgrade.set(http::field::upgrade, "websocket");
    upgrade.set(http::field::sec_websocket_version, "13");
    const std::string_view key = request.Header("sec-websocket-key");
    upgrade.set(http::field::sec_websocket_key, beast::string_view(key.data(), key.size()));
    Tick();
    stream_.async_accept(upgrade, [self = shared_from_this()](error_code error) {
      if (error) return self->Finish();
      self->is_open_ = true;
      if (self->is_finished_) return;
      self->opened_(self->handle_);
      self->opened_ = nullptr;
      self->Read();
      self->Flush();
    });
  }

  void Flush() {
    if (!is_open_ || is_writing_ || is_closing_ || is_finished_) return;
    if (!handle_->Next(&text_)) {
      const auto [code, reason] = handle_->close_asked();
      if (code != 0) SendClose(code, reason);
      return;
    }
    is_writing_ = true;
    writing_from_ = steady_clock::now();
    stream_.async_write(asio::buffer(text_), [self = shared_from_this()](error_code error, size_t) {
      self->is_writing_ = false;
      self->handle_->WasTaken(self->text_.size());
      std::string().swap(self->text_);
      if (error) return self->Finish();
      self->Flush();
    });
  }

  void Close(int code, std::string_view reason) { handle_->Close(code, reason); }

  void Finish() {
    if (is_finished_) return;
    is_finished_ = true;
    handle_->End();
    timer_.cancel();
    transport_->EndWrites();
    transport_->Close(is_writing_);
    done_();
  }

 private:
  void Heard() { heard_at_ = steady_clock::now(); }

  void Read() {
    stream_.async_read_some(asio::buffer(passed_over_),
                            [self = shared_from_this()](error_code error, size_t) {
                              if (!error) {
                                self->Heard();
                                return self->Read();
                              }
                              if (!self->is_closing_) self->Finish();  // else the close ends it
                            });
  }

  void SendClose(int code, const std::string& reason) {
    is_closing_ = true;
    closing_from_ = steady_clock::now();
    stream_.async_close({static_cast<websocket::close_code>(code), reason},
                        [self = shared_from_this()](error_code) { self->Finish(); });
  }

  // Each ping_interval_ms: ends what is dead, pings what is not.
  void Tick() {
    timer_.expires_after(milliseconds(options_.ping_interval_ms));
    timer_.async_wait([weak = weak_from_this()](error_code error) {
      const auto self = weak.lock();
      if (!error && self != nullptr) self->OnTick();
    });
  }

  void OnTick() {
    if (is_finished_) return;
    const auto now = steady_clock::now();
    const milliseconds silence(options_.silence_timeout_ms);
    const auto taken_at = std::max(writing_from_, transport_->written_at());
    if (now - heard_at_ > silence || (is_writing_ && now - taken_at > silence) ||
        (is_closing_ && now - closing_from_ > kCloseTime)) {
      return Finish();
    }
    if (is_open_ && !is_pinging_ && !is_closing_) {
      is_pinging_ = true;
      stream_.async_ping({}, [self = shared_from_this()](error_code error) {
        self->is_pinging_ = false;
        if (error && !self->is_closing_) self->Finish();
      });
    }
    Tick();
  }

  Transport* const transport_;
  const Options options_;
  websocket::stream<BeastStream, false> stream_;
  asio::steady_timer timer_;
  std::function<void(std::shared_ptr<Socket>)> opened_;
  const std::function<void()> done_;
  std::shared_ptr<Handle> handle_;
  std::string text_;  // being sent
  std::array<char, 256> passed_over_;
  steady_clock::time_point heard_at_, writing_from_, closing_from_;
  bool is_open_ = false;
  bool is_writing_ = false;
  bool is_pinging_ = false;
  bool is_closing_ = false;
  bool is_finished_ = false;
};

WebSocket::WebSocket(Transport* transport, std::shared_ptr<void> owner, const Request& request,
                     const Params& headers, Options options,
                     std::function<void(std::shared_ptr<Socket>)> opened,
                     std::function<void()> done)
    : impl_(std::make_shared<Impl>(transport, std::move(owner), options, std::move(opened),
                                   std::move(done))) {
  impl_->Open(request, headers);
}

WebSocket::~WebSocket() = default;

void WebSocket::Close(int code, std::string_view reason) { impl_->Close(code, reason); }

void WebSocket::Cut() {
  const std::shared_ptr<Impl> impl = impl_;  // `done` may end this
  impl->Finish();
}

}  // namespace glp::wire
