#include "wire/ws_client.h"

#include <openssl/sha.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <random>
#include <utility>

#include "base/strings.h"
#include "io/stop.h"
#include "wire/curl.h"
#include "wire/curl_options.h"
#include "wire/http.h"

namespace glp::wire {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kCancelPollMs = 50;
constexpr size_t kMaxAnswerBytes = 64 << 10;
constexpr size_t kReadBytes = 64 << 10;

int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch())
      .count();
}

Status Stopped(const std::string& url) { return {Code::kCancelled, url + ": stopped"}; }

// What the server has to make of a key, RFC 6455, section 4.2.2.
std::string AcceptOf(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return Base64Encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

// What a request says of its URL.
struct Target {
  std::string host;  // HOST or HOST:PORT
  std::string path;  // with the query
  std::optional<std::string> authorization;
};

std::optional<Target> TargetOf(const Curl& curl, const std::string& url) {
  CURLU* parts = curl.url();
  if (parts == nullptr) return std::nullopt;
  const auto get = [&](CURLUPart part, unsigned flags) -> std::optional<std::string> {
    char* text = nullptr;
    if (curl.url_get(parts, part, &text, flags) != CURLUE_OK) return std::nullopt;
    std::string copy(text);
    curl.free(text);
    return copy;
  };
  std::optional<Target> target;
  if (curl.url_set(parts, CURLUPART_URL, url.c_str(), 0) == CURLUE_OK) {
    target.emplace();
    target->host = get(CURLUPART_HOST, 0).value_or("");
    if (const auto port = get(CURLUPART_PORT, 0)) target->host += ":" + *port;
    target->path = get(CURLUPART_PATH, 0).value_or("/");
    if (const auto query = get(CURLUPART_QUERY, 0)) target->path += "?" + *query;
    if (const auto user = get(CURLUPART_USER, CURLU_URLDECODE)) {
      target->authorization =
          BasicAuth(*user, get(CURLUPART_PASSWORD, CURLU_URLDECODE).value_or(""));
    }
  }
  curl.url_cleanup(parts);
  return target;
}

// The head of an answer: its status, and its headers with names in lower case.
Result<ClientResponse> ReadHead(std::string_view head) {
  ClientResponse response;
  bool first = true;
  for (std::string_view line : Split(head, '\n')) {
    line = TrimSpace(line);
    if (first) {
      const size_t blank = line.find(' ');
      const std::string_view number = blank == line.npos ? "" : line.substr(blank + 1, 3);
      const uint64_t status = ParseUint64(number).value_or(0);
      if (!line.starts_with("HTTP/1.") || status < 100) {
        return DataError("its answer is not HTTP's");
      }
      response.status = static_cast<int>(status);
    } else if (const size_t colon = line.find(':'); colon != line.npos) {
      response.headers.emplace_back(AsciiLower(TrimSpace(line.substr(0, colon))),
                                    TrimSpace(line.substr(colon + 1)));
    }
    first = false;
  }
  return response;
}

}  // namespace

struct WsClient::Impl {
  const Curl* curl = nullptr;
  CURLM* multi = nullptr;
  CURL* easy = nullptr;
  std::string url;  // for messages
  int64_t silence_ms = 0;
  std::mt19937 random{std::random_device()()};
  int fd = -1;
  int64_t heard_ms = 0;  // when something came last
  bool pinged = false;   // since then

  ~Impl() {
    if (curl == nullptr) return;
    if (multi != nullptr && easy != nullptr) curl->multi_remove_handle(multi, easy);
    curl->easy_cleanup(easy);
    curl->multi_cleanup(multi);
  }

