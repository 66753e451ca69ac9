#include "logql/ip.h"

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <tuple>

#include "logql/format.h"

namespace glp::logql {
namespace {

constexpr uint8_t kDigit = 1, kHex = 2, kV4 = 4, kV6 = 8;

constexpr std::array<uint8_t, 256> MakeKinds() {
  std::array<uint8_t, 256> kinds{};
  for (int c = '0'; c <= '9'; ++c) kinds[c] = kDigit | kHex | kV4 | kV6;
  for (int c = 'a'; c <= 'f'; ++c) kinds[c] = kinds[c - 'a' + 'A'] = kHex | kV6;
  kinds['.'] = kV4 | kV6;
  kinds[':'] = kV6;
  return kinds;
}
constexpr std::array<uint8_t, 256> kKinds = MakeKinds();

bool Is(char c, uint8_t kind) { return (kKinds[static_cast<unsigned char>(c)] & kind) != 0; }

bool ParseV4(std::string_view text, uint32_t* out) {
  uint32_t value = 0;
  for (int octet = 0; octet < 4; ++octet) {
    size_t size = 0;
    uint32_t number = 0;
    while (size < text.size() && size < 4 && Is(text[size], kDigit)) {
      number = number * 10 + static_cast<uint32_t>(text[size++] - '0');
    }
    if (size == 0 || number > 255 || (size > 1 && text[0] == '0')) return false;
    text.remove_prefix(size);
    value = value << 8 | number;
    if (octet == 3) break;
    if (text.empty() || text[0] != '.') return false;
    text.remove_prefix(1);
  }
  *out = value;
  return text.empty();
}

bool ParseV6(std::string_view text, IpAddress* ip) {
  std::array<uint16_t, 8> parts{};
  size_t count = 0;
  size_t gap = SIZE_MAX;  // where :: stands
  if (text.substr(0, 2) == "::") {
    gap = 0;
    text.remove_prefix(2);
  }
  while (!text.empty() && count < 8) {
    uint32_t number = 0;
    size_t size = 0;
    while (size < text.size() && size < 5 && Is(text[size], kHex)) {
      const char c = text[size++];
      number = number << 4 | static_cast<uint32_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    if (size == 0 || size > 4) return false;
    if (size < text.size() && text[size] == '.') {
      uint32_t v4 = 0;
      if (count > 6 || (gap == SIZE_MAX && count != 6) || !ParseV4(text, &v4)) return false;
      parts[count++] = static_cast<uint16_t>(v4 >> 16);
      parts[count++] = static_cast<uint16_t>(v4);
      text = {};
      break;
    }
    parts[count++] = static_cast<uint16_t>(number);
    text.remove_prefix(size);
    if (text.empty()) break;
    if (text[0] != ':' || text.size() == 1) return false;
    text.remove_prefix(1);
    if (text[0] == ':') {
      if (gap != SIZE_MAX) return false;
      gap = count;
      text.remove_prefix(1);
    }
  }
  if (!text.empty()) return false;
  if (gap == SIZE_MAX ? count != 8 : count == 8) return false;
  std::array<uint16_t, 8> all{};
  for (size_t i = 0; i < count; ++i) all[i < gap ? i : i + 8 - count] = parts[i];
  ip->is_v4 = false;
  ip->high = ip->low = 0;
  for (int i = 0; i < 4; ++i) {
    ip->high = ip->high << 16 | all[i];
    ip->low = ip->low << 16 | all[i + 4];
  }
  return true;
}

// Where an address may begin in `text`, by its first bytes.
bool LooksLikeV4(std::string_view text) {
  return text.size() > 3 && Is(text[0], kDigit) &&
         (text[1] == '.' || text[2] == '.' || text[3] == '.');
}
bool LooksLikeV6(std::string_view text) {
  if (text.size() <= 4) return false;
  if (text[0] == ':') return text[1] == ':' && Is(text[2], kHex);
  for (size_t i = 0; i < 4 && Is(text[i], kHex); ++i) {
    if (text[i + 1] == ':') return true;
  }
  return false;
}

std::string_view Span(std::string_view text, uint8_t kind) {
  size_t size = 0;
  while (size < text.size() && Is(text[size], kind)) ++size;
  return text.substr(0, size);
}

bool IsAtMost(const IpAddress& a, const IpAddress& b) {
  return std::tie(a.high, a.low) <= std::tie(b.high, b.low);
}

// The network's mask applied to `ip`, its other bits set in `last`.
bool MakeNetwork(std::string_view bits_text, IpAddress* first, IpAddress* last) {
  const unsigned width = first->is_v4 ? 32 : 128;
  unsigned bits = 0;
  const auto [end, error] =
      std::from_chars(bits_text.data(), bits_text.data() + bits_text.size(), bits);
  if (error != std::errc() || end != bits_text.data() + bits_text.size() || bits > width) {
    return false;
  }
  if (bits_text.size() > 1 && bits_text[0] == '0') return false;
  const unsigned host = width - bits;
  const auto ones = [](unsigned count) {
    return count >= 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
  };
  const uint64_t low = ones(host), high = host > 64 ? ones(host - 64) : 0;
  first->low &= ~low;
  first->high &= ~high;
  *last = *first;
  last->low |= low;
  last->high |= high;
  return true;
}

}  // namespace

bool ParseIp(std::string_view text, IpAddress* ip) {
  constexpr size_t kMaxBytes = 64;  // with a zone
  if (text.size() > kMaxBytes) return false;
  uint32_t v4 = 0;
  if (ParseV4(text, &v4)) {
    *ip = {true, 0, v4};
    return true;
  }
  const size_t zone = text.find('%');
  if (zone != std::string_view::npos) {
    if (zone + 1 == text.size()) return false;
    text = text.substr(0, zone);
  }
  return ParseV6(text, ip);
}

Result<IpMatcher> IpMatcher::Compile(std::string_view pattern) {
  IpMatcher matcher;
  const size_t slash = pattern.find('/'), dash = pattern.find('-');
  bool good = false;
  if (slash != std::string_view::npos) {
    good = pattern.find('%') == std::string_view::npos &&
           ParseIp(pattern.substr(0, slash), &matcher.first_) &&
           MakeNetwork(pattern.substr(slash + 1), &matcher.first_, &matcher.last_);
  } else if (dash != std::string_view::npos) {
    good = ParseIp(pattern.substr(0, dash), &matcher.first_) &&
           ParseIp(pattern.substr(dash + 1), &matcher.last_) &&
           matcher.first_.is_v4 == matcher.last_.is_v4 && IsAtMost(matcher.first_, matcher.last_);
  } else {
    good = ParseIp(pattern, &matcher.first_);
    matcher.last_ = matcher.first_;
  }
  if (!good) return UsageError("ip: invalid pattern: " + Quote(pattern));
  return matcher;
}

bool IpMatcher::Contains(const IpAddress& ip) const {
  return ip.is_v4 == first_.is_v4 && IsAtMost(first_, ip) && IsAtMost(ip, last_);
}

std::string IpMatcher::Prefix() const {
  std::string out;
  if (!first_.is_v4) return out;
  for (int shift = 24; shift >= 0 && (first_.low >> shift) == (last_.low >> shift); shift -= 8) {
    out.append(std::to_string(first_.low >> shift & 255));
    if (shift > 0) out.push_back('.');
  }
  return out;
}

bool IpMatcher::IsIn(std::string_view text) const {
  for (size_t i = 0; i < text.size(); ++i) {
    if (!Is(text[i], kV6)) continue;
    const std::string_view rest = text.substr(i);
    const uint8_t charset = LooksLikeV4(rest) ? kV4 : LooksLikeV6(rest) ? kV6 : 0;
    if (charset == 0) continue;
    const std::string_view span = Span(rest, charset);
    IpAddress ip;
    if (ParseIp(span, &ip) && Contains(ip)) return true;
    i += span.size();
  }
  return false;
}

}  // namespace glp::logql
