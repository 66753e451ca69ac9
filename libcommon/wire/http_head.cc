#include "wire/http_head.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace glp::wire {
namespace {

constexpr size_t kMaxMethodBytes = 32;
constexpr size_t kVersionBytes = 8;          // "HTTP/1.1"
constexpr size_t kMaxChunkLineBytes = 1024;  // a size and its extensions
constexpr size_t kMaxExtraBytes = 16 << 10;  // of a body: extensions and trailers

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsHexDigit(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool IsTokenChar(char c) {
  if (IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
  return c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

// Tabs are part of values, other control characters are not.
bool IsFieldText(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return IsControl(c) && c != '\t'; });
}

std::string_view TrimBlanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// True where `list`, separated by commas, has `word`.
bool HasWord(std::string_view list, std::string_view word) {
  for (std::string_view item : Split(list, ',')) {
    if (EqualIgnoringCase(TrimBlanks(item), word)) return true;
  }
  return false;
}

// What came, made safe to be said: at most 40 bytes of it.
std::string Quote(std::string_view text) {
  const bool cut = text.size() > 40;
  return "\"" + EscapeForTerminal(text.substr(0, 40)) + (cut ? "…\"" : "\"");
}

// A host as in the Host field and in absolute targets; "" is none.
bool IsHost(std::string_view host) {
  return std::all_of(host.begin(), host.end(), [](char c) {
    return !IsControl(c) &&
           std::string_view(" \t\"#,/<>?@\\^`{|}").find(c) == std::string_view::npos;
  });
}

}  // namespace

bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenChar);
}

std::string_view FindBadEscape(std::string_view text) {
  for (size_t i = text.find('%'); i != std::string_view::npos; i = text.find('%', i + 1)) {
    if (i + 2 >= text.size() || !IsHexDigit(text[i + 1]) || !IsHexDigit(text[i + 2])) {
      return text.substr(i, 3);
    }
  }
  return {};
}

bool HeadReader::Refuse(int status, std::string words) {
  refusal_ = {status, std::move(words)};
  return false;
}

ReadState HeadReader::Read(std::string_view bytes) {
  while (refusal_.status == 0) {
    const size_t end = bytes.find('\n', at_);
    if (end == std::string_view::npos) {
      at_ = bytes.size();
      const size_t length = at_ - line_begin_;
      // The first byte tells what speaks another protocol, as TLS does.
      if (!has_request_line_ && length > 0 && bytes[line_begin_] != '\r' &&
          !IsTokenChar(bytes[line_begin_])) {
        Refuse(400, "this is no HTTP: a request begins with a method");
      } else if (!has_request_line_ &&
                 length > kMaxMethodBytes + limits_.max_target_bytes + kVersionBytes + 4) {
        Refuse(414, "the request line is too long, the target's limit: " +
                        std::to_string(limits_.max_target_bytes) + " bytes");
      } else if (has_request_line_ && at_ - fields_begin_ > limits_.max_header_bytes + 2) {
        break;
      } else {
        return ReadState::kMore;
      }
      return ReadState::kRefused;
    }
    if (end == line_begin_ || bytes[end - 1] != '\r') {
      Refuse(400, "a line of the header ends in LF without CR");
      return ReadState::kRefused;
    }
    const std::string_view line = bytes.substr(line_begin_, end - 1 - line_begin_);
    const bool is_first = line_begin_ == 0;
    line_begin_ = at_ = end + 1;
    if (!has_request_line_) {
      if (line.empty() && is_first) continue;  // some clients end a body with one
      if (!TakeRequestLine(line)) return ReadState::kRefused;
      has_request_line_ = true;
      fields_begin_ = at_;
      continue;
    }
    if (at_ - fields_begin_ > limits_.max_header_bytes + 2) break;
    if (line.empty()) return Finish() ? ReadState::kWhole : ReadState::kRefused;
    if (!TakeField(line)) return ReadState::kRefused;
  }
  Refuse(431,
         "the header is too large, limit: " + std::to_string(limits_.max_header_bytes) + " bytes");
  return ReadState::kRefused;
}

bool HeadReader::TakeRequestLine(std::string_view line) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return Refuse(400, "malformed request line " + Quote(line) +
                           ": it is METHOD, TARGET and HTTP/1.1 with one blank between them");
  }
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!IsToken(method) || method.size() > kMaxMethodBytes) {
    return Refuse(400, "invalid method " + Quote(method));
  }
  if (version.size() != kVersionBytes || version.substr(0, 5) != "HTTP/" || !IsDigit(version[5]) ||
      version[6] != '.' || !IsDigit(version[7])) {
    return Refuse(400, "malformed HTTP version " + Quote(version));
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return Refuse(505, "HTTP/1.1 and HTTP/1.0 are supported, not " + std::string(version));
  }
  if (target.size() > limits_.max_target_bytes) {
    return Refuse(414,
                  "the target is too long, limit: " + std::to_string(limits_.max_target_bytes) +
                      " bytes; long queries go by POST");
  }
  head_.method = std::string(method);
  head_.http_1_0 = version == "HTTP/1.0";
  return TakeTarget(target);
}

