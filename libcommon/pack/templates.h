// What the lines of a file have in common: texts with holes. Format: FORMAT.md, Templates record.
// Lifetime: views are good as long as the table. Threads: const from any.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace glp::pack {

// Values are one or more of these, and never stand beside one.
inline constexpr bool IsValueByte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

struct Template {
  std::string_view text;            // without what stands in the holes
  std::span<const uint32_t> holes;  // offsets in `text`, rising
};

class Templates {
 public:
  size_t size() const;
  Template operator[](size_t number) const;
  // The texts of all, one behind the other, for a search over them at once; starts()[i] is where
  // that of template i begins, with the end of the last.
  std::string_view all_text() const;
  const std::vector<uint32_t>& starts() const;
};

}  // namespace glp::pack