  Status Connect(const ClientOptions& options, const WsRequest& request);
  Status Shake(std::string_view tool, const ClientOptions& options, const WsRequest& request,
               int64_t until_ms, std::string* rest, ClientResponse* refusal);
  // Once the head of an answer without a WebSocket is there: what else of it comes at once.
  void ReadRefusal(size_t body_at, std::string* text, ClientResponse* refusal);
  // Appends what came; false after `timeout_ms` without anything.
  Result<bool> Read(int64_t timeout_ms, std::string* out);
  Status Send(std::string_view bytes);
  Status SendFrame(WsOpcode opcode, std::string_view payload);
};

Status WsClient::Impl::Connect(const ClientOptions& options, const WsRequest& request) {
  multi = curl->multi_init();
  easy = curl->easy_init();
  if (multi == nullptr || easy == nullptr) {
    return {Code::kIo, "libcurl could not be set up: out of memory?"};
  }
  std::array<char, CURL_ERROR_SIZE> words{};
  SetClientOptions(*curl, easy, options);
  curl->easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl->easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
  curl->easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
  curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, words.data());
  curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.open_timeout_ms));
  if (curl->multi_add_handle(multi, easy) != CURLM_OK) {
    return {Code::kIo, "libcurl could not be set up"};
  }
  int running = 1;
  while (running > 0) {
    if (curl->multi_perform(multi, &running) != CURLM_OK) break;
    if (running == 0) break;
    if (io::StopRequested()) return Stopped(url);
    curl->multi_poll(multi, nullptr, 0, kCancelPollMs, nullptr);
  }
  CURLcode code = CURLE_FAILED_INIT;
  int left = 0;
  while (CURLMsg* message = curl->multi_info_read(multi, &left)) {
    if (message->msg == CURLMSG_DONE) code = message->data.result;
  }
  curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, nullptr);
  curl_socket_t socket = CURL_SOCKET_BAD;
  if (code == CURLE_OK) curl->easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &socket);
  if (code != CURLE_OK || socket == CURL_SOCKET_BAD) {
    const std::string_view why = words[0] != 0 ? words.data() : curl->easy_strerror(code);
    return {IsUsage(code) ? Code::kUsage : Code::kIo, url + ": " + std::string(TrimSpace(why))};
  }
  fd = socket;
  heard_ms = NowMs();
  return Status::Ok();
}

Status WsClient::Impl::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    size_t sent = 0;
    const CURLcode code = curl->easy_send(easy, bytes.data(), bytes.size(), &sent);
    if (code == CURLE_OK) {
      bytes.remove_prefix(sent);
      continue;
    }
    if (code != CURLE_AGAIN) return {Code::kIo, url + ": " + curl->easy_strerror(code)};
    if (io::StopRequested()) return Stopped(url);
    // What is sent is small: a server that takes nothing for so long is gone.
    if (NowMs() - heard_ms > 3 * silence_ms) return {Code::kIo, url + " takes nothing any more"};
    pollfd wait{fd, POLLOUT, 0};
    poll(&wait, 1, kCancelPollMs);
  }
  return Status::Ok();
}

Status WsClient::Impl::SendFrame(WsOpcode opcode, std::string_view payload) {
  std::string frame;
  AppendClientFrame(&frame, opcode, payload, random());
  return Send(frame);
}

Result<bool> WsClient::Impl::Read(int64_t timeout_ms, std::string* out) {
  const int64_t until_ms = NowMs() + timeout_ms;
  const size_t old_size = out->size();
  for (;;) {
    out->resize(old_size + kReadBytes);
    size_t got = 0;
    const CURLcode code = curl->easy_recv(easy, out->data() + old_size, kReadBytes, &got);
    out->resize(old_size + (code == CURLE_OK ? got : 0));
    if (code == CURLE_OK && got == 0) return Status(Code::kIo, url + " closed the connection");
    if (code == CURLE_OK) {
      heard_ms = NowMs();
      pinged = false;
      return true;
    }
    if (code != CURLE_AGAIN) return Status(Code::kIo, url + ": " + curl->easy_strerror(code));
    const int64_t left_ms = until_ms - NowMs();
    // A stop that was asked for before is one, too.
    switch (io::WaitReadable(fd, static_cast<int>(std::max<int64_t>(left_ms, 0)))) {
      case io::WaitState::kStopped:
        return Stopped(url);
      case io::WaitState::kTimeout:
        return false;
      case io::WaitState::kReady:
        break;
    }
  }
}

