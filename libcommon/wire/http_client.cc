#include "wire/http_client.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <optional>

#include "base/strings.h"
#include "wire/curl.h"
#include "wire/curl_options.h"
#include "wire/http.h"

namespace glp::wire {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kCancelPollMs = 50;
constexpr long kUploadBufferBytes = 512 << 10;

struct Receiver {
  ClientResponse* response;
  size_t max_bytes;
  bool cut;
  bool too_large = false;
};

size_t OnBody(char* data, size_t size, size_t count, void* user) {
  auto* receiver = static_cast<Receiver*>(user);
  std::string& body = receiver->response->body;
  const size_t bytes = size * count;
  if (bytes > receiver->max_bytes - body.size() && !receiver->cut) {
    receiver->too_large = true;
    return 0;
  }
  body.append(data, std::min(bytes, receiver->max_bytes - body.size()));
  return bytes;
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

// A list of libcurl's, freed with the scope.
class StringList {
 public:
  explicit StringList(const Curl& curl) : curl_(curl) {}
  ~StringList() { curl_.slist_free_all(list_); }
  StringList(const StringList&) = delete;
  StringList& operator=(const StringList&) = delete;
  void Add(const std::string& text) { list_ = curl_.slist_append(list_, text.c_str()); }
  curl_slist* get() const { return list_; }

 private:
  const Curl& curl_;
  curl_slist* list_ = nullptr;
};

// Where a request goes when the certificate has to be of another name than the URL's host.
struct Detour {
  std::string url;         // with that name in place of the host
  std::string connect_to;  // NAME:PORT:HOST:PORT
  std::string host;        // HOST or HOST:PORT: what the server is told
};

// libcurl takes the name for TLS from the URL alone. So the URL gets that name, CONNECT_TO leads it
// to the host it had, and a Host header says what it would have said.
std::optional<Detour> DetourTo(const Curl& curl, const std::string& server_name,
                               const std::string& url) {
  CURLU* parts = curl.url();
  char *host = nullptr, *port = nullptr, *given = nullptr, *changed = nullptr;
  std::optional<Detour> detour;
  if (parts != nullptr && curl.url_set(parts, CURLUPART_URL, url.c_str(), 0) == CURLUE_OK &&
      curl.url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
      curl.url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK) {
    curl.url_get(parts, CURLUPART_PORT, &given, 0);
    if (curl.url_set(parts, CURLUPART_HOST, server_name.c_str(), 0) == CURLUE_OK &&
        curl.url_get(parts, CURLUPART_URL, &changed, 0) == CURLUE_OK) {
      detour = Detour{changed, server_name + ":" + port + ":" + host + ":" + port,
                      given == nullptr ? host : std::string(host) + ":" + given};
    }
  }
  for (char* text : {host, port, given, changed}) curl.free(text);
  curl.url_cleanup(parts);
  return detour;
}

}  // namespace

struct HttpClient::Impl {
  const std::string user_agent;
  const ClientOptions options;
  // From the first request on.
  const Curl* curl = nullptr;
  CURLM* multi = nullptr;
  CURL* easy = nullptr;

  Impl(std::string agent, ClientOptions client_options)
      : user_agent(std::move(agent)), options(std::move(client_options)) {}
  ~Impl() {
    if (curl == nullptr) return;
    curl->easy_cleanup(easy);
    curl->multi_cleanup(multi);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Status SetUp();
  void SetOptions();
  void SetHeaders(const ClientRequest& request, StringList* list) const;
  // The code of the exchange; `cancelled` is set where the caller gave up.
  CURLcode Perform(const ClientRequest& request, bool* cancelled);
};

Status HttpClient::Impl::SetUp() {
  if (curl != nullptr) return Status::Ok();
  GLP_ASSIGN_OR_RETURN(const Curl* loaded, Curl::Load());
  multi = loaded->multi_init();
  easy = loaded->easy_init();
  curl = loaded;
  return Status::Ok();
}

// What is the same for every request.
void HttpClient::Impl::SetOptions() {
  SetClientOptions(*curl, easy, options);
  curl->easy_setopt(easy, CURLOPT_USERAGENT, user_agent.c_str());
  curl->easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, options.compress ? "gzip" : nullptr);
  curl->easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, kUploadBufferBytes);
  curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, options.follow_redirects ? 1L : 0L);
  curl->easy_setopt(easy, CURLOPT_MAXREDIRS, 5L);
  curl->easy_setopt(easy, CURLOPT_POSTREDIR, static_cast<long>(CURL_REDIR_POST_ALL));
}

