#include "wire/push_meta.h"

#include "base/strings.h"
#include "wire/utf8.h"

namespace glp::wire {

std::string NormalizeMetaName(std::string_view name) {
  std::string out;
  for (char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 && byte < 0xC0) continue;
    const bool digit = c >= '0' && c <= '9';
    if (digit && out.empty()) out += '_';
    out += digit || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ? c : '_';
  }
  return out;
}

std::string BlankInvalidUtf8(std::string_view text) {
  return IsValidUtf8(text) ? std::string(text) : ReplaceInvalidUtf8(text, " ");
}

}  // namespace glp::wire