void WsClient::Impl::ReadRefusal(size_t body_at, std::string* text, ClientResponse* refusal) {
  const bool chunked = AsciiLower(refusal->Header("transfer-encoding")).ends_with("chunked");
  const auto length = ParseUint64(refusal->Header("content-length"));
  const size_t wanted = chunked
                            ? kMaxAnswerBytes
                            : std::min<uint64_t>(length.value_or(kMaxAnswerBytes), kMaxAnswerBytes);
  const auto whole = [&] {
    if (chunked && text->find("\r\n0\r\n", body_at) != std::string::npos) return true;
    return text->size() - body_at >= wanted;
  };
  while (!whole()) {
    const Result<bool> more = Read(1000, text);
    if (!more.ok() || !*more) break;
  }
  std::string_view body = std::string_view(*text).substr(body_at);
  if (chunked) {  // the words are in the first piece
    const size_t size_end = body.find("\r\n");
    body = size_end == body.npos ? std::string_view() : body.substr(size_end + 2);
    body = body.substr(0, body.find("\r\n"));
  }
  refusal->body = body.substr(0, wanted);
}

Status WsClient::Impl::Shake(std::string_view tool, const ClientOptions& options,
                             const WsRequest& request, int64_t until_ms, std::string* rest,
                             ClientResponse* refusal) {
  const std::optional<Target> target = TargetOf(*curl, request.url);
  if (!target) return UsageError(url + " is no URL");
  std::string nonce;
  for (int i = 0; i < 4; ++i) {
    const uint32_t bits = random();
    nonce.append(reinterpret_cast<const char*>(&bits), sizeof(bits));
  }
  const std::string key = Base64Encode(nonce);
  HeaderList headers = request.headers;
  const auto has = [&headers](std::string_view name) {
    return std::any_of(headers.begin(), headers.end(),
                       [&](const auto& header) { return EqualIgnoringCase(header.first, name); });
  };
  for (const auto& header : options.headers) {
    if (!has(header.first)) headers.push_back(header);
  }
  if (target->authorization && !has("Authorization")) {
    headers.emplace_back("Authorization", *target->authorization);
  }
  std::string text = "GET " + target->path + " HTTP/1.1\r\nHost: " + target->host +
                     "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13"
                     "\r\nSec-WebSocket-Key: " +
                     key + "\r\nUser-Agent: " + std::string(tool) + "/" GLP_VERSION + "\r\n";
  for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
  GLP_RETURN_IF_ERROR(Send(text + "\r\n"));

  std::string answer;
  size_t end = std::string::npos;
  while ((end = answer.find("\r\n\r\n")) == std::string::npos) {
    if (answer.size() > kMaxAnswerBytes) return DataError(url + ": the head of its answer is huge");
    const int64_t left_ms = until_ms - NowMs();
    GLP_ASSIGN_OR_RETURN(const bool came, Read(std::max<int64_t>(left_ms, 0), &answer));
    if (!came) return {Code::kIo, url + " does not answer the request for a WebSocket"};
  }
  Result<ClientResponse> head = ReadHead(std::string_view(answer).substr(0, end));
  if (!head.ok()) return head.status().Annotate(url);
  if (head->status != 101) {
    *refusal = *std::move(head);
    ReadRefusal(end + 4, &answer, refusal);
    const std::string words = FirstLine(refusal->body);
    return {Code::kRefused, url + " refused: status " + std::to_string(refusal->status) +
                                (words.empty() ? "" : ": " + words)};
  }
  if (!EqualIgnoringCase(head->Header("upgrade"), "websocket") ||
      head->Header("sec-websocket-accept") != AcceptOf(key)) {
    return DataError(url + ": its answer is not that of a WebSocket (RFC 6455)");
  }
  rest->assign(answer, end + 4);
  return Status::Ok();
}

