// Base64 and base32.
#include "codec/template_functions.h"

namespace glp::codec::tmpl {
namespace {

constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// `bits` a digit: 6 for base64, 5 for base32; whole groups of 4 or 8 digits, padded with =.
Value Encode(RunState* run, std::string_view bytes, std::string_view digits, int bits) {
  TextBuilder out(run);
  uint32_t held = 0;
  int count = 0;
  auto digit = [&](uint32_t value) { out.Append(digits[value & ((1u << bits) - 1)]); };
  for (char c : bytes) {
    held = held << 8 | static_cast<uint8_t>(c);
    for (count += 8; count >= bits; count -= bits) digit(held >> (count - bits));
  }
  if (count > 0) digit(held << (bits - count));
  size_t group = bits == 6 ? 4 : 8;
  while (out.text().size() % group != 0 && !run->failed()) out.Append('=');
  return out.Finish();
}

// Go's functions give the error as their text. Line ends between the digits are left out.
Value Decode(RunState* run, std::string_view text, std::string_view digits, int bits) {
  TextBuilder out(run);
  uint32_t held = 0;
  int count = 0;
  size_t group = bits == 6 ? 4 : 8, seen = 0, padding = 0;
  auto bad = [&](size_t at) {
    return run->Copy("illegal base" + std::to_string(1 << bits) + " data at input byte " +
                     std::to_string(at));
  };
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '\n' || c == '\r') continue;
    if (c == '=') {
      size_t in_group = seen % group;
      bool fits = bits == 6 ? in_group >= 2
                            : in_group == 2 || in_group == 4 || in_group == 5 || in_group == 7;
      if (padding == 0 && !fits) return bad(i);
      if (padding > 0 && (seen + padding) % group == 0) return bad(i);
      ++padding;
      continue;
    }
    size_t digit = digits.find(c);
    if (digit == std::string_view::npos || padding > 0) return bad(i);
    ++seen;
    held = held << bits | static_cast<uint32_t>(digit);
    if ((count += bits) >= 8) out.Append(static_cast<char>(held >> (count -= 8)));
  }
  if ((seen + padding) % group != 0) {
    return bad(text.size() - (padding == 0 ? seen % group : 0));
  }
  return out.Finish();
}

Value B64Enc(const Call& call) { return Encode(call.run, call.str(0), kBase64, 6); }
Value B64Dec(const Call& call) { return Decode(call.run, call.str(0), kBase64, 6); }
Value B32Enc(const Call& call) { return Encode(call.run, call.str(0), kBase32, 5); }
Value B32Dec(const Call& call) { return Decode(call.run, call.str(0), kBase32, 5); }

constexpr Function kFunctions[] = {
    {"b32dec", "s", B32Dec},
    {"b32enc", "s", B32Enc},
    {"b64dec", "s", B64Dec},
    {"b64enc", "s", B64Enc},
};

}  // namespace

Functions EncodingFunctions() { return kFunctions; }

}  // namespace glp::codec::tmpl
