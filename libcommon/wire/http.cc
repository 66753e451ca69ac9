#include "wire/http.h"

#include <algorithm>
#include <cctype>

#include "base/strings.h"
#include "wire/http_head.h"

namespace glp::wire {
namespace {

char Lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = Lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool IsCapture(std::string_view part) { return part.size() > 2 && part.front() == '{'; }

}  // namespace

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

std::optional<std::string_view> Request::Param(std::string_view name) const {
  for (const auto& [key, value] : params) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Request::AllParams(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : params) {
    if (key == name) values.push_back(value);
  }
  return values;
}

std::string_view Request::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (EqualIgnoringCase(key, name)) return value;
  }
  return {};
}

Response TextResponse(int status, std::string text) {
  return {status, "text/plain; charset=utf-8", std::move(text), {}};
}

Response JsonResponse(std::string body) {
  return {200, "application/json; charset=UTF-8", std::move(body), {}};
}

Gate OpenGate() {
  return {[](const Request&) { return std::optional<Admission>(std::in_place); }};
}

void Router::Add(std::string_view methods, std::string_view path, Lane lane, Gate gate,
                 Handler handler) {
  Route route{{}, {}, lane, std::move(gate), std::move(handler)};
  for (std::string_view method : Split(methods, ',')) route.methods.emplace_back(method);
  for (std::string_view part : Split(path, '/')) route.parts.emplace_back(part);
  routes_.push_back(std::move(route));
}

Router::Match Router::Find(std::string_view method, std::string_view path) const {
  std::vector<std::string> parts;
  for (std::string_view part : Split(path, '/')) parts.push_back(UrlDecode(part, false));
  if (method == "HEAD") method = "GET";
  Match match;
  for (const Route& route : routes_) {
    if (route.parts.size() != parts.size()) continue;
    std::vector<std::string> captures;
    bool same = true;
    for (size_t i = 0; i < parts.size() && same; ++i) {
      if (IsCapture(route.parts[i]) && !parts[i].empty()) {
        captures.push_back(parts[i]);
      } else {
        same = route.parts[i] == parts[i];
      }
    }
    if (!same) continue;
    if (std::find(route.methods.begin(), route.methods.end(), method) != route.methods.end()) {
      return {&route, "", std::move(captures)};
    }
    if (!match.allow.empty()) match.allow += ", ";
    match.allow += Join(route.methods, ", ");
  }
  return match;
}

std::string UrlDecode(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
        HexDigit(text[i + 2]) >= 0) {
      out += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      out += plus_is_blank && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

void ParseForm(std::string_view text, Params* params) {
  for (std::string_view pair : Split(text, '&')) {
    if (pair.empty()) continue;
    const size_t equal = pair.find('=');
    const std::string_view value =
        equal == std::string_view::npos ? std::string_view() : pair.substr(equal + 1);
    params->emplace_back(UrlDecode(pair.substr(0, equal), true), UrlDecode(value, true));
  }
}

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 411:
      return "Length Required";
    case 413:
      return "Request Entity Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Entity";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

bool AcceptsGzip(std::string_view accept_encoding) {
  for (std::string_view item : Split(accept_encoding, ',')) {
    const size_t semicolon = item.find(';');
    if (!EqualIgnoringCase(TrimSpace(item.substr(0, semicolon)), "gzip")) continue;
    if (semicolon == std::string_view::npos) return true;
    const std::string_view weight = TrimSpace(item.substr(semicolon + 1));
    if (weight.substr(0, 2) != "q=") return true;
    return ParseDouble(weight.substr(2)).value_or(0) > 0;
  }
  return false;
}

std::string MediaType(std::string_view content_type) {
  std::string type(TrimSpace(content_type.substr(0, content_type.find(';'))));
  for (char& c : type) c = Lower(c);
  // "a/b", or "a" alone as Go takes it.
  const std::vector<std::string_view> parts = Split(type, '/');
  const bool is_one = parts.size() <= 2 && std::all_of(parts.begin(), parts.end(), IsToken);
  return is_one ? type : "";
}

}  // namespace glp::wire
