#include "stages/clf.h"

#include <string>
#include <utility>

#include "base/time.h"
#include "stages/clock.h"
#include "stages/unescape.h"

namespace glp::stages {
namespace {

constexpr size_t kNone = std::string_view::npos;

bool IsDigits(std::string_view text) {
  for (char c : text) {
    if (c < '0' || c > '9') return false;
  }
  return !text.empty();
}

std::string_view ValueOf(std::string_view text) { return text == "-" ? std::string_view() : text; }

// "10/Oct/2000:13:55:36 -0700".
constexpr size_t kTimeSize = 26;
std::optional<int64_t> ParseTime(std::string_view text) {
  CivilTime civil{0, 0, 0, 0, 0, 0, 0};
  unsigned year, hours, minutes;
  if (!TakeDigits(&text, 2, &civil.day) || !TakeChar(&text, '/') ||
      !TakeMonth(&text, &civil.month) || !TakeChar(&text, '/') || !TakeDigits(&text, 4, &year) ||
      !TakeChar(&text, ':') || !TakeTimeOfDay(&text, &civil) || !TakeChar(&text, ' ')) {
    return std::nullopt;
  }
  const bool west = TakeChar(&text, '-');
  if ((!west && !TakeChar(&text, '+')) || !TakeDigits(&text, 2, &hours) ||
      !TakeDigits(&text, 2, &minutes) || !text.empty() || hours > 24 || minutes > 59) {
    return std::nullopt;
  }
  civil.year = year;
  auto ts_ns = FromCivil(civil);
  const int64_t offset_ns = (hours * int64_t{3600} + minutes * int64_t{60}) * kNsPerSecond;
  if (!ts_ns || __builtin_add_overflow(*ts_ns, west ? offset_ns : -offset_ns, &*ts_ns)) {
    return std::nullopt;
  }
  return ts_ns;
}

// Offset of the '[' of the time; kNone where there is none. A user name may hold anything.
size_t FindTime(std::string_view text) {
  for (size_t at = text.find(" ["); at != kNone; at = text.find(" [", at + 1)) {
    const std::string_view rest = text.substr(at + 2);
    if (rest.size() > kTimeSize && rest[kTimeSize] == ']' && rest[2] == '/' && rest[6] == '/') {
      return at + 1;
    }
  }
  return kNone;
}

// `HOST IDENT USER`, the user with whatever blanks it has.
bool ParseHead(std::string_view head, ClfLine* out) {
  size_t blank = head.find(' ');
  if (blank == kNone || blank == 0) return false;
  std::string_view first = head.substr(0, blank);
  const size_t colon = first.find(':');
  if (colon != kNone && colon > 0 && IsDigits(first.substr(colon + 1))) {
    const std::string_view rest = head.substr(blank + 1);
    const size_t next = rest.find(' ');
    // "1.2.3.4:5678 - -" is a host with its port.
    if (next != kNone && rest.substr(next + 1).find(' ') != kNone) {
      out->vhost = first;
      head = rest;
      blank = next;
      first = head.substr(0, blank);
    }
  }
  out->host = ValueOf(first);
  head.remove_prefix(blank + 1);
  blank = head.find(' ');
  if (blank == kNone || blank == 0) return false;
  out->ident = ValueOf(head.substr(0, blank));
  out->user = ValueOf(head.substr(blank + 1));
  return true;
}

// ` "…"` from the start of `text`, which loses it.
bool TakeQuoted(std::string_view* text, std::string_view* value) {
  if (text->substr(0, 2) != " \"") return false;
  const size_t end = FindQuote(*text, 2, '"');
  if (end == kNone) return false;
  *value = text->substr(2, end - 2);
  text->remove_prefix(end + 1);
  return true;
}

bool TakeNumber(std::string_view* text, std::string_view* value) {
  if (!TakeChar(text, ' ')) return false;
  const std::string_view token = text->substr(0, text->find(' '));
  if (token != "-" && !IsDigits(token)) return false;
  *value = ValueOf(token);
  text->remove_prefix(token.size());
  return true;
}

struct Request {
  std::string_view method, path, protocol;
};
// Nothing where it is not METHOD PATH [PROTOCOL].
std::optional<Request> ParseRequest(std::string_view text) {
  Request request;
  const size_t blank = text.find(' ');
  if (blank == kNone || blank == 0 || blank + 1 == text.size()) return std::nullopt;
  request.method = text.substr(0, blank);
  for (char c : request.method) {
    if (!((c >= 'A' && c <= 'Z') || c == '-' || c == '_')) return std::nullopt;
  }
  request.path = text.substr(blank + 1);
  const size_t last = request.path.rfind(' ');
  if (last != kNone && request.path.substr(last + 1, 5) == "HTTP/") {
    request.protocol = request.path.substr(last + 1);
    request.path = request.path.substr(0, last);
  }
  if (request.path.empty()) return std::nullopt;
  return request;
}

}  // namespace

bool ParseClfLine(std::string_view text, ClfLine* out) {
  *out = ClfLine();
  const size_t at = FindTime(text);
  if (at == kNone || !ParseHead(text.substr(0, at - 1), out)) return false;
  out->time = text.substr(at + 1, kTimeSize);
  out->ts_ns = ParseTime(out->time);
  text.remove_prefix(at + 1 + kTimeSize + 1);
  if (!TakeQuoted(&text, &out->request) || !TakeNumber(&text, &out->status) ||
      !TakeNumber(&text, &out->bytes)) {
    return false;
  }
  std::string_view rest = text;
  if (TakeQuoted(&rest, &out->referer) && TakeQuoted(&rest, &out->agent)) {
    out->is_combined = true;
    text = rest;
  } else {
    out->referer = {};
  }
  const size_t begin = text.find_first_not_of(" \t\r");
  if (begin != kNone) out->extra = text.substr(begin);
  return true;
}

Verdict ClfStage::Process(StageEntry& entry, StageRun& run) {
  const auto text = source_.Get(entry, run.arena);
  if (!text) {
    Fail(entry, source_.missing());
    return Verdict::kPass;
  }
  ClfLine line;
  if (!ParseClfLine(*text, &line)) {
    Fail(entry,
         combined_
             ? "combined: not HOST IDENT USER [10/Oct/2000:13:55:36 -0700] \"REQUEST\" STATUS BYTES"
             : "clf: not HOST IDENT USER [10/Oct/2000:13:55:36 -0700] \"REQUEST\" STATUS BYTES");
    return Verdict::kPass;
  }
  auto set = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) entry.fields.Set(name, value);
  };
  auto set_quoted = [&](std::string_view name, std::string_view raw) {
    if (raw != "-") set(name, Unescape(raw, run.arena));
  };
  const std::optional<Request> request = ParseRequest(line.request);
  // In the order of their names, which saves sorting them.
  set_quoted("agent", line.agent);
  set("bytes", line.bytes);
  set("extra", line.extra);
  set("host", line.host);
  set("ident", line.ident);
  if (request) {
    set("method", request->method);
    set_quoted("path", request->path);
    set("protocol", request->protocol);
  }
  set_quoted("referer", line.referer);
  if (!request) set_quoted("request", line.request);
  set("status", line.status);
  set("user", line.user);
  set("vhost", line.vhost);
  if (line.ts_ns) {
    entry.ts_ns = *line.ts_ns;
  } else {
    Fail(entry, combined_ ? "combined: no time that can be read" : "clf: no time that can be read",
         line.time);
  }
  if (combined_ && !line.is_combined) Fail(entry, "combined: no \"REFERER\" and \"AGENT\"");
  return Verdict::kPass;
}

namespace {

std::unique_ptr<Stage> Read(const char* name, const codec::YamlNode& config,
                            BuildContext& context) {
  codec::Given<std::string> source;
  codec::YamlMap map(config, name, context.errors);
  map.Text("source", &source);
  map.Finish();
  return std::make_unique<ClfStage>(name == std::string_view("combined"),
                                    TextSource(name, source.value));
}

}  // namespace

std::unique_ptr<Stage> ReadClfStage(const codec::YamlNode& config, BuildContext& context) {
  return Read("clf", config, context);
}

std::unique_ptr<Stage> ReadCombinedStage(const codec::YamlNode& config, BuildContext& context) {
  return Read("combined", config, context);
}

}  // namespace glp::stages
