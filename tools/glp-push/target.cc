#include "target.h"

namespace glp::push {
namespace {

constexpr std::string_view kPushPath = "/loki/api/v1/push";
constexpr std::string_view kInfoPath = "/loki/api/v1/status/buildinfo";

}  // namespace

std::string UrlForPeople(const std::string& url) {
  const size_t host = url.find("://") + 3;
  const size_t at = url.substr(0, url.find('/', host)).rfind('@');
  return at == std::string::npos || at < host ? url : url.substr(0, host) + url.substr(at + 1);
}

Status SetUrl(std::string_view text, Target* target) {
  GLP_ASSIGN_OR_RETURN(std::string url, wire::NormalizeUrl(text));
  if (wire::UrlPath(url).empty()) url += kPushPath;
  // A URL with a path of its own is not known to lead to a server that has the other one.
  if (url.ends_with(kPushPath)) {
    target->info_url = url.substr(0, url.size() - kPushPath.size());
    target->info_url += kInfoPath;
  }
  target->url = std::move(url);
  const std::string shown = UrlForPeople(target->url);
  const size_t host = shown.find("://") + 3;
  target->host = shown.substr(host, shown.find_first_of("/?#", host) - host);
  return Status::Ok();
}

}  // namespace glp::push
