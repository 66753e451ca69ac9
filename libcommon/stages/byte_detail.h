// "byte 17: expected ':' behind the key": what __error_details__ says of a text that is wrong.
// Lifetime: in the arena. Cost: no other allocation: it may be every line of a stream.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "base/arena.h"

namespace glp::stages {

inline std::string_view ByteDetail(size_t byte, std::string_view what, Arena& arena) {
  constexpr std::string_view kByte = "byte ", kColon = ": ";
  constexpr size_t kDigits = 20;
  char* const text = arena.Allocate(kByte.size() + kDigits + kColon.size() + what.size());
  char* end = text;
  const auto put = [&end](std::string_view piece) {
    std::memcpy(end, piece.data(), piece.size());
    end += piece.size();
  };
  put(kByte);
  end = std::to_chars(end, end + kDigits, byte).ptr;
  put(kColon);
  put(what);
  return {text, static_cast<size_t>(end - text)};
}

}  // namespace glp::stages