WsClient::WsClient(std::unique_ptr<Impl> impl, size_t max_message_bytes)
    : impl_(std::move(impl)), decoder_(max_message_bytes) {}

WsClient::~WsClient() {
  // Politeness only: the server sees the end of the connection anyway.
  if (!closed_ && impl_->fd >= 0) {
    [[maybe_unused]] const Status sent = impl_->SendFrame(WsOpcode::kClose, "\x03\xe8");
  }
}

Result<std::unique_ptr<WsClient>> WsClient::Open(std::string_view tool,
                                                 const ClientOptions& options,
                                                 const WsRequest& request,
                                                 ClientResponse* refusal) {
  const int64_t until_ms = NowMs() + request.open_timeout_ms;
  auto impl = std::make_unique<Impl>();
  impl->url = WithoutUserInfo(request.url.substr(0, request.url.find('?')));
  impl->silence_ms = request.silence_ms;
  GLP_ASSIGN_OR_RETURN(impl->curl, Curl::Load());
  GLP_RETURN_IF_ERROR(impl->Connect(options, request));
  std::string rest;
  GLP_RETURN_IF_ERROR(impl->Shake(tool, options, request, until_ms, &rest, refusal));
  std::unique_ptr<WsClient> socket(new WsClient(std::move(impl), request.max_message_bytes));
  socket->decoder_.Feed(rest);
  return socket;
}

Status WsClient::Answer(const WsMessage& message) {
  if (message.opcode == WsOpcode::kPing) return impl_->SendFrame(WsOpcode::kPong, message.payload);
  if (message.opcode != WsOpcode::kClose) return Status::Ok();
  closed_ = ReadWsClose(message.payload);
  [[maybe_unused]] const Status sent = impl_->SendFrame(WsOpcode::kClose, message.payload);
  return {Code::kIo, impl_->url + " closed the WebSocket (" + std::to_string(closed_->code) + ")" +
                         (closed_->reason.empty() ? "" : ": " + closed_->reason)};
}

Result<std::optional<std::string>> WsClient::Receive(int timeout_ms) {
  const int64_t until_ms = NowMs() + timeout_ms;
  std::string bytes;
  for (;;) {
    GLP_ASSIGN_OR_RETURN(std::optional<WsMessage> message, decoder_.Next());
    if (message) {
      if (message->opcode == WsOpcode::kText || message->opcode == WsOpcode::kBinary) {
        return std::optional<std::string>(std::move(message->payload));
      }
      GLP_RETURN_IF_ERROR(Answer(*message));
      continue;
    }
    const int64_t now_ms = NowMs();
    const int64_t silent_ms = now_ms - impl_->heard_ms;
    if (silent_ms >= 2 * impl_->silence_ms) {
      return Status(Code::kIo, impl_->url + " has been silent for " +
                                   std::to_string(silent_ms / 1000) + " s: the connection is lost");
    }
    if (silent_ms >= impl_->silence_ms && !impl_->pinged) {
      GLP_RETURN_IF_ERROR(impl_->SendFrame(WsOpcode::kPing, "glp"));
      impl_->pinged = true;
    }
    const int64_t next_ms = impl_->heard_ms + (impl_->pinged ? 2 : 1) * impl_->silence_ms - now_ms;
    bytes.clear();
    GLP_ASSIGN_OR_RETURN(const bool came,
                         impl_->Read(std::clamp<int64_t>(until_ms - now_ms, 0, next_ms), &bytes));
    if (came) {
      decoder_.Feed(bytes);
    } else if (NowMs() >= until_ms) {
      return std::optional<std::string>();
    }
  }
}

}  // namespace glp::wire
