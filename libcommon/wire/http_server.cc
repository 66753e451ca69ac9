// Sessions are written for sockets that are tried first and waited for then, not for the composed
// operations of Boost.Asio: that way plain connections and TLS share one way, bodies are read where
// they stay, all connections read through one buffer, and one that is idle has none.
#include "wire/http_server.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <ctime>
#include <future>
#include <mutex>
#include <thread>
#include <unordered_set>

#include "base/strings.h"
#include "wire/gate_queue.h"
#include "wire/gzip.h"
#include "wire/http_head.h"
#include "wire/http_transport.h"
#include "wire/http_websocket.h"

namespace glp::wire {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr size_t kReadBytes = 64 << 10;
constexpr size_t kMaxAheadBytes = 64 << 10;   // read of the next requests while one runs
constexpr size_t kMaxReserveBytes = 4 << 20;  // for a body of which nothing came yet
constexpr size_t kBodyStepBytes = 256 << 10;
constexpr size_t kTurnBytes = 1 << 20;            // then it is the other connections' turn
constexpr size_t kMinBodyBytesPerSecond = 1'000;  // on the average
constexpr size_t kJoinBytes = 16 << 10;           // shorter bodies go out with their head
constexpr size_t kGzipFromBytes = 1400;           // less fits into a packet anyway
constexpr size_t kPieceBytes = 64 << 10;
constexpr milliseconds kPieceTime{20};
constexpr size_t kMaxParams = 10'000;
constexpr int kDrainMs = 2'000;
constexpr auto kNever = steady_clock::time_point::max();

// To assign an empty one would keep the memory of its strings.
template <typename T>
void Free(T* value) {
  T none;
  std::swap(*value, none);
}

bool IsForm(const Request& request) {
  return MediaType(request.Header("content-type")) == "application/x-www-form-urlencoded";
}

// ParseForm of what a client sent. The answer where it is no form.
std::optional<Response> TakeForm(std::string_view text, Params* params) {
  if (const std::string_view bad = FindBadEscape(text); !bad.empty()) {
    return TextResponse(400, "invalid URL escape \"" + EscapeForTerminal(bad) + "\"\n");
  }
  if (static_cast<size_t>(std::count(text.begin(), text.end(), '&')) >= kMaxParams) {
    return TextResponse(400, "too many parameters, limit: " + std::to_string(kMaxParams) + "\n");
  }
  ParseForm(text, params);
  return std::nullopt;
}

// Undoes Content-Encoding. Nothing where it worked or the encoding is another: handlers judge it.
std::optional<Response> InflateBody(Request* request, size_t max_bytes) {
  const std::string_view encoding = TrimSpace(request->Header("content-encoding"));
  const bool deflate = EqualIgnoringCase(encoding, "deflate");
  if (!deflate && !EqualIgnoringCase(encoding, "gzip")) return std::nullopt;
  Result<std::string> body = Inflate(request->body, deflate, max_bytes, request->memory);
  if (!body.ok()) {
    const int status = body.status().code() == Code::kLimit ? 413 : 400;
    return TextResponse(
        status, "request body (" + std::string(encoding) + "): " + body.status().message() + "\n");
  }
  request->body = std::move(body).value();
  return std::nullopt;
}

Response InternalError(const std::exception& error) {
  return TextResponse(500, std::string("internal error: ") + error.what() + "\n");
}

Response RunHandler(const Handler& handler, Request* request, size_t max_inflated_bytes) {
  try {
    if (auto error = InflateBody(request, max_inflated_bytes)) return *std::move(error);
    if (request->method == "POST" && IsForm(*request)) {
      Params form;
      if (auto error = TakeForm(request->body, &form)) return *std::move(error);
      request->params.insert(request->params.begin(), std::make_move_iterator(form.begin()),
                             std::make_move_iterator(form.end()));
    }
    return handler(*request);
  } catch (const std::exception& e) {
    return InternalError(e);
  }
}

Response TryLater(int status, const std::string& words) {
  Response response = TextResponse(status, words + "\n");
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

bool HasHeader(const Response& response, std::string_view name) {
  return std::any_of(response.headers.begin(), response.headers.end(),
                     [name](const auto& header) { return EqualIgnoringCase(header.first, name); });
}

void SayGzip(Response* response) {
  response->headers.emplace_back("Content-Encoding", "gzip");
  response->headers.emplace_back("Vary", "Accept-Encoding");
}

// The part of an answer that is still to come. Used on one thread at a time: one of the lane's
// while a piece is made, else the io thread.
struct Pieces {
  // Appends about kPieceBytes of the answer to `text`, or what there is after kPieceTime.
  Status Collect(std::string* text) {
    const auto until = steady_clock::now() + kPieceTime;
    while (!is_end && text->size() < kPieceBytes) {
      std::string piece;
      try {
        const Result<bool> has_more = more(&piece);
        if (!has_more.ok()) return has_more.status();
        is_end = !*has_more;
      } catch (const std::exception& e) {
        return Status(Code::kIo, e.what());
      }
      if (text->empty()) {
        *text = std::move(piece);
      } else {
        *text += piece;
      }
      if (steady_clock::now() >= until) break;
    }
    return Status::Ok();
  }

  // What goes out for the next `text` of the answer.
  Status Frame(std::string text, std::string* out) {
    if (gzip) {
      std::string packed;
      if (!text.empty() || is_end) GLP_RETURN_IF_ERROR(gzip->Append(text, is_end, &packed));
      text = std::move(packed);
    }
    if (!is_chunked) {
      *out += text;
      return Status::Ok();
    }
    if (!text.empty()) {
      char size[24];
      const int length = std::snprintf(size, sizeof size, "%zx\r\n", text.size());
      out->append(size, static_cast<size_t>(length));
      *out += text;
      *out += "\r\n";
    }
    if (is_end) *out += "0\r\n\r\n";
    return Status::Ok();
  }

  std::function<Result<bool>(std::string*)> more;
  std::optional<GzipStream> gzip;
  bool is_chunked = false;
  bool is_end = false;
  Status error;
  std::string out;  // the next to be sent
};

void AppendHeader(std::string* out, std::string_view name, std::string_view value) {
  *out += name;
  *out += ": ";
  for (char c : value) *out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
  *out += "\r\n";
}

// Connections take descriptors, and the store needs some, too, one for each tenant that pushes:
// what the system lets a process have without asking is often less. Where it lets it have no more,
// half is for connections: how many there may be is returned.
size_t RaiseFileLimit(size_t connections) {
  rlimit limit{};
  const rlim_t wanted = connections + 2048;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return connections;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) getrlimit(RLIMIT_NOFILE, &limit);
  return std::clamp<size_t>(limit.rlim_cur / 2, 1, connections);
}

ServerOptions WithinFileLimit(ServerOptions options) {
  options.max_connections = RaiseFileLimit(options.max_connections);
  return options;
}

// The host of PeerName.
std::string_view HostOf(std::string_view peer) { return peer.substr(0, peer.rfind(':')); }

std::string PeerName(const tcp::socket& socket) {
  error_code error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  if (error) return {};
  const std::string host = peer.address().to_string();
  return (peer.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(peer.port());
}

}  // namespace

struct HttpServer::Impl {
  Impl(ServerOptions o, Router r)
      : options(std::move(o)),
        router(std::move(r)),
        work({"a request", options.max_work_bytes, options.max_work_bytes, options.work_wait_ms,
              "send less at a time"}) {}

