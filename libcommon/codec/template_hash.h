// Digests of texts, by OpenSSL's libcrypto.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "codec/template_value.h"

namespace glp::codec::tmpl {

enum class Digest : uint8_t { kSha1, kSha256, kSha512, kSha3_256 };
// Of the parts one behind the other, in small hexadecimal digits.
Value HexDigest(RunState* run, Digest digest, std::initializer_list<std::string_view> parts);

}  // namespace glp::codec::tmpl
