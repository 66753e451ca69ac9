#include "secrets.h"

#include <string>

#include "secret_forms.h"

namespace glp::filter {
namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kHex = "0123456789abcdefABCDEF";
// The last characters of the names of secrets, and what may stand between them and the sign.
constexpr std::string_view kNameEnds = "dtnyelsDTNYELS\"' ";

// All bytes that are not in `some`.
std::string Others(std::string_view some) {
  std::string others;
  for (int c = 0; c < 256; ++c) {
    if (some.find(static_cast<char>(c)) == std::string_view::npos) {
      others.push_back(static_cast<char>(c));
    }
  }
  return others;
}

}  // namespace

SecretFinder::SecretFinder(SecretKinds kinds) : kinds_(kinds) {
  if (kinds.email || kinds.token) Watch(Others("@"), "@");
  if (kinds.card) Watch(Others(kDigits), "23456");
  if (kinds.ip) {
    Watch(Others(kDigits), kDigits);
    Watch(kHex, ":");
    Watch(Others(kHex), ":");
  }
  if (kinds.token) {
    Watch(kNameEnds, "=:");
    Watch("y", "J");
    Watch("KS", "I");
    Watch("g", "h");
    Watch("b", "_");
    Watch("o", "x");
    Watch("I", "z");
    Watch("_", "l");
    Watch("l", "p");
    Watch("-", "B");
    Watch("bB", "eE");
  }
}

void SecretFinder::Watch(std::string_view firsts, std::string_view seconds) {
  for (const char a : firsts) {
    for (const char b : seconds) {
      const unsigned pair = static_cast<unsigned char>(a) | static_cast<unsigned char>(b) << 8;
      pairs_[pair >> 6] |= uint64_t{1} << (pair & 63);
    }
  }
}

bool SecretFinder::Next(std::string_view text, size_t from, Match* match) const {
  if (text.empty()) return false;
  // A number or ::1 may begin the text; nothing else that is looked for does without a pair.
  if (from == 0 && IsDigit(text[0]) && LookAtNumber(text, 0, 0, match)) return true;
  if (from == 0 && text[0] == ':' && kinds_.ip && FindIpV6(text, 0, 0, match)) return true;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  // A pair may begin in front of `from`: "<token>5105…".
  for (size_t at = from > 0 ? from - 1 : 0; at + 1 < text.size(); ++at) {
    if (IsWatched(bytes[at], bytes[at + 1]) && Look(text, from, at, match)) return true;
  }
  return false;
}

bool SecretFinder::LookAtNumber(std::string_view text, size_t from, size_t at, Match* match) const {
  return (kinds_.card && FindCard(text, at, match)) ||
         (kinds_.ip && FindIpV4(text, from, at, match));
}

bool SecretFinder::Look(std::string_view text, size_t from, size_t at, Match* match) const {
  switch (text[at + 1]) {
    case '@':
      return (kinds_.token && FindUrlPassword(text, from, at + 1, match)) ||
             (kinds_.email && FindEmail(text, from, at + 1, match));
    case '=':
    case ':':
      return (kinds_.token && FindKeyValue(text, from, at + 1, match)) ||
             (kinds_.ip && text[at + 1] == ':' && FindIpV6(text, from, at + 1, match));
    default:
      break;
  }
  if (IsDigit(text[at + 1])) return at + 1 >= from && LookAtNumber(text, from, at + 1, match);
  return kinds_.token && FindVendorKey(text, from, at, match);
}

}  // namespace glp::filter