  void Accept();
  void MakeRoom();
  void Forget(Session* session);
  void RunIo();
  // Runs `work` on the io thread and returns when it is done.
  void OnIo(const std::function<void()>& work);
  std::string_view Date();  // io thread
  std::shared_ptr<TlsContext> tls_context() {
    std::lock_guard lock(mutex);
    return tls;
  }
  asio::thread_pool& pool(Lane lane) { return *pools[static_cast<size_t>(lane)]; }
  // No lane takes all connections: requests of one are at most three quarters of them.
  size_t max_in_lane() const { return std::max<size_t>(1, options.max_connections / 4 * 3); }

  const ServerOptions options;
  const Router router;
  MemoryBudget work;
  std::string address;
  uint16_t port = 0;

  // Of the io thread.
  bool accepting = false;
  bool room_is_wanted = false;  // the next connection that has nothing to do is closed
  std::unordered_set<Session*> sessions;
  size_t held_bytes = 0;  // of requests
  std::array<size_t, kLanes> in_lane{};
  std::vector<char> scratch = std::vector<char>(kReadBytes);  // all read through it
  std::time_t date_s = 0;
  std::string date;

  std::atomic<bool> stopping{false};        // no new requests
  std::atomic<bool> cancel_running{false};  // the grace is over; set on the io thread
  std::atomic<uint64_t> requests{0};
  std::atomic<uint64_t> connections{0};
  std::atomic<uint64_t> sockets{0};
  std::mutex mutex;  // of tls, and with all_gone
  std::shared_ptr<TlsContext> tls;
  std::condition_variable all_gone;

  // Last, so that they go first: connections still open end with `io` and use what stands above.
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  asio::steady_timer retry{io};
  std::array<std::unique_ptr<asio::thread_pool>, kLanes> pools;
  std::array<std::atomic<size_t>, kLanes> waiting{};
  std::optional<GateQueue> gates;  // from the first on that needs it; made on the io thread
  std::thread mover;
};

// One connection: header, body, handler, answer, and again. Lives as long as a wait or a handler
// holds it. Runs on the io thread but where it says "lane".
class HttpServer::Session : public std::enable_shared_from_this<HttpServer::Session> {
 public:
  Session(HttpServer::Impl* server, tcp::socket socket)
      : server_(server),
        transport_(std::move(socket), server->tls_context()),
        timer_(server->io),
        peer_(PeerName(transport_.socket())) {}
  ~Session() {
    ReleasePieces();
    LeaveLane();
    Hold(0);
    server_->Forget(this);
  }

  void Begin() {
    SetDeadline(server_->options.read_timeout_ms);
    transport_.has_tls() ? Handshake() : NextRequest();
  }

  // For the stop. Ends at once what waits for a request (or `always`); WebSockets say goodbye.
  void Stop(bool always) {
    if (socket_ != nullptr) {
      always ? socket_->Cut() : socket_->Close(1001, "the server stops");
    } else if (always || doing_ == Doing::kHandshake || doing_ == Doing::kIdle ||
               doing_ == Doing::kHead || doing_ == Doing::kJudging || doing_ == Doing::kDraining) {
      End(false);
    }
  }

