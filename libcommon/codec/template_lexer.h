// Text of a template to tokens, by Go's rules: {{ }}, trim markers, comments, and inside of actions
// words, fields, variables, numbers and quoted texts. One pass, linear.
// Lifetime: tokens are views into the text.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace glp::codec::tmpl {

enum class TokenKind : uint8_t {
  kText,
  kOpen,   // {{
  kClose,  // }}
  kSpace,
  kAssign,   // =
  kDeclare,  // :=
  kPipe,
  kLeftParen,
  kRightParen,
  kChar,    // any other ASCII character
  kString,  // "…", as written
  kRaw,     // `…`, as written
  kRune,    // '…', as written
  kNumber,  // as written
  kBool,
  kDot,
  kField,     // with its dot
  kVariable,  // with its $
  kIdentifier,
  kKeyword,
  kEnd,
};

struct Token {
  TokenKind kind;
  uint32_t at;  // offset in the text
  std::string_view text;
};

// "template: :2:5: what" for offset `at` of `text`.
Status TemplateError(std::string_view text, size_t at, std::string_view what);

// Errors: Code::kUsage.
Result<std::vector<Token>> Tokenize(std::string_view text);

}  // namespace glp::codec::tmpl
