#include "wire/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>

namespace glp::wire {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kCancelPollMs = 50;
constexpr long kUploadBufferBytes = 512 << 10;

void InitOnce() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)code;
}

// For messages: what stands in front of the host may be a password.
std::string WithoutUserInfo(const std::string& url) {
  const size_t host = url.find("://");
  if (host == std::string::npos) return url;
  const size_t at = url.substr(0, url.find('/', host + 3)).rfind('@');
  return at == std::string::npos ? url : url.substr(0, host + 3) + url.substr(at + 1);
}

struct Receiver {
  ClientResponse* response;
  size_t max_bytes;
  bool too_large = false;
};

size_t OnBody(char* data, size_t size, size_t count, void* user) {
  auto* receiver = static_cast<Receiver*>(user);
  std::string& body = receiver->response->body;
  if (body.size() + size * count > receiver->max_bytes) {
    receiver->too_large = true;
    return 0;
  }
  body.append(data, size * count);
  return size * count;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) {
    text.remove_prefix(1);
  }
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) {
    text.remove_suffix(1);
  }
  return text;
}

size_t OnHeader(char* data, size_t size, size_t count, void* user) {
  auto* receiver = static_cast<Receiver*>(user);
  const std::string_view line = Trim({data, size * count});
  HeaderList& headers = receiver->response->headers;
  // A status line begins anew: behind "100 Continue" and redirects comes the real answer.
  if (line.substr(0, 5) == "HTTP/") {
    headers.clear();
  } else if (const size_t colon = line.find(':'); colon != std::string_view::npos) {
    std::string name(Trim(line.substr(0, colon)));
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    headers.emplace_back(std::move(name), Trim(line.substr(colon + 1)));
  }
  return size * count;
}

}  // namespace

struct HttpClient::Impl {
  std::string user_agent;
  CURLM* multi = nullptr;
  CURL* easy = nullptr;

  explicit Impl(std::string agent) : user_agent(std::move(agent)) {
    InitOnce();
    multi = curl_multi_init();
    easy = curl_easy_init();
  }
  ~Impl() {
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // The code of the exchange; `cancelled` is set where the caller gave up.
  CURLcode Perform(const ClientRequest& request, bool* cancelled);
};

CURLcode HttpClient::Impl::Perform(const ClientRequest& request, bool* cancelled) {
  if (curl_multi_add_handle(multi, easy) != CURLM_OK) return CURLE_FAILED_INIT;
  CURLcode code = CURLE_OK;
  int running = 1;
  while (running > 0) {
    if (curl_multi_perform(multi, &running) != CURLM_OK) {
      code = CURLE_FAILED_INIT;
      break;
    }
    if (running == 0) break;
    if (request.cancelled && request.cancelled()) {
      *cancelled = true;
      break;
    }
    curl_multi_poll(multi, nullptr, 0, kCancelPollMs, nullptr);
  }
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi, &left)) {
    if (message->msg == CURLMSG_DONE) code = message->data.result;
  }
  curl_multi_remove_handle(multi, easy);
  return code;
}

HttpClient::HttpClient(std::string_view tool)
    : impl_(std::make_unique<Impl>(std::string(tool) + "/" GLP_VERSION)) {}
HttpClient::~HttpClient() = default;

Result<ClientResponse> HttpClient::Do(const ClientRequest& request) {
  CURL* easy = impl_->easy;
  if (easy == nullptr || impl_->multi == nullptr) {
    return Status(Code::kIo, "libcurl could not be set up: out of memory?");
  }
  curl_easy_reset(easy);
  ClientResponse response;
  Receiver receiver{&response, request.max_response_bytes};
  std::array<char, CURL_ERROR_SIZE> words{};

  curl_slist* list = nullptr;
  for (const auto& [name, value] : request.headers) {
    list = curl_slist_append(list, (name + ": " + value).c_str());
  }
  // libcurl waits up to a second for "100 Continue" before a large body unless told otherwise.
  list = curl_slist_append(list, "Expect:");

  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_USERAGENT, impl_->user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, words.data());
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_ms));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout_ms));
  curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, kUploadBufferBytes);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(easy, CURLOPT_MAXREDIRS, 5L);
  curl_easy_setopt(easy, CURLOPT_POSTREDIR, static_cast<long>(CURL_REDIR_POST_ALL));
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &receiver);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &receiver);
  if (request.method == "POST") {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    // With a null pointer libcurl would read the body from standard input.
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
  } else if (request.method != "GET") {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }

  bool cancelled = false;
  const CURLcode code = impl_->Perform(request, &cancelled);
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, nullptr);
  curl_slist_free_all(list);

  const std::string what = request.method + " " + WithoutUserInfo(request.url);
  if (cancelled) return Status(Code::kCancelled, what + ": stopped");
  if (receiver.too_large) {
    return Status(Code::kLimit, what + ": the answer is larger than " +
                                    std::to_string(request.max_response_bytes) + " bytes");
  }
  if (code != CURLE_OK) {
    const std::string_view why = words[0] != 0 ? words.data() : curl_easy_strerror(code);
    const bool bad_url = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
    return Status(bad_url ? Code::kUsage : Code::kIo, what + ": " + std::string(Trim(why)));
  }
  response.status = static_cast<int>(status);
  return response;
}

std::string_view ClientResponse::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

std::string UrlEncode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || c == '-' || c == '_' || c == '.' || c == '~') {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

std::string EncodeForm(const std::vector<std::pair<std::string, std::string>>& params) {
  std::string out;
  for (const auto& [name, value] : params) {
    if (!out.empty()) out += '&';
    out += UrlEncode(name) + '=' + UrlEncode(value);
  }
  return out;
}

Result<std::string> NormalizeUrl(std::string_view text) {
  std::string url(Trim(text));
  const size_t scheme_end = url.find("://");
  if (scheme_end == std::string::npos) {
    url.insert(0, "http://");
  } else {
    std::string scheme = url.substr(0, scheme_end);
    for (char& c : scheme) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (scheme != "http" && scheme != "https") {
      return UsageError("URL '" + std::string(text) + "': scheme '" + scheme +
                        "' is not http or https");
    }
    url.replace(0, scheme_end, scheme);
  }
  while (url.back() == '/' && url.size() > url.find("://") + 3) url.pop_back();
  if (const size_t host = url.find("://") + 3;
      host >= url.size() || url[host] == '/' || url[host] == ':') {
    return UsageError("URL '" + std::string(text) + "' names no host; try http://localhost:3100");
  }
  if (url.find_first_of(" \t\r\n") != std::string::npos) {
    return UsageError("URL '" + std::string(text) + "' has blanks in it");
  }
  return url;
}

std::string_view UrlPath(std::string_view url) {
  const size_t scheme = url.find("://");
  const size_t from = scheme == std::string_view::npos ? 0 : scheme + 3;
  const size_t slash = url.find_first_of("/?#", from);
  return slash == std::string_view::npos ? std::string_view() : url.substr(slash);
}

std::string FirstLine(std::string_view body, size_t max_bytes) {
  return std::string(Trim(body.substr(0, body.find('\n')).substr(0, max_bytes)));
}

}  // namespace glp::wire