  // Since when it waits for a request; never where it does not. `or_part_of_one`: also where some
  // of its head came, or of a handshake.
  steady_clock::time_point idle_since(bool or_part_of_one) const {
    const bool waits = (doing_ == Doing::kIdle && unread().empty()) ||
                       (or_part_of_one && (doing_ == Doing::kHandshake || doing_ == Doing::kHead));
    return waits ? idle_since_ : kNever;
  }
  // Whether an answer is owed: not of a WebSocket.
  bool is_asked() const { return !is_ended_ && socket_ == nullptr; }
  void End(bool reset) {
    if (is_ended_) return;
    is_ended_ = true;
    if (gone_ != nullptr) gone_->store(true);
    timer_.cancel();
    transport_.Close(reset);
    // Not from here: this may be all that keeps it.
    if (judged_ != nullptr) asio::post(server_->io, [self = std::move(judged_)] {});
  }

 private:
  enum class Doing {
    kHandshake,
    kIdle,  // nothing of a request is there
    kHead,
    kJudging,     // the gate takes long
    kContinuing,  // "100 Continue" is sent
    kBody,
    kAnswering,  // a handler runs or its answer is sent
    kDraining,
    kSocket,
  };

  // Waits: one for reading and one for writing at most, whatever they wait for.

  void Wait(ssize_t want, bool* is_waiting, void (Session::*next)()) {
    if (*is_waiting || is_ended_) return;
    *is_waiting = true;
    transport_.socket().async_wait(
        want == Transport::kWantRead ? tcp::socket::wait_read : tcp::socket::wait_write,
        [self = shared_from_this(), is_waiting, next](error_code error) {
          *is_waiting = false;
          if (!error && !self->is_ended_) (self.get()->*next)();
        });
  }
  // For what a try to read said; false where it gave bytes.
  bool WaitToRead(ssize_t result) {
    if (result > 0) return false;
    if (result == Transport::kWantRead || result == Transport::kWantWrite) {
      Wait(result, &reading_waits_, &Session::OnReadable);
    } else {
      End(false);
    }
    return true;
  }

  void OnReadable() {
    switch (doing_) {
      case Doing::kHandshake:
        return Handshake();
      case Doing::kIdle:
      case Doing::kHead:
        return ReadHead();
      case Doing::kBody:
        return ReadBody();
      case Doing::kAnswering:
        return Look();
      case Doing::kDraining:
        return Drain();
      case Doing::kJudging:
      case Doing::kContinuing:
      case Doing::kSocket:
        return;
    }
  }

  void Later(void (Session::*next)()) {
    asio::post(server_->io, [self = shared_from_this(), next] {
      if (!self->is_ended_) (self.get()->*next)();
    });
  }

  // Deadlines. The timer is set anew only where it would come too late.

  void SetDeadline(steady_clock::time_point deadline) {
    deadline_ = deadline;
    if (is_ended_) return;
    if (deadline_ == kNever || (timer_is_set_ && timer_.expiry() <= deadline_)) return;
    timer_.expires_at(deadline_);
    timer_is_set_ = true;
    timer_.async_wait([weak = weak_from_this()](error_code error) {
      const auto self = weak.lock();
      if (!error && self != nullptr) self->OnTimer();
    });
  }
  void SetDeadline(int ms) { SetDeadline(steady_clock::now() + milliseconds(ms)); }

  void OnTimer() {
    timer_is_set_ = false;
    if (is_ended_ || deadline_ == kNever) return;
    if (steady_clock::now() < deadline_) return SetDeadline(deadline_);
    switch (doing_) {
      case Doing::kHead:
        return Refuse(408, "the header of the request takes too long");
      case Doing::kBody:
        return Refuse(408, "the body of the request takes too long");
      case Doing::kAnswering:
        return End(true);  // the system would keep on trying to send what nobody takes
      default:
        return End(false);
    }
  }

  // Counts the bytes of this request to those of all; false where these are too many.
  bool Hold(size_t bytes) {
    server_->held_bytes += bytes - held_bytes_;
    held_bytes_ = bytes;
    return server_->held_bytes <= server_->options.max_held_bytes;
  }

  void Handshake() {
    const ssize_t result = transport_.Handshake();
    if (transport_.got_plain_http()) {
      static constexpr std::string_view kAnswer =
          "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
      error_code ignored;
      transport_.socket().send(asio::buffer(kAnswer.data(), kAnswer.size()), 0, ignored);
    }
    if (WaitToRead(result)) return;
    client_name_ = transport_.client_name();
    NextRequest();
  }

  void NextRequest() {
    if (server_->stopping) return End(false);
    doing_ = Doing::kIdle;
    idle_since_ = steady_clock::now();
    Free(&request_);
    http_1_0_ = false;
    Free(&out_);
    FreeInput();
    SetDeadline(server_->options.idle_timeout_ms);
    // Not from here: answers that need no handler would nest.
    Later(&Session::OnReadable);
  }

  // Appends to in_ what the client sent; false where the read has to wait or nothing more comes.
  bool Fill() {
    in_.erase(0, in_at_);
    in_at_ = 0;
    const ssize_t result = transport_.Read(server_->scratch.data(), server_->scratch.size());
    if (WaitToRead(result)) return false;
    in_.append(server_->scratch.data(), static_cast<size_t>(result));
    return true;
  }
  // Gives its memory back where all of it was read.
  void FreeInput() {
    if (!unread().empty()) return;
    Free(&in_);
    in_at_ = 0;
  }
  std::string_view unread() const { return std::string_view(in_).substr(in_at_); }

