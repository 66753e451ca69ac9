// Words of a JMESPath expression.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace glp::codec {

struct JmesToken {
  enum class Kind : uint8_t {
    kEnd,
    kName,
    kQuotedName,
    kNumber,
    kRawText,  // 'text'
    kJson,     // `json`
    kStar,
    kDot,
    kComma,
    kColon,
    kOpenBrace,
    kCloseBrace,
    kOpenBracket,
    kCloseBracket,
    kOpenParen,
    kCloseParen,
    kFilter,   // [?
    kFlatten,  // []
    kCurrent,
    kPipe,
    kOr,
    kAnd,
    kNot,
    kReference,
    kEqual,
    kNotEqual,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
  };
  Kind kind = Kind::kEnd;
  size_t at = 0;     // byte of its start
  std::string text;  // decoded; of punctuation as it is written
  int64_t number = 0;
};

// The last one is kEnd. Errors: Code::kUsage.
Result<std::vector<JmesToken>> LexJmesPath(std::string_view expression);

// "JMESPath 'a.': character 3: expected a key".
Status JmesError(std::string_view expression, size_t at, std::string_view why);

}  // namespace glp::codec
