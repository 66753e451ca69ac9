// Percent-encoding, and addresses taken apart and put together.
#include "codec/template_url.h"

#include "codec/template_functions.h"

namespace glp::codec::tmpl {
namespace {

constexpr char kHexDigits[] = "0123456789ABCDEF";

int HexOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  char low = static_cast<char>(c | 0x20);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

bool IsUnreserved(char c) {
  return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

// Everything but unreserved characters and those of `kept`.
void AppendEscaped(std::string_view text, std::string_view kept, TextBuilder* out) {
  for (char c : text) {
    if (IsUnreserved(c) || kept.find(c) != std::string_view::npos) {
      out->Append(c);
    } else {
      out->Append('%');
      out->Append(kHexDigits[static_cast<uint8_t>(c) >> 4]);
      out->Append(kHexDigits[c & 15]);
    }
  }
}

}  // namespace

void AppendQueryEscaped(std::string_view text, TextBuilder* out) {
  for (;;) {
    size_t blank = text.find(' ');
    AppendEscaped(text.substr(0, blank), "", out);
    if (blank == std::string_view::npos) return;
    out->Append('+');
    text.remove_prefix(blank + 1);
  }
}

bool AppendUnescaped(std::string_view text, bool plus_is_blank, TextBuilder* out,
                     std::string_view* bad) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      out->Append(' ');
    } else if (text[i] == '%') {
      if (i + 2 >= text.size() || HexOf(text[i + 1]) < 0 || HexOf(text[i + 2]) < 0) {
        *bad = text.substr(i, 3);
        return false;
      }
      out->Append(static_cast<char>(HexOf(text[i + 1]) << 4 | HexOf(text[i + 2])));
      i += 2;
    } else {
      out->Append(text[i]);
    }
  }
  return true;
}

namespace {

struct Url {
  std::string_view scheme, opaque, userinfo, host, path, query, fragment;
  bool has_authority = false;
};

// False where the scheme is none.
bool SplitUrl(std::string_view text, Url* url) {
  size_t hash = text.find('#');
  if (hash != std::string_view::npos) url->fragment = text.substr(hash + 1);
  text = text.substr(0, hash);
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    if (letter || (i > 0 && ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'))) continue;
    if (c != ':') break;
    if (i == 0) return false;
    url->scheme = text.substr(0, i);
    text.remove_prefix(i + 1);
    break;
  }
  size_t mark = text.find('?');
  if (mark != std::string_view::npos) url->query = text.substr(mark + 1);
  text = text.substr(0, mark);
  if (!text.starts_with('/') && !url->scheme.empty()) {
    url->opaque = text;
    return true;
  }
  if (text.starts_with("//") && (!url->scheme.empty() || !text.starts_with("///"))) {
    url->has_authority = true;
    size_t slash = text.find('/', 2);
    std::string_view authority = text.substr(2, slash == text.npos ? text.npos : slash - 2);
    text = slash == std::string_view::npos ? std::string_view() : text.substr(slash);
    size_t at = authority.rfind('@');
    if (at != std::string_view::npos) url->userinfo = authority.substr(0, at);
    url->host = at == std::string_view::npos ? authority : authority.substr(at + 1);
  }
  url->path = text;
  return true;
}

// [::1]:80 and host:80.
std::string_view HostName(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

bool PortIsRight(std::string_view host) {
  size_t begin = host.starts_with('[') ? host.find(']') : 0;
  if (begin == std::string_view::npos) return false;
  size_t colon = host.find(':', begin);
  if (colon == std::string_view::npos) return true;
  return host.substr(colon + 1).find_first_not_of("0123456789") == std::string_view::npos;
}

Value UrlParse(const Call& call) {
  std::string_view text = call.str(0);
  auto fail = [&](std::string_view why) {
    return call.Fail("unable to parse url: " + std::string(why) + " in '" +
                     std::string(text.substr(0, 200)) + "'");
  };
  for (char c : text) {
    if (static_cast<uint8_t>(c) < 0x20 || c == 0x7F) return fail("invalid control character");
  }
  Url url;
  if (!SplitUrl(text, &url)) return fail("missing protocol scheme");
  if (!PortIsRight(url.host)) return fail("invalid port after host");
  size_t segment = url.path.find('/');
  if (url.scheme.empty() && !url.has_authority &&
      url.path.substr(0, segment).find(':') != std::string_view::npos) {
    return fail("first path segment contains a colon");
  }
  RunState* run = call.run;
  std::string_view bad;
  TextBuilder scheme(run), path(run), fragment(run), userinfo(run);
  for (char c : url.scheme) scheme.Append(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
  if (!AppendUnescaped(url.path, false, &path, &bad) ||
      !AppendUnescaped(url.fragment, false, &fragment, &bad) ||
      !AppendUnescaped(url.userinfo, false, &userinfo, &bad)) {
    return fail("invalid URL escape \"" + std::string(bad) + "\"");
  }
  Dict* dict = run->NewDict();
  run->Set(dict, "fragment", fragment.Finish());
  run->Set(dict, "host", Value::Text(url.host));
  run->Set(dict, "hostname", Value::Text(HostName(url.host)));
  run->Set(dict, "opaque", Value::Text(url.opaque));
  run->Set(dict, "path", path.Finish());
  run->Set(dict, "query", Value::Text(url.query));
  run->Set(dict, "scheme", scheme.Finish());
  run->Set(dict, "userinfo", Value::Text(url.userinfo));
  return Value::Of(dict);
}

Value UrlJoin(const Call& call) {
  const Dict* dict = call.run->AsDict(call[0]);
  auto part = [&](std::string_view name) {
    const Value* value = dict == nullptr ? nullptr : dict->Find(name);
    if (value == nullptr || value->IsNothing()) return std::string_view();
    if (value->kind == Kind::kString) return value->str();
    call.Fail("unable to parse " + std::string(name) + " key, must be of type string, but " +
              std::string(TypeName(*value, call.run->dialect())) + " found");
    return std::string_view();
  };
  std::string_view scheme = part("scheme"), opaque = part("opaque"), userinfo = part("userinfo"),
                   host = part("host"), path = part("path"), query = part("query"),
                   fragment = part("fragment");
  TextBuilder out(call.run);
  if (!scheme.empty()) {
    out.Append(scheme);
    out.Append(':');
  }
  if (!opaque.empty()) {
    out.Append(opaque);
  } else {
    if (!scheme.empty() || !host.empty() || !userinfo.empty()) {
      if (!host.empty() || !path.empty() || !userinfo.empty()) out.Append("//");
      if (!userinfo.empty()) {
        AppendEscaped(userinfo, "$&+,;=:%", &out);
        out.Append('@');
      }
      out.Append(host);
    }
    if (!path.empty() && path[0] != '/' && !host.empty()) out.Append('/');
    AppendEscaped(path, "$&+,/:;=@", &out);
  }
  if (!query.empty()) {
    out.Append('?');
    out.Append(query);
  }
  if (!fragment.empty()) {
    out.Append('#');
    AppendEscaped(fragment, "$&+,/:;=?@!()*", &out);
  }
  return out.Finish();
}

constexpr Function kFunctions[] = {
    {"urlJoin", "m", UrlJoin},
    {"urlParse", "s", UrlParse},
};

}  // namespace

Functions UrlFunctions() { return kFunctions; }

}  // namespace glp::codec::tmpl