  void ReadHead() {
    do {
      if (unread().empty()) continue;
      if (doing_ == Doing::kIdle) {
        doing_ = Doing::kHead;
        SetDeadline(server_->options.read_timeout_ms);
        const ServerOptions& options = server_->options;
        head_.emplace(
            HeadLimits{options.max_target_bytes, options.max_header_bytes, options.max_headers});
      }
      const ReadState state = head_->Read(unread());
      if (state == ReadState::kWhole) return OnHead();
      if (state == ReadState::kRefused) {
        return Refuse(head_->refusal().status, head_->refusal().words);
      }
      if (!Hold(unread().size())) return RefuseToHold();
    } while (Fill());
  }

  void OnHead() {
    in_at_ += head_->size_bytes();
    head_bytes_ = head_->size_bytes() * 2;  // as it came, and decoded
    RequestHead head = std::move(head_->head());
    head_.reset();
    keep_alive_ = head.keep_alive;
    http_1_0_ = head.http_1_0;
    left_ = head.content_length;
    if (head.chunked) chunks_.emplace();

    const size_t question = std::min(head.target.find('?'), head.target.size());
    const std::string_view path = std::string_view(head.target).substr(0, question);
    const std::string_view query = std::string_view(head.target).substr(question);
    request_.method = std::move(head.method);
    request_.path = UrlDecode(path, false);
    request_.headers = std::move(head.headers);
    request_.wants_websocket = head.wants_websocket;
    request_.peer = peer_;
    request_.client_name = client_name_;
    accepts_gzip_ = AcceptsGzip(request_.Header("accept-encoding"));
    if (auto error = TakeForm(query.substr(query.empty() ? 0 : 1), &request_.params)) {
      return Refuse(*std::move(error));
    }
    Router::Match match = server_->router.Find(request_.method, path);
    route_ = match.route;
    allow_ = std::move(match.allow);
    request_.captures = std::move(match.captures);

    has_body_ = left_ > 0 || chunks_;
    expects_continue_ = head.expects_continue;
    if (route_ == nullptr) return AnswerHead(NoRoute());
    Judge();
  }

  void Judge() {
    std::optional<Admission> admission;
    try {
      admission = route_->gate.quick(request_);
    } catch (const std::exception& e) {
      return AnswerHead(InternalError(e));
    }
    if (admission) return OnJudged(*std::move(admission));
    doing_ = Doing::kJudging;
    SetDeadline(kNever);
    if (!server_->gates) server_->gates.emplace();
    const bool taken = server_->gates->Add(HostOf(peer_), [weak = weak_from_this()] {
      auto self = weak.lock();
      Session* const session = self.get();
      return session == nullptr || session->JudgeSlowly(std::move(self));
    });
    if (!taken) return AnswerHead(TextResponse(429, "too many passwords are being looked at\n"));
    judged_ = shared_from_this();
  }
  // Thread of the gates. False where it was a wrong guess.
  bool JudgeSlowly(std::shared_ptr<Session> self) {
    Admission admission;
    try {
      admission = route_->gate.slow(request_);
    } catch (const std::exception& e) {
      admission.refusal = InternalError(e);
    }
    const bool is_right = admission.refusal.status != 401;
    asio::io_context& io = server_->io;
    asio::post(io, [self = std::move(self), admission = std::move(admission)]() mutable {
      self->judged_.reset();
      if (!self->is_ended_) self->OnJudged(std::move(admission));
    });
    return is_right;
  }
  void OnJudged(Admission admission) {
    if (!admission.ok()) return AnswerHead(std::move(admission.refusal));
    request_.tenant = std::move(admission.tenant);
    max_body_bytes_ = route_->lane == Lane::kIngest ? server_->options.max_body_bytes
                                                    : server_->options.max_form_bytes;
    if (left_ > max_body_bytes_) {
      return Refuse(413,
                    "request body too large, limit: " + std::to_string(max_body_bytes_) + " bytes");
    }
    if (!Hold(head_bytes_)) return RefuseToHold();
    body_from_ = steady_clock::now();
    if (expects_continue_ && has_body_ && unread().empty()) {
      doing_ = Doing::kContinuing;
      out_ = "HTTP/1.1 100 Continue\r\n\r\n";
      return Send(&Session::BeginBody);
    }
    BeginBody();
  }
  // Without its body, which is not read: where one follows the connection ends, so that nothing of
  // it can be taken for a request.
  void AnswerHead(Response response) {
    if (has_body_) return Refuse(std::move(response));
    doing_ = Doing::kAnswering;
    FreeInput();
    SetDeadline(kNever);
    Answer(std::move(response));
  }

  void BeginBody() {
    doing_ = Doing::kBody;
    body_bytes_ = 0;
    request_.body.reserve(std::min<uint64_t>(left_, kMaxReserveBytes));
    ReadBody();
  }

