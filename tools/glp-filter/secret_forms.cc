#include "secret_forms.h"

#include <algorithm>
#include <array>

#include "logql/ip.h"

namespace glp::filter {
namespace {

using Match = SecretFinder::Match;

bool Found(size_t begin, size_t end, SecretKind kind, Match* match) {
  *match = {begin, end, kind};
  return true;
}

bool IsHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// Where what was found from `begin` on begins, once the letters of an escape in front of it are
// taken off: \n, \t, \u0041.
size_t BehindEscape(std::string_view text, size_t from, size_t begin) {
  size_t backslashes = 0;
  while (begin - backslashes > from && text[begin - backslashes - 1] == '\\') ++backslashes;
  if (backslashes % 2 == 0) return begin;
  if (begin < text.size() && text[begin] == 'u') return std::min(begin + 5, text.size());
  return begin + 1;
}

bool IsLocalChar(char c) {
  return IsAlnum(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '-';
}

}  // namespace

bool FindEmail(std::string_view text, size_t from, size_t at, Match* match) {
  constexpr size_t kMaxLocal = 64, kMaxDomain = 253;
  size_t begin = at;
  while (begin > from && at - begin < kMaxLocal && IsLocalChar(text[begin - 1])) --begin;
  begin = BehindEscape(text, from, begin);
  while (begin < at && (text[begin] == '.' || text[begin] == '-')) ++begin;
  if (begin >= at) return false;
  // Labels of letters, digits and '-', the last one of letters.
  size_t end = at + 1, label = at + 1, good_end = 0;
  bool has_dot = false, letters = true;
  const size_t limit = std::min(text.size(), at + 1 + kMaxDomain);
  for (;; ++end) {
    const char c = end < limit ? text[end] : '\0';
    if (c != '\0' && (IsAlnum(c) || c == '-')) {
      letters = letters && !IsDigit(c) && c != '-';
      continue;
    }
    if (end == label) break;  // an empty label
    if (has_dot && letters && end - label >= 2) good_end = end;
    if (c != '.') break;
    has_dot = true;
    letters = true;
    label = end + 1;
  }
  return good_end != 0 && Found(begin, good_end, SecretKind::kEmail, match);
}

bool FindUrlPassword(std::string_view text, size_t from, size_t at, Match* match) {
  size_t begin = at, colon = 0;
  for (; begin > from; --begin) {
    const char c = text[begin - 1];
    if (c == '/' || c == '@' || c == ' ' || c == '"' || c == '\'' || c == '\\' || c == '<') break;
    if (c == ':') colon = begin - 1;
  }
  const bool is_url = begin >= from + 3 && text.substr(begin - 3, 3) == "://";
  if (!is_url || colon == 0 || colon + 1 >= at) return false;
  // An @ of the password itself: the host stands behind the last one.
  for (size_t i = at + 1; i < text.size(); ++i) {
    if (std::string_view("/?#,; \t\"'`\\<>()[]{}").find(text[i]) != std::string_view::npos) break;
    if (text[i] == '@') at = i;
  }
  return Found(colon + 1, at, SecretKind::kToken, match);
}

namespace {

// Whether an issuer gives numbers that begin so and have so many digits.
bool IsIssued(const std::array<int, 19>& digits, size_t count) {
  const auto prefix = [&](int size) {
    int value = 0;
    for (int i = 0; i < size; ++i) value = value * 10 + digits[i];
    return value;
  };
  const int two = prefix(2), three = prefix(3), four = prefix(4);
  if (digits[0] == 4) return count == 13 || count == 16 || count == 19;  // Visa
  if (two >= 51 && two <= 55) return count == 16;                        // Mastercard
  if (four >= 2221 && four <= 2720) return count == 16;
  if (two == 34 || two == 37) return count == 15;  // American Express
  if (two == 36 || two == 38 || two == 39 || (three >= 300 && three <= 305)) {
    return count >= 14;  // Diners Club
  }
  if (four >= 3528 && four <= 3589) return count >= 16;  // JCB
  // Discover, UnionPay, Maestro and others.
  if (four == 6011 || (three >= 644 && three <= 659) || two == 62) return count >= 16;
  return (two == 50 || (two >= 56 && two <= 58) || two == 60 || two == 67) && count >= 16;
}

bool PassesLuhn(const std::array<int, 19>& digits, size_t count) {
  int sum = 0;
  for (size_t i = 0; i < count; ++i) {
    int value = digits[count - 1 - i];
    if (i % 2 == 1) value = value > 4 ? 2 * value - 9 : 2 * value;
    sum += value;
  }
  return sum % 10 == 0;
}

}  // namespace

bool FindCard(std::string_view text, size_t at, Match* match) {
  if (at > 0) {
    const char before = text[at - 1];
    const bool is_escape = at >= 2 && text[at - 2] == '\\';  // \n4111…
    if (IsWordChar(before) && !is_escape) return false;
    // blk_-4111…, 0.4111…: a part of something longer.
    if ((before == '-' || before == '.') && at >= 2 && IsWordChar(text[at - 2])) return false;
  }
  std::array<int, 19> digits;
  std::array<size_t, 19> group_ends;  // how many digits there are at the end of each group
  std::array<size_t, 19> ends;
  size_t count = 0, groups = 0, end = at;
  char separator = '\0';
  for (;; ++end) {
    const char c = end < text.size() ? text[end] : '\0';
    if (IsDigit(c)) {
      if (count == digits.size()) {
        ++count;  // too many in this group
        break;
      }
      digits[count++] = c - '0';
      continue;
    }
    const bool goes_on = (c == ' ' || c == '-') && (separator == '\0' || separator == c) &&
                         end + 1 < text.size() && IsDigit(text[end + 1]) && groups + 1 < 19;
    group_ends[groups] = count;
    ends[groups++] = end;
    if (!goes_on) break;
    separator = c;
  }
  // With separators the number may end at any group, 4111 1111 1111 1111 12/29.
  for (size_t i = groups; i-- > 0;) {
    const size_t n = group_ends[i];
    if (n < 13 || n > 19) continue;
    // Groups are of four digits, the later ones of six, too; the last one of any size up to that.
    if (i > 0 && group_ends[0] != 4) continue;
    const char behind = ends[i] < text.size() ? text[ends[i]] : ' ';
    if (IsWordChar(behind)) continue;
    if ((behind == '-' || behind == '.') && ends[i] + 1 < text.size() &&
        IsAlnum(text[ends[i] + 1]) && (i + 1 == groups || separator == ' ')) {
      continue;
    }
    if (IsIssued(digits, n) && PassesLuhn(digits, n)) {
      return Found(at, ends[i], SecretKind::kCard, match);
    }
  }
  return false;
}

bool FindIpV4(std::string_view text, size_t from, size_t at, Match* match) {
  if (at > from && (IsWordChar(text[at - 1]) || text[at - 1] == '.')) {
    if (at < 2 || text[at - 2] != '\\') return false;
  }
  size_t end = at;
  while (end < text.size() && end - at < 16 && (IsDigit(text[end]) || text[end] == '.')) ++end;
  // A full stop behind the address.
  if (end > at && text[end - 1] == '.') --end;
  if (end < text.size() && (IsWordChar(text[end]) || IsDigit(text[end]))) return false;
  logql::IpAddress ip;
  if (end - at < 7 || !logql::ParseIp(text.substr(at, end - at), &ip)) return false;
  return Found(at, end, SecretKind::kIp, match);
}

bool FindIpV6(std::string_view text, size_t from, size_t at, Match* match) {
  constexpr size_t kMaxBytes = 45;
  size_t begin = at;
  while (begin > from && at - begin < 4 && IsHex(text[begin - 1])) --begin;
  if (begin > from && (IsWordChar(text[begin - 1]) || text[begin - 1] == ':')) return false;
  size_t end = at, colons = 0;
  bool has_digit = false;
  for (; end < text.size() && end - begin < kMaxBytes; ++end) {
    const char c = text[end];
    if (c == ':') {
      ++colons;
    } else if (!IsHex(c) && c != '.') {
      break;
    }
  }
  for (size_t i = begin; i < end; ++i) has_digit = has_digit || IsDigit(text[i]);
  // Punctuation behind the address; its own end may be "::".
  while (end > begin && (text[end - 1] == '.' ||
                         (text[end - 1] == ':' && (end - begin < 2 || text[end - 2] != ':')))) {
    --end;
  }
  if (colons < 2 || !has_digit || (end < text.size() && IsWordChar(text[end]))) return false;
  logql::IpAddress ip;
  if (!logql::ParseIp(text.substr(begin, end - begin), &ip)) return false;
  return Found(begin, end, SecretKind::kIp, match);
}

}  // namespace glp::filter
