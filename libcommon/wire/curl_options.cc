#include "wire/curl_options.h"

namespace glp::wire {

void SetClientOptions(const Curl& curl, CURL* easy, const ClientOptions& options) {
  curl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  // A request that is cancelled or times out does not wait for a name server that is silent.
  curl.easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  curl.easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  if (!options.proxy_url.empty()) {
    curl.easy_setopt(easy, CURLOPT_PROXY, options.proxy_url.c_str());
  } else if (!options.proxy_of_environment) {
    curl.easy_setopt(easy, CURLOPT_PROXY, "");
  }
  if (!options.ca_file.empty()) {
    curl.easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
    curl.easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }
  if (!options.cert_file.empty()) {
    curl.easy_setopt(easy, CURLOPT_SSLCERT, options.cert_file.c_str());
  }
  if (!options.key_file.empty()) {
    curl.easy_setopt(easy, CURLOPT_SSLKEY, options.key_file.c_str());
  }
  if (options.insecure_skip_verify) {
    curl.easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl.easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
  }
}

std::string WithoutUserInfo(const std::string& url) {
  const size_t host = url.find("://");
  if (host == std::string::npos) return url;
  const size_t at = url.substr(0, url.find('/', host + 3)).rfind('@');
  return at == std::string::npos ? url : url.substr(0, host + 3) + url.substr(at + 1);
}

bool IsUsage(CURLcode code) {
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      return true;
    default:
      return false;
  }
}

}  // namespace glp::wire