  void ReadBody() {
    size_t turn_bytes = 0;
    while (true) {
      if (chunks_) {
        std::string_view bytes = unread();
        const ReadState state = chunks_->Read(&bytes, max_body_bytes_, &request_.body);
        in_at_ = in_.size() - bytes.size();
        body_bytes_ = request_.body.size();
        if (!Hold(head_bytes_ + body_bytes_)) return RefuseToHold();
        if (state == ReadState::kWhole) return Dispatch();
        if (state == ReadState::kRefused) {
          return Refuse(chunks_->refusal().status, chunks_->refusal().words);
        }
        if (!Fill()) break;
        turn_bytes += unread().size();
      } else {
        if (left_ == 0) {
          request_.body.resize(body_bytes_);
          return Dispatch();
        }
        const ssize_t size = ReadBodyBytes();
        if (WaitToRead(size)) break;
        body_bytes_ += static_cast<size_t>(size);
        left_ -= static_cast<uint64_t>(size);
        turn_bytes += static_cast<size_t>(size);
        if (!Hold(head_bytes_ + body_bytes_)) return RefuseToHold();
      }
      if (turn_bytes >= kTurnBytes) return Later(&Session::OnReadable);
    }
    // One byte a minute would keep a connection for years.
    const milliseconds timeout(server_->options.read_timeout_ms);
    const milliseconds earned(body_bytes_ * 1000 / kMinBodyBytesPerSecond);
    SetDeadline(std::min(steady_clock::now() + timeout, body_from_ + timeout + earned));
  }

  // Of a body whose length is known: what was read with the head, then straight into its place.
  ssize_t ReadBodyBytes() {
    std::string& body = request_.body;
    if (const std::string_view here = unread().substr(0, left_); !here.empty()) {
      body.append(here);
      in_at_ += here.size();
      return static_cast<ssize_t>(here.size());
    }
    if (body.size() == body_bytes_) {
      body.resize(body.size() + std::min<uint64_t>(left_, kBodyStepBytes));
    }
    return transport_.Read(body.data() + body_bytes_, body.size() - body_bytes_);
  }

  Response NoRoute() const {
    if (allow_.empty()) return TextResponse(404, "404 page not found\n");
    return {405, "", "", {{"Allow", allow_}}};
  }

  void Dispatch() {
    doing_ = Doing::kAnswering;
    chunks_.reset();
    FreeInput();
    SetDeadline(kNever);
    if (server_->cancel_running) return Answer(TextResponse(503, "the server stops\n"));
    const auto lane = static_cast<size_t>(route_->lane);
    std::atomic<size_t>& waiting = server_->waiting[lane];
    if (waiting.load() >= server_->options.max_waiting ||
        server_->in_lane[lane] >= server_->max_in_lane()) {
      return Answer(TryLater(429, "too many outstanding requests"));
    }
    ++waiting;
    ++server_->in_lane[lane];
    lane_ = route_->lane;
    ++server_->requests;
    gone_ = std::make_shared<std::atomic<bool>>(false);
    request_.cancelled = [gone = gone_, server = server_] {
      return gone->load(std::memory_order_relaxed) ||
             server->cancel_running.load(std::memory_order_relaxed);
    };
    Watch();
    asio::post(server_->pool(*lane_),
               [self = shared_from_this(), &waiting, from = steady_clock::now()]() mutable {
                 --waiting;
                 self->request_.queued_seconds =
                     std::chrono::duration<double>(steady_clock::now() - from).count();
                 Response response = self->Run();
                 // `self` goes along: the session must not end on this thread.
                 asio::io_context& io = self->server_->io;
                 asio::post(io, [self = std::move(self), response = std::move(response)]() mutable {
                   self->Answer(std::move(response));
                 });
               });
  }

  // Lane: the answer, compressed where the client takes it; of a long one the beginning.
  Response Run() {
    // A query takes long, so one that nobody waits for is dropped; some clients close their half of
    // the connection behind a request, and what is quick is answered to them.
    if (server_->cancel_running || (request_.cancelled() && lane_ == Lane::kQuery)) {
      return TextResponse(503, "the server stops, or the client did not wait\n");
    }
    const ServerOptions& options = server_->options;
    const size_t max_bytes =
        lane_ == Lane::kIngest ? options.max_inflated_bytes : options.max_form_bytes;
    Response response;
    if (lane_ == Lane::kIngest) {
      MemoryClaim claim(&server_->work, request_.cancelled);
      request_.memory = &claim;
      response = RunHandler(route_->handler, &request_, max_bytes);
      request_.memory = nullptr;
      if (claim.is_refused()) {
        response = TryLater(503, "too many bytes of requests are being handled; try later");
      }
    } else {
      response = RunHandler(route_->handler, &request_, max_bytes);
    }
    try {
      if (response.more != nullptr) BeginPieces(&response);
      if (pieces_ == nullptr) {
        Free(&request_.body);
        const bool packs = accepts_gzip_ && response.body.size() >= kGzipFromBytes &&
                           !HasHeader(response, "content-encoding");
        if (packs) {
          response.body = Gzip(response.body);
          SayGzip(&response);
        }
      }
    } catch (const std::exception& e) {
      pieces_.reset();
      return InternalError(e);
    }
    return response;
  }

  // Lane. An answer that ends soon is sent whole.
  void BeginPieces(Response* response) {
    auto pieces = std::make_unique<Pieces>();
    pieces->more = std::move(response->more);
    response->more = nullptr;
    const bool is_head = request_.method == "HEAD";
    if (!is_head) {
      if (const Status status = pieces->Collect(&response->body); !status.ok()) {
        *response = TextResponse(500, status.message() + "\n");
        return;
      }
      if (pieces->is_end) return;
    }
    if (accepts_gzip_ && !HasHeader(*response, "content-encoding")) {
      pieces->gzip.emplace();
      SayGzip(response);
    }
    pieces->is_chunked = !http_1_0_;
    if (!is_head) pieces->error = pieces->Frame(std::move(response->body), &pieces->out);
    response->body = std::string();
    pieces_ = std::move(pieces);
  }

