#include <algorithm>
#include <cstring>

#include "secret_forms.h"

namespace glp::filter {
namespace {

using Match = SecretFinder::Match;

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 0x20) : c; }

// `word` is in lower case.
bool IsAt(std::string_view text, size_t at, std::string_view word) {
  if (at > text.size() || text.size() - at < word.size()) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    if (Lower(text[at + i]) != word[i]) return false;
  }
  return true;
}

struct Name {
  std::string_view ending;
  // What stands behind `token: ` is as often a word of the message: it must look like a secret.
  bool is_common_word;
};
constexpr Name kNames[] = {
    {"password", false},    {"passwd", false},     {"pwd", false},          {"passphrase", false},
    {"secret", true},       {"token", true},       {"authorization", true}, {"api_key", false},
    {"api-key", false},     {"apikey", false},     {"access_key", false},   {"accesskey", false},
    {"access-key", false},  {"secret_key", false}, {"secretkey", false},    {"secret-key", false},
    {"private_key", false}, {"privatekey", false}, {"private-key", false},  {"credential", true},
    {"credentials", true},
};
constexpr std::string_view kSchemes[] = {"bearer ", "basic ", "token ", "digest ", "apikey "};
// A template's variable, what was redacted already, the rest of a URL.
constexpr std::string_view kNoSecretStarts[] = {"<", "${", "{{", "//"};
constexpr size_t kMinSecretBytes = 6;  // of what has the name of a common word
constexpr std::string_view kNoSecrets[] = {"null", "none", "nil", "true", "false", "undefined"};

// The name that ends at `end`; nullptr where it is none of a secret.
const Name* NameThatEndsAt(std::string_view text, size_t end) {
  if (end == 0) return nullptr;
  const char last = Lower(text[end - 1]);
  for (const Name& name : kNames) {
    if (name.ending.back() != last || name.ending.size() > end) continue;
    if (IsAt(text, end - name.ending.size(), name.ending)) return &name;
  }
  return nullptr;
}

struct Value {
  size_t begin = 0, end = 0;
  bool is_quoted = false;
  bool has_scheme = false;  // Bearer, Basic
};

// What stands behind the sign, nothing for a template's variable: in quotes (those of JSON inside
// of JSON, too) or up to what cannot be a part of it.
Value ValueAt(std::string_view text, size_t at) {
  constexpr size_t kMaxBlanks = 4;
  if (text[at - 1] == '=' && at < text.size() && text[at] == '>') ++at;  // Ruby's "a"=>"b"
  for (size_t i = 0; i < kMaxBlanks && at < text.size() && text[at] == ' '; ++i) ++at;
  Value value;
  const bool is_escaped = text.substr(at, 2) == "\\\"";
  value.is_quoted = is_escaped || (at < text.size() && (text[at] == '"' || text[at] == '\''));
  value.begin = at + (is_escaped ? 2 : value.is_quoted ? 1 : 0);
  for (const std::string_view scheme : kSchemes) {
    if (!IsAt(text, value.begin, scheme)) continue;
    value.begin += scheme.size();
    value.has_scheme = true;
    while (value.begin < text.size() && text[value.begin] == ' ') ++value.begin;
    break;
  }
  value.end = value.begin;
  // Looked at before the end is, which may be far.
  for (const std::string_view start : kNoSecretStarts) {
    if (text.substr(value.begin, start.size()) == start) return value;
  }
  if (is_escaped) {
    value.end = std::min(text.find("\\\"", value.begin), text.size());
  } else if (value.is_quoted) {
    const char quote = text[at];
    while (value.end < text.size() && text[value.end] != quote) {
      value.end += text[value.end] == '\\' && value.end + 1 < text.size() ? 2 : 1;
    }
  } else {
    value.end = std::min(text.find_first_of(" \t\r\n,;&\"'`)}]<>\\", value.begin), text.size());
  }
  return value;
}

bool LooksSecret(std::string_view value, size_t at_least) {
  if (value.size() < at_least) return false;
  return value.size() >= 20 || std::any_of(value.begin(), value.end(), IsDigit);
}

// Letters only, and not as words have them: dXNlcjpwYXNz.
bool LooksEncoded(std::string_view value) {
  for (size_t i = 1; i < value.size(); ++i) {
    const bool is_upper = value[i] >= 'A' && value[i] <= 'Z';
    if (is_upper && value[i - 1] >= 'a' && value[i - 1] <= 'z') return true;
  }
  return !value.empty() && value.back() == '=';
}

bool IsPlaceholder(std::string_view value) {
  if (value.find_first_not_of("*xX.") == std::string_view::npos) return true;
  return std::any_of(std::begin(kNoSecrets), std::end(kNoSecrets), [&](std::string_view word) {
    return word.size() == value.size() && IsAt(value, 0, word);
  });
}

bool Found(size_t begin, size_t end, Match* match) {
  *match = {begin, end, SecretKind::kToken};
  return true;
}

bool IsUrlSafe(char c) { return IsWordChar(c) || c == '-'; }

// `count` and more characters behind `begin` + prefix_size, and none of their kind in front.
template <typename IsPart>
bool FindRun(std::string_view text, size_t from, size_t begin, size_t prefix_size, size_t at_least,
             IsPart is_part, Match* match) {
  constexpr size_t kMax = 512;
  if (begin < from ||
      (begin > 0 && IsWordChar(text[begin - 1]) && !(begin >= 2 && text[begin - 2] == '\\'))) {
    return false;
  }
  size_t end = begin + prefix_size;
  while (end < text.size() && end - begin < kMax && is_part(text[end])) ++end;
  return end - begin - prefix_size >= at_least && Found(begin, end, match);
}

