// One value as one verb of Go's Printf writes it: flags, width, precision.
#pragma once

#include <optional>
#include <string_view>

#include "codec/template_value.h"

namespace glp::codec::tmpl {

// Go's own limit for widths and precisions.
inline constexpr int kMaxWidth = 1'000'000;

struct VerbSpec {
  bool plus = false, minus = false, sharp = false, space = false, zero = false;
  std::optional<int> width, precision;
};

class VerbWriter {
 public:
  explicit VerbWriter(TextBuilder* out) : out_(out) {}

  // False where the verb does not go with the type.
  bool Text(const VerbSpec& spec, char verb, std::string_view text);
  bool Float(const VerbSpec& spec, char verb, double value);
  bool Integer(const VerbSpec& spec, char verb, const Value& value);
  // Widths count characters.
  void Padded(const VerbSpec& spec, std::string_view text, bool zero = false);

 private:
  // Zeros stand between the sign and the digits.
  void Signed(const VerbSpec& spec, std::string_view sign, std::string_view digits, bool zero);
  void Character(const VerbSpec& spec, char verb, uint32_t rune);

  TextBuilder* out_;
};

}  // namespace glp::codec::tmpl