  // While a handler runs: the next requests, and whether the client is still there.
  void Watch() {
    if (unread().size() >= kMaxAheadBytes) return;
    Wait(Transport::kWantRead, &reading_waits_, &Session::OnReadable);
  }
  void Look() {
    if (unread().size() >= kMaxAheadBytes) return;
    const ssize_t result = transport_.Read(server_->scratch.data(), server_->scratch.size());
    if (result > 0) {
      // Who always has a request ahead never comes to Fill.
      in_.erase(0, in_at_);
      in_at_ = 0;
      in_.append(server_->scratch.data(), static_cast<size_t>(result));
      return Watch();
    }
    if (result == Transport::kWantRead || result == Transport::kWantWrite) return Watch();
    if (gone_ != nullptr) gone_->store(true);
  }

  // Answers a request of which not everything was read.
  void Refuse(Response response) {
    doing_ = Doing::kAnswering;
    head_.reset();
    chunks_.reset();
    keep_alive_ = false;
    accepts_gzip_ = false;
    Free(&request_.body);
    Free(&in_);
    in_at_ = 0;
    Answer(std::move(response));
  }
  void Refuse(int status, const std::string& words) { Refuse(TextResponse(status, words + "\n")); }
  void RefuseToHold() {
    Refuse(TryLater(503, "too many bytes of requests are being taken; try later"));
  }

  void Answer(Response response) {
    if (is_ended_) return ReleasePieces();
    if (response.status == 101) {
      if (response.opened != nullptr && request_.wants_websocket && unread().empty()) {
        return Upgrade(std::move(response));
      }
      response = TextResponse(400, "this is no upgrade to a WebSocket as RFC 6455 has it\n");
    }
    if (server_->stopping || (pieces_ != nullptr && http_1_0_)) keep_alive_ = false;
    const bool is_head = request_.method == "HEAD";
    AppendHead(response);
    if (pieces_ != nullptr) {
      out_ += pieces_->out;
      pieces_->out = std::string();
      return Send(is_head || pieces_->is_end ? &Session::AfterAnswer : &Session::NextPiece);
    }
    Hold(0);
    if (is_head || response.status == 204 || response.status == 304) {
      response.body.clear();
    } else if (response.body.size() <= kJoinBytes) {
      out_ += response.body;
      response.body.clear();
    }
    body_ = std::move(response.body);
    Send(&Session::AfterAnswer);
  }

  void AppendHead(const Response& response) {
    out_ += http_1_0_ ? "HTTP/1.0 " : "HTTP/1.1 ";
    AppendUint64(&out_, static_cast<uint64_t>(response.status));
    out_ += ' ';
    out_ += ReasonPhrase(response.status);
    out_ += "\r\nServer: glp\r\n";
    AppendHeader(&out_, "Date", server_->Date());
    if (!response.content_type.empty()) {
      AppendHeader(&out_, "Content-Type", response.content_type);
      AppendHeader(&out_, "X-Content-Type-Options", "nosniff");
    }
    for (const auto& [name, value] : response.headers) AppendHeader(&out_, name, value);
    if (!keep_alive_) {
      AppendHeader(&out_, "Connection", "close");
    } else if (http_1_0_) {
      AppendHeader(&out_, "Connection", "keep-alive");
    }
    if (pieces_ != nullptr) {
      if (pieces_->is_chunked) AppendHeader(&out_, "Transfer-Encoding", "chunked");
    } else if (response.status != 204 && response.status != 304) {
      AppendHeader(&out_, "Content-Length", std::to_string(response.body.size()));
    }
    out_ += "\r\n";
  }

  // Sends out_ and body_, then goes on with `next`.
  void Send(void (Session::*next)()) {
    after_send_ = next;
    out_at_ = body_at_ = 0;
    SetDeadline(server_->options.write_timeout_ms);
    Write();
  }

  void Write() {
    size_t turn_bytes = 0;
    while (out_at_ < out_.size() || body_at_ < body_.size()) {
      const bool is_out = out_at_ < out_.size();
      size_t& at = is_out ? out_at_ : body_at_;
      const ssize_t result = transport_.Write(std::string_view(is_out ? out_ : body_).substr(at),
                                              is_out && !body_.empty());
      if (result > 0) {
        at += static_cast<size_t>(result);
        turn_bytes += static_cast<size_t>(result);
        if (turn_bytes >= kTurnBytes) return Later(&Session::Write);
        continue;
      }
      if (result != Transport::kWantRead && result != Transport::kWantWrite) {
        End(false);
        return ReleasePieces();
      }
      if (turn_bytes > 0) SetDeadline(server_->options.write_timeout_ms);
      return Wait(result, &writing_waits_, &Session::Write);
    }
    out_.clear();
    if (out_.capacity() > kJoinBytes) Free(&out_);
    Free(&body_);
    SetDeadline(kNever);
    (this->*after_send_)();
  }

