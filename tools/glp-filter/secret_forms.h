// The forms of what SecretFinder finds; each looks at one place of a text. For secrets.cc.
// `from`: nothing in front of it belongs to the match. All answer whether there is one.
// Threads: pure functions. Cost: as secrets.h says.
#pragma once

#include <cstddef>
#include <string_view>

#include "secrets.h"

namespace glp::filter {

// `at` is that of an '@'.
bool FindEmail(std::string_view text, size_t from, size_t at, SecretFinder::Match* match);
// The password of scheme://user:password@host.
bool FindUrlPassword(std::string_view text, size_t from, size_t at, SecretFinder::Match* match);
// `at` is that of the first digit of a number.
bool FindCard(std::string_view text, size_t at, SecretFinder::Match* match);
bool FindIpV4(std::string_view text, size_t from, size_t at, SecretFinder::Match* match);
// `at` is that of a ':'.
bool FindIpV6(std::string_view text, size_t from, size_t at, SecretFinder::Match* match);
// `at` is that of the '=' or ':' of password=…, "api_key": "…", Authorization: Bearer ….
bool FindKeyValue(std::string_view text, size_t from, size_t at, SecretFinder::Match* match);
// Whether a value is a secret for its name alone: a field `password`.
bool IsSecretOf(std::string_view name, std::string_view value);
// `at` is that of the pair of letters that SecretFinder watches for it.
bool FindVendorKey(std::string_view text, size_t from, size_t at, SecretFinder::Match* match);

inline bool IsDigit(char c) { return c >= '0' && c <= '9'; }
inline bool IsAlnum(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
inline bool IsWordChar(char c) { return IsAlnum(c) || c == '_'; }

}  // namespace glp::filter