// HEADER.CLAIMS.SIGNATURE, each base64url; the first begins with eyJ, which is {" in base64.
bool FindJwt(std::string_view text, size_t from, size_t begin, Match* match) {
  if (begin < from ||
      (begin > 0 && IsUrlSafe(text[begin - 1]) && !(begin >= 2 && text[begin - 2] == '\\'))) {
    return false;
  }
  size_t end = begin;
  const auto run = [&] {
    const size_t start = end;
    while (end < text.size() && IsUrlSafe(text[end])) ++end;
    return end - start;
  };
  if (run() < 10 || end == text.size() || text[end] != '.') return false;
  ++end;
  if (run() < 4) return false;
  if (end < text.size() && text[end] == '.') {
    ++end;
    run();
  }
  return Found(begin, end, match);
}

bool FindPrivateKey(std::string_view text, size_t from, size_t at, Match* match) {
  constexpr std::string_view kBegin = "-----BEGIN ", kEnd = "-----END ";
  constexpr size_t kMaxTitle = 40;
  if (at < 4 || at - 4 < from || text.substr(at - 4, kBegin.size()) != kBegin) return false;
  const size_t begin = at - 4;
  const size_t title = text.substr(begin, kBegin.size() + kMaxTitle).find("PRIVATE KEY-----");
  if (title == std::string_view::npos) return false;
  size_t end = text.find(kEnd, begin + title);
  if (end != std::string_view::npos) end = text.find("-----", end + kEnd.size());
  return Found(begin, end == std::string_view::npos ? text.size() : end + 5, match);
}

bool FindBearer(std::string_view text, size_t from, size_t at, Match* match) {
  constexpr std::string_view kScheme = "bearer ";
  if (!IsAt(text, at, kScheme)) return false;
  size_t begin = at + kScheme.size();
  while (begin < text.size() && text[begin] == ' ') ++begin;
  size_t end = begin;
  while (end < text.size() && (IsUrlSafe(text[end]) || std::string_view(".~+/=").find(text[end]) !=
                                                           std::string_view::npos)) {
    ++end;
  }
  const std::string_view secret = text.substr(begin, end - begin);
  const bool is_secret = LooksSecret(secret, 8) || (secret.size() >= 8 && LooksEncoded(secret));
  return begin >= from && is_secret && Found(begin, end, match);
}

}  // namespace

bool FindKeyValue(std::string_view text, size_t from, size_t at, Match* match) {
  constexpr size_t kMaxBlanks = 4;
  if (at < from) return false;
  size_t end = at;
  while (end > from && at - end < kMaxBlanks && text[end - 1] == ' ') --end;
  if (end > from && (text[end - 1] == '"' || text[end - 1] == '\'')) --end;
  if (end > from && text[end - 1] == '\\') --end;
  const Name* name = NameThatEndsAt(text, end);
  if (name == nullptr) return false;
  const Value value = ValueAt(text, at + 1);
  if (value.end <= value.begin) return false;
  const std::string_view secret = text.substr(value.begin, value.end - value.begin);
  if (IsPlaceholder(secret)) return false;
  if (name->is_common_word) {
    const bool is_prose = !value.is_quoted && text[at] == ':';
    const bool is_encoded = value.has_scheme && LooksEncoded(secret);
    if (is_prose && !is_encoded ? !LooksSecret(secret, 8) : secret.size() < kMinSecretBytes) {
      return false;
    }
  }
  return Found(value.begin, value.end, match);
}

bool IsSecretOf(std::string_view name, std::string_view value) {
  const Name* secret = NameThatEndsAt(name, name.size());
  if (secret == nullptr || value.empty() || IsPlaceholder(value)) return false;
  for (const std::string_view start : kNoSecretStarts) {
    if (value.substr(0, start.size()) == start) return false;
  }
  return !secret->is_common_word || value.size() >= kMinSecretBytes;
}

bool FindVendorKey(std::string_view text, size_t from, size_t at, Match* match) {
  const auto is = [&](size_t back, std::string_view word) {
    return at >= back && text.substr(at - back, word.size()) == word;
  };
  const auto upper = [](char c) { return IsDigit(c) || (c >= 'A' && c <= 'Z'); };
  switch (text[at + 1]) {
    case 'J':
      return is(1, "eyJ") && FindJwt(text, from, at - 1, match);
    case 'I':  // AWS: AKIA or ASIA and 16 more
      return (is(1, "AKIA") || is(1, "ASIA")) && FindRun(text, from, at - 1, 4, 16, upper, match) &&
             match->end - match->begin == 20;
    case 'h':  // GitHub
      return at + 3 < text.size() && text[at + 3] == '_' &&
             std::string_view("pousr").find(text[at + 2]) != std::string_view::npos &&
             FindRun(text, from, at, 4, 20, IsAlnum, match);
    case '_':
      return is(5, "github_pat_") && FindRun(text, from, at - 5, 11, 20, IsWordChar, match);
    case 'x':  // Slack
      return is(1, "xox") && at + 3 < text.size() && text[at + 3] == '-' &&
             std::string_view("abeprs").find(text[at + 2]) != std::string_view::npos &&
             FindRun(text, from, at - 1, 5, 10, IsUrlSafe, match);
    case 'z':  // Google
      return is(1, "AIza") && FindRun(text, from, at - 1, 4, 35, IsUrlSafe, match);
    case 'l':  // Stripe
      return (is(2, "sk_live_") || is(2, "rk_live_")) &&
             FindRun(text, from, at - 2, 8, 16, IsAlnum, match);
    case 'p':  // GitLab
      return is(1, "glpat-") && FindRun(text, from, at - 1, 6, 20, IsUrlSafe, match);
    case 'B':
      return FindPrivateKey(text, from, at, match);
    case 'e':
    case 'E':
      return FindBearer(text, from, at, match);
    default:
      return false;
  }
}

}  // namespace glp::filter