  void NextPiece() {
    if (!pieces_->error.ok() || server_->cancel_running) return CutAnswer();
    asio::post(server_->pool(*lane_), [self = shared_from_this()]() mutable {
      self->MakePiece();
      asio::io_context& io = self->server_->io;
      asio::post(io, [self = std::move(self)] { self->OnPiece(); });
    });
  }
  // Lane.
  void MakePiece() {
    if (request_.cancelled()) {
      pieces_->error = Status(Code::kCancelled, "nobody waits");
      return;
    }
    try {
      std::string text;
      pieces_->error = pieces_->Collect(&text);
      if (!pieces_->error.ok()) return;
      pieces_->error = pieces_->Frame(std::move(text), &pieces_->out);
    } catch (const std::exception& e) {
      pieces_->error = Status(Code::kIo, e.what());
    }
  }
  void OnPiece() {
    if (is_ended_) return ReleasePieces();
    if (!pieces_->error.ok()) return CutAnswer();
    out_ = std::move(pieces_->out);
    pieces_->out = std::string();
    Send(pieces_->is_end ? &Session::AfterAnswer : &Session::NextPiece);
  }
  // The client must see that it is not whole: the last chunk is missing, or, where the end of the
  // connection is that of the answer, it is an error.
  void CutAnswer() {
    if (pieces_->is_chunked) transport_.EndWrites();
    End(!pieces_->is_chunked);
    ReleasePieces();
  }
  // What stands behind the pieces may be large: it goes where it came from.
  void ReleasePieces() {
    if (pieces_ == nullptr || server_->cancel_running) return pieces_.reset();
    asio::post(server_->pool(*lane_), [pieces = std::move(pieces_)] {});
  }

  void LeaveLane() {
    if (lane_) --server_->in_lane[static_cast<size_t>(*lane_)];
    lane_.reset();
  }

  void AfterAnswer() {
    ReleasePieces();
    LeaveLane();
    Hold(0);
    gone_.reset();
    if (keep_alive_ && !server_->room_is_wanted) return NextRequest();
    server_->room_is_wanted = false;
    transport_.EndWrites();
    if (server_->stopping) return End(false);
    // Closing with unread bytes would reset the connection and could take the answer with it.
    doing_ = Doing::kDraining;
    SetDeadline(kDrainMs);
    Drain();
  }

  void Drain() {
    size_t turn_bytes = 0;
    while (true) {
      const ssize_t result = transport_.Read(server_->scratch.data(), server_->scratch.size());
      if (WaitToRead(result)) return;
      turn_bytes += static_cast<size_t>(result);
      if (turn_bytes >= kTurnBytes) return Later(&Session::OnReadable);
    }
  }

  void Upgrade(Response response) {
    doing_ = Doing::kSocket;
    Free(&in_);
    in_at_ = 0;
    Hold(0);
    const WebSocket::Options options{server_->options.ping_interval_ms,
                                     server_->options.write_timeout_ms};
    auto opened = [this, opened = std::move(response.opened)](std::shared_ptr<Socket> socket) {
      is_open_ = true;
      ++server_->sockets;
      if (server_->cancel_running) return;
      asio::post(server_->pool(*lane_), [opened, socket = std::move(socket)]() mutable {
        try {
          opened(socket);
        } catch (const std::exception&) {
          socket->Close(1011, "internal error");
        }
      });
    };
    auto done = [this] {
      if (is_open_) --server_->sockets;
      LeaveLane();
      End(false);
      socket_.reset();
    };
    socket_ =
        std::make_unique<WebSocket>(&transport_, shared_from_this(), request_, response.headers,
                                    options, std::move(opened), std::move(done));
    Free(&request_);
    Free(&out_);
    if (server_->stopping) Stop(false);
  }

  HttpServer::Impl* const server_;
  Transport transport_;
  asio::steady_timer timer_;
  steady_clock::time_point deadline_ = kNever;
  steady_clock::time_point idle_since_ = steady_clock::now();
  steady_clock::time_point body_from_;
  const std::string peer_;
  std::string client_name_;
  Doing doing_ = Doing::kHandshake;
  bool timer_is_set_ = false;
  bool reading_waits_ = false;
  bool writing_waits_ = false;
  bool is_ended_ = false;
  bool is_open_ = false;  // as a WebSocket
  bool http_1_0_ = false;
  bool keep_alive_ = false;
  bool accepts_gzip_ = false;
  bool has_body_ = false;
  bool expects_continue_ = false;

  std::string in_;  // came, from in_at_ on not yet read
  size_t in_at_ = 0;
  std::optional<HeadReader> head_;
  std::optional<ChunkReader> chunks_;
  uint64_t left_ = 0;      // of a body whose length is known
  size_t head_bytes_ = 0;  // about what it takes
  size_t body_bytes_ = 0;
  size_t max_body_bytes_ = 0;
  size_t held_bytes_ = 0;
  Request request_;
  const Router::Route* route_ = nullptr;
  std::string allow_;
  std::shared_ptr<Session> judged_;  // itself, as long as only the gates know of it
  std::optional<Lane> lane_;         // counted in it
  std::shared_ptr<std::atomic<bool>> gone_;