bool HeadReader::TakeTarget(std::string_view target) {
  for (char c : target) {
    if (IsControl(c) || c == ' ' || c == '#') {
      return Refuse(400, "invalid character in the target " + Quote(target) +
                             ": blanks, '#' and control characters are sent as %XX");
    }
  }
  if (head_.method == "CONNECT") return Refuse(501, "CONNECT: this is no proxy");
  std::string_view rest = target;
  const size_t scheme = target.find("://");
  if (scheme != std::string_view::npos && target.front() != '/') {
    const std::string_view name = target.substr(0, scheme);
    rest.remove_prefix(scheme + 3);
    const std::string_view host = rest.substr(0, rest.find_first_of("/?"));
    if ((!EqualIgnoringCase(name, "http") && !EqualIgnoringCase(name, "https")) || host.empty() ||
        !IsHost(host)) {
      return Refuse(400, "invalid absolute target " + Quote(target));
    }
    rest.remove_prefix(host.size());
    if (rest.empty() || rest.front() == '?') head_.target = "/";
  } else if (target != "*" || head_.method != "OPTIONS") {
    if (target.empty() || target.front() != '/') {
      return Refuse(400, "invalid target " + Quote(target) + ": it begins with '/'");
    }
  }
  head_.target += rest;
  if (const std::string_view bad = FindBadEscape(rest); !bad.empty()) {
    return Refuse(400, "invalid URL escape " + Quote(bad));
  }
  if (rest.substr(0, rest.find('?')).find("%00") != std::string_view::npos) {
    return Refuse(400, "NUL in the path");
  }
  return true;
}

bool HeadReader::TakeField(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t') {
    return Refuse(400, "a folded line in the header (obs-fold): " + Quote(line));
  }
  const size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == std::string_view::npos || !IsToken(name)) {
    return Refuse(400, "malformed header line " + Quote(line) +
                           ": it is NAME: VALUE, without a blank before the colon");
  }
  const std::string_view value = TrimBlanks(line.substr(colon + 1));
  if (!IsFieldText(value)) {
    return Refuse(400, "a control character in the header " + Quote(name));
  }
  if (head_.headers.size() >= limits_.max_headers) {
    return Refuse(431, "too many headers, limit: " + std::to_string(limits_.max_headers));
  }
  head_.headers.emplace_back(name, value);
  return TakeConnectionField(name, value);
}

bool HeadReader::TakeConnectionField(std::string_view name, std::string_view value) {
  if (EqualIgnoringCase(name, "host")) return TakeHost(value);
  if (EqualIgnoringCase(name, "content-length")) return TakeContentLength(value);
  if (EqualIgnoringCase(name, "transfer-encoding")) return TakeTransferEncoding(value);
  if (EqualIgnoringCase(name, "connection")) {
    says_close_ |= HasWord(value, "close");
    says_keep_alive_ |= HasWord(value, "keep-alive");
    says_upgrade_ |= HasWord(value, "upgrade");
  } else if (EqualIgnoringCase(name, "upgrade")) {
    upgrades_to_websocket_ |= HasWord(value, "websocket");
  } else if (EqualIgnoringCase(name, "expect")) {
    if (!EqualIgnoringCase(value, "100-continue")) {
      return Refuse(417, "Expect: " + Quote(value) + " cannot be met, 100-continue can");
    }
    head_.expects_continue = !head_.http_1_0;
  }
  return true;
}

bool HeadReader::TakeHost(std::string_view value) {
  if (has_host_) return Refuse(400, "more than one Host header");
  has_host_ = true;
  return IsHost(value) || Refuse(400, "malformed Host header " + Quote(value));
}

bool HeadReader::TakeContentLength(std::string_view value) {
  if (has_length_) return Refuse(400, "more than one Content-Length");
  has_length_ = true;
  const bool digits = !value.empty() && std::all_of(value.begin(), value.end(), IsDigit);
  const std::optional<uint64_t> length = digits ? ParseUint64(value) : std::nullopt;
  if (!length || *length > INT64_MAX) return Refuse(400, "bad Content-Length " + Quote(value));
  head_.content_length = *length;
  return true;
}