void HttpClient::Impl::SetHeaders(const ClientRequest& request, StringList* list) const {
  for (const auto& [name, value] : request.headers) list->Add(name + ": " + value);
  for (const auto& [name, value] : options.headers) {
    const bool has =
        std::any_of(request.headers.begin(), request.headers.end(),
                    [&n = name](const auto& h) { return EqualIgnoringCase(h.first, n); });
    if (!has) list->Add(name + ": " + value);
  }
  // libcurl waits up to a second for "100 Continue" before a large body unless told otherwise.
  list->Add("Expect:");
}

CURLcode HttpClient::Impl::Perform(const ClientRequest& request, bool* cancelled) {
  if (curl->multi_add_handle(multi, easy) != CURLM_OK) return CURLE_FAILED_INIT;
  CURLcode code = CURLE_OK;
  int running = 1;
  while (running > 0) {
    if (curl->multi_perform(multi, &running) != CURLM_OK) {
      code = CURLE_FAILED_INIT;
      break;
    }
    if (running == 0) break;
    if (request.cancelled && request.cancelled()) {
      *cancelled = true;
      break;
    }
    curl->multi_poll(multi, nullptr, 0, kCancelPollMs, nullptr);
  }
  int left = 0;
  while (CURLMsg* message = curl->multi_info_read(multi, &left)) {
    if (message->msg == CURLMSG_DONE) code = message->data.result;
  }
  curl->multi_remove_handle(multi, easy);
  return code;
}

HttpClient::HttpClient(std::string_view tool, ClientOptions options)
    : impl_(std::make_unique<Impl>(std::string(tool) + "/" GLP_VERSION, std::move(options))) {}
HttpClient::~HttpClient() = default;

Result<ClientResponse> HttpClient::Do(const ClientRequest& request) {
  GLP_RETURN_IF_ERROR(impl_->SetUp());
  const Curl* curl = impl_->curl;
  CURL* easy = impl_->easy;
  if (easy == nullptr || impl_->multi == nullptr) {
    return Status(Code::kIo, "libcurl could not be set up: out of memory?");
  }
  const std::string what = request.method + " " + WithoutUserInfo(request.url);
  curl->easy_reset(easy);
  ClientResponse response;
  Receiver receiver{&response, request.max_response_bytes, request.cut_response};
  std::array<char, CURL_ERROR_SIZE> words{};

  StringList headers(*curl), connect_to(*curl);
  impl_->SetHeaders(request, &headers);
  std::string url = request.url;
  const std::string& server_name = impl_->options.server_name;
  if (!server_name.empty() && url.substr(0, 8) == "https://") {
    const std::optional<Detour> detour = DetourTo(*curl, server_name, url);
    if (!detour) return UsageError(what + ": no URL that server_name '" + server_name + "' fits");
    url = detour->url;
    connect_to.Add(detour->connect_to);
    headers.Add("Host: " + detour->host);
    curl->easy_setopt(easy, CURLOPT_CONNECT_TO, connect_to.get());
  }

  impl_->SetOptions();
  curl->easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl->easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, words.data());
  curl->easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_ms));
  curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout_ms));
  curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, OnHeader);
  curl->easy_setopt(easy, CURLOPT_HEADERDATA, &receiver);
  curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, OnBody);
  curl->easy_setopt(easy, CURLOPT_WRITEDATA, &receiver);
  if (request.method == "POST") {
    curl->easy_setopt(easy, CURLOPT_POST, 1L);
    // With a null pointer libcurl would read the body from standard input.
    curl->easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
    curl->easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                      static_cast<curl_off_t>(request.body.size()));
  } else if (request.method != "GET") {
    curl->easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }

  bool cancelled = false;
  const CURLcode code = impl_->Perform(request, &cancelled);
  long status = 0;
  curl->easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, nullptr);

  if (cancelled) return Status(Code::kCancelled, what + ": stopped");
  if (receiver.too_large) {
    return Status(Code::kLimit, what + ": the answer is larger than " +
                                    std::to_string(request.max_response_bytes) + " bytes");
  }
  if (code != CURLE_OK) {
    const std::string_view why = words[0] != 0 ? words.data() : curl->easy_strerror(code);
    return Status(IsUsage(code) ? Code::kUsage : Code::kIo, what + ": " + std::string(Trim(why)));
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

std::string BasicAuth(std::string_view username, std::string_view password) {
  return "Basic " + Base64Encode(std::string(username) + ":" + std::string(password));
}

std::string BearerAuth(std::string_view token) { return "Bearer " + std::string(token); }

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