  std::string out_;   // goes out first
  std::string body_;  // then this
  size_t out_at_ = 0;
  size_t body_at_ = 0;
  void (Session::*after_send_)() = nullptr;
  std::unique_ptr<Pieces> pieces_;
  std::unique_ptr<WebSocket> socket_;
};

void HttpServer::Impl::Accept() {
  if (stopping || accepting || !acceptor.is_open()) return;
  accepting = true;
  if (sessions.size() >= options.max_connections) {
    // Those who wait in the kernel go before those who have nothing to say.
    acceptor.async_wait(tcp::acceptor::wait_read, [this](error_code error) {
      accepting = false;
      if (stopping || error) return;
      if (sessions.size() < options.max_connections) return Accept();
      MakeRoom();
    });
    return;
  }
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
    auto session = std::make_shared<Session>(this, std::move(socket));
    sessions.insert(session.get());
    connections = sessions.size();
    session->Begin();
    Accept();
  });
}

// Closes the connection that waits for a request for the longest time, or where all say something
// the one that does not come to the end of its head. Its end accepts again.
void HttpServer::Impl::MakeRoom() {
  Session* oldest = nullptr;
  for (const bool or_part_of_one : {false, true}) {
    if (oldest != nullptr) break;
    auto since = kNever;
    for (Session* session : sessions) {
      if (session->idle_since(or_part_of_one) >= since) continue;
      since = session->idle_since(or_part_of_one);
      oldest = session;
    }
  }
  room_is_wanted = oldest == nullptr;
  if (oldest != nullptr) oldest->End(false);
}

void HttpServer::Impl::Forget(Session* session) {
  sessions.erase(session);
  {
    std::lock_guard lock(mutex);
    connections = sessions.size();
  }
  all_gone.notify_all();
  room_is_wanted = false;
  if (!accepting && !stopping) asio::post(io, [this] { Accept(); });
}

void HttpServer::Impl::RunIo() {
  const auto work = asio::make_work_guard(io);
  while (!io.stopped()) {
    try {
      io.run();
    } catch (const std::exception&) {
      // No memory for a request: what it was for ends with its connection, the others go on.
    }
  }
}

void HttpServer::Impl::OnIo(const std::function<void()>& work) {
  std::promise<void> done;
  asio::post(io, [&work, &done] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

std::string_view HttpServer::Impl::Date() {
  const std::time_t now = std::time(nullptr);
  if (now != date_s) {
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm tm{};
    gmtime_r(&now, &tm);
    char text[64];
    std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[tm.tm_wday],
                  tm.tm_mday, kMonths[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
                  tm.tm_sec);
    date = text;
    date_s = now;
  }
  return date;
}

HttpServer::HttpServer(ServerOptions options, Router router)
    : impl_(std::make_unique<Impl>(WithinFileLimit(std::move(options)), std::move(router))) {}

HttpServer::~HttpServer() { Stop(0); }

Status HttpServer::Start() {
  Impl& s = *impl_;
  error_code error;
  const auto ip = asio::ip::make_address(s.options.address, error);
  if (error) {
    return UsageError("'" + s.options.address + "' is not an IP address to listen on");
  }
  GLP_RETURN_IF_ERROR(ReloadTls());
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

  // Signals are for the threads of the tool, and a write to a client that has gone is an error, not
  // a signal.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int threads[kLanes] = {s.options.control_threads, s.options.ingest_threads,
                               s.options.query_threads};
  for (size_t i = 0; i < kLanes; ++i) {
    s.pools[i] = std::make_unique<asio::thread_pool>(threads[i]);
  }
  asio::post(s.io, [&s] { s.Accept(); });
  s.mover = std::thread([&s] { s.RunIo(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return Status::Ok();
}

const std::string& HttpServer::address() const { return impl_->address; }
uint16_t HttpServer::port() const { return impl_->port; }

ServerStats HttpServer::stats() const {
  return {impl_->requests.load(), impl_->connections.load(), impl_->sockets.load()};
}

Status HttpServer::ReloadTls() {
  GLP_ASSIGN_OR_RETURN(std::shared_ptr<TlsContext> tls, LoadTls(impl_->options.tls));
  std::lock_guard lock(impl_->mutex);
  impl_->tls.swap(tls);
  return Status::Ok();
}

size_t HttpServer::Stop(int grace_ms) {
  Impl& s = *impl_;
  if (!s.mover.joinable()) return 0;
  auto stop_sessions = [&s](bool always) {
    s.OnIo([&s, always] {
      error_code ignored;
      s.acceptor.close(ignored);
      s.retry.cancel();
      std::vector<std::shared_ptr<Session>> sessions;
      for (Session* session : s.sessions) {
        if (auto there = session->weak_from_this().lock()) sessions.push_back(std::move(there));
      }
      for (const auto& session : sessions) session->Stop(always);
    });
  };
  auto wait_gone = [&s](int ms) {
    std::unique_lock lock(s.mutex);
    s.all_gone.wait_for(lock, milliseconds(ms), [&s] { return s.connections == 0; });
  };
  s.stopping = true;
  stop_sessions(false);
  wait_gone(grace_ms);
  size_t late = 0;
  s.OnIo([&s, &late] {
    s.cancel_running = true;
    late = static_cast<size_t>(std::count_if(s.sessions.begin(), s.sessions.end(),
                                             [](const Session* one) { return one->is_asked(); }));
  });
  for (auto& pool : s.pools) pool->join();
  s.OnIo([&s] {
    if (s.gates) s.gates->Stop();
  });
  wait_gone(100);  // answers on their way
  stop_sessions(true);
  wait_gone(1000);
  s.io.stop();
  s.mover.join();
  return late;
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
