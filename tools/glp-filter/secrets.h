// Finds what must not be passed on in a text: mail addresses, numbers of payment cards, secrets
// and, if asked for, IP addresses.
//
//   SecretFinder finder({.email = true});
//   for (SecretFinder::Match m; finder.Next(line, at, &m); at = m.end) …
//
// How: a table of two-byte pairs says where something can be ('x' '@', 'd' '='); what stands there
// is then looked at closely. Text inside of JSON strings inside of the text is understood: the n of
// \nme@example.com is no part of the address.
// Threads: const from any.
// Cost:    linear in the text, whatever it is: one table look-up a byte, and no place is looked at
//          closely but for a bounded distance or for what no other look takes again.
// Source:  RFC 5321 (addresses, as they are common), ISO/IEC 7812 (Luhn's check, card prefixes),
//          RFC 7519 (JWT), the prefixes that vendors gave their keys.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace glp::filter {

enum class SecretKind : uint8_t { kEmail, kCard, kToken, kIp };
inline constexpr std::array<std::string_view, 4> kSecretNames = {"email", "card", "token", "ip"};

struct SecretKinds {
  bool email = false;
  bool card = false;   // 13 to 19 digits of a known issuer that Luhn's check holds for
  bool token = false;  // keys of vendors, JWTs, private keys; passwords of URLs; password=…
  bool ip = false;     // IPv4 and IPv6
};

class SecretFinder {
 public:
  struct Match {
    size_t begin = 0, end = 0;
    SecretKind kind = SecretKind::kEmail;
  };

  explicit SecretFinder(SecretKinds kinds);

  // The first match that begins at `from` or behind it.
  bool Next(std::string_view text, size_t from, Match* match) const;

 private:
  void Watch(std::string_view firsts, std::string_view seconds);
  bool IsWatched(unsigned char a, unsigned char b) const {
    const unsigned pair = a | b << 8;
    return (pairs_[pair >> 6] >> (pair & 63) & 1) != 0;
  }
  // What stands around the pair at `at`, not in front of `from`.
  bool Look(std::string_view text, size_t from, size_t at, Match* match) const;
  bool LookAtNumber(std::string_view text, size_t from, size_t at, Match* match) const;

  SecretKinds kinds_;
  std::array<uint64_t, 1024> pairs_ = {};
};

}  // namespace glp::filter
