// Promtail's own functions besides sprig's, and those that Loki has by the same names.
#include "codec/template_functions.h"
#include "codec/template_hash.h"
#include "codec/template_own.h"

namespace glp::codec::tmpl {
namespace {

Value Hash(const Call& call) {
  return HexDigest(call.run, Digest::kSha3_256, {call.str(0), call.str(1)});
}
Value Sha2Hash(const Call& call) {
  return HexDigest(call.run, Digest::kSha256, {call.str(0), call.str(1)});
}

constexpr Function kFunctions[] = {
    {"Hash", "ss", Hash},
    {"Replace", "sssi", OwnReplace},
    {"Sha2Hash", "ss", Sha2Hash},
    {"ToLower", "s", OwnToLower},
    {"ToUpper", "s", OwnToUpper},
    {"Trim", "ss", OwnTrim},
    {"TrimLeft", "ss", OwnTrimLeft},
    {"TrimPrefix", "ss", OwnTrimPrefix},
    {"TrimRight", "ss", OwnTrimRight},
    {"TrimSpace", "s", OwnTrimSpace},
    {"TrimSuffix", "ss", OwnTrimSuffix},
};

}  // namespace

Functions PromtailFunctions() { return kFunctions; }

}  // namespace glp::codec::tmpl