bool HeadReader::TakeTransferEncoding(std::string_view value) {
  if (head_.http_1_0) return Refuse(400, "HTTP/1.0 has no Transfer-Encoding");
  if (head_.chunked) return Refuse(400, "more than one Transfer-Encoding");
  if (EqualIgnoringCase(value, "chunked")) return head_.chunked = true;
  const std::vector<std::string_view> codings = Split(value, ',');
  if (HasWord(value, "chunked") && !EqualIgnoringCase(TrimBlanks(codings.back()), "chunked")) {
    return Refuse(400, "Transfer-Encoding " + Quote(value) + ": chunked must be the last");
  }
  return Refuse(501, "unsupported transfer encoding " + Quote(value) +
                         ": chunked is; compressed bodies have a Content-Encoding");
}

bool HeadReader::Finish() {
  if (!has_host_ && !head_.http_1_0) return Refuse(400, "missing required Host header");
  if (has_length_ && head_.chunked) {
    return Refuse(400, "both Content-Length and Transfer-Encoding");
  }
  head_.keep_alive = !says_close_ && (!head_.http_1_0 || says_keep_alive_);
  if (says_upgrade_ && upgrades_to_websocket_ && head_.method == "GET" && !head_.http_1_0 &&
      head_.content_length == 0 && !head_.chunked) {
    size_t keys = 0;
    std::string key;
    std::string_view version;
    for (const auto& [name, value] : head_.headers) {
      if (EqualIgnoringCase(name, "sec-websocket-version")) version = value;
      if (!EqualIgnoringCase(name, "sec-websocket-key")) continue;
      ++keys;
      if (!Base64Decode(value, &key)) key.clear();
    }
    head_.wants_websocket = version == "13" && keys == 1 && key.size() == 16;
  }
  return true;
}

ReadState ChunkReader::Refuse(int status, std::string words) {
  refusal_ = {status, std::move(words)};
  return ReadState::kRefused;
}

// The line of a chunk: its size, then extensions, which mean nothing here.
bool ChunkReader::TakeSize() {
  uint64_t size = 0;
  size_t digits = 0;
  for (; digits < line_.size() && IsHexDigit(line_[digits]); ++digits) {
    const char c = line_[digits];
    if (digits == 15) return false;  // 15 digits of 4 bits fit with room to spare
    size = size * 16 + static_cast<uint64_t>(IsDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  const std::string_view extensions = std::string_view(line_).substr(digits);
  if (digits == 0 || !IsFieldText(extensions)) return false;
  if (!extensions.empty() && TrimBlanks(extensions).substr(0, 1) != ";") return false;
  extra_bytes_ += extensions.size();
  left_ = size;
  return true;
}

ReadState ChunkReader::Read(std::string_view* bytes, size_t max_body_bytes, std::string* body) {
  while (refusal_.status == 0) {
    if (part_ == Part::kData) {
      const auto here = static_cast<size_t>(std::min<uint64_t>(left_, bytes->size()));
      body->append(bytes->substr(0, here));
      bytes->remove_prefix(here);
      left_ -= here;
      if (left_ > 0) return ReadState::kMore;
      part_ = Part::kDataEnd;
    }
    const size_t end = bytes->find('\n');
    const size_t most = part_ == Part::kDataEnd ? 1 : kMaxChunkLineBytes;
    if (line_.size() + std::min(end, bytes->size()) > most) {
      return Refuse(400, part_ == Part::kDataEnd ? "a chunk is longer than its size says"
                                                 : "a line between chunks is too long");
    }
    line_ += bytes->substr(0, end);
    if (end == std::string_view::npos) {
      *bytes = {};
      return ReadState::kMore;
    }
    bytes->remove_prefix(end + 1);
    if (line_.empty() || line_.back() != '\r') {
      return Refuse(400, "a line between chunks ends in LF without CR");
    }
    line_.pop_back();
    switch (part_) {
      case Part::kSize:
        if (!TakeSize()) return Refuse(400, "malformed chunk size " + Quote(line_));
        if (left_ > max_body_bytes || body->size() > max_body_bytes - left_) {
          return Refuse(
              413, "request body too large, limit: " + std::to_string(max_body_bytes) + " bytes");
        }
        part_ = left_ > 0 ? Part::kData : Part::kTrailer;
        break;
      case Part::kDataEnd:
        if (!line_.empty()) return Refuse(400, "a chunk is longer than its size says");
        part_ = Part::kSize;
        break;
      case Part::kTrailer: {
        if (line_.empty()) return ReadState::kWhole;
        const size_t colon = line_.find(':');
        if (!IsToken(std::string_view(line_).substr(0, colon)) || colon == std::string::npos ||
            !IsFieldText(std::string_view(line_).substr(colon))) {
          return Refuse(400, "malformed trailer " + Quote(line_));
        }
        extra_bytes_ += line_.size();
        break;
      }
      case Part::kData:
        break;
    }
    line_.clear();
    if (extra_bytes_ > kMaxExtraBytes) {
      return Refuse(400, "the chunks of the body carry too many extensions or trailers");
    }
  }
  return ReadState::kRefused;
}

}  // namespace glp::wire
