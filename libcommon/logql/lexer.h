// A query's text cut into tokens.
// Lifetime: Token::text views the query or the lexer's own memory: good as long as both are.
// Errors:   a token of kind kError whose text says why; it is the last one. Never fails otherwise.
// Source:   Loki 3.7 pkg/logql/syntax/lex.go: Go's strings, Prometheus' and Go's durations, `#`
//           comments, keywords in any case.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace glp::logql {

struct Token {
  enum class Kind : uint8_t {
    kEnd,
    kError,
    kIdentifier,
    kString,    // text: what it stands for, unescaped
    kNumber,    // text: as written
    kDuration,  // duration_ns
    kBytes,     // 5KB; text: as written; bytes
    kRange,     // [5m]; duration_ns
    kFlag,      // --strict, --keep-empty; text: as written
    kOther,     // a character that no token begins with; text: it
    kKeyword,   // a reserved word; text: in lower case
    kFunction,  // a function's name with its "(" or "by (" behind; text: in lower case
    kOperator,  // text: as written
  };
  Kind kind = Kind::kEnd;
  std::string_view text;
  int64_t duration_ns = 0;
  size_t offset = 0;  // in bytes, of its first one
  uint64_t bytes = 0;

  // A keyword, function or operator of this spelling.
  bool Is(std::string_view spelling) const { return kind >= Kind::kKeyword && text == spelling; }
  // As Loki's errors call it: IDENTIFIER, STRING, $end, or its spelling.
  std::string_view Name() const;
};

class Lexer {
 public:
  // `query` must outlive the lexer.
  explicit Lexer(std::string_view query);
  // At least one; the last is kEnd or kError.
  const std::vector<Token>& tokens() const { return tokens_; }

 private:
  void SkipBlanks();
  void Next();
  void LexString();
  void LexRawString();
  void LexNumber();
  bool LexUnit(size_t sign, size_t digits);
  bool LexFlag();
  void LexWord();
  void LexRange();
  void LexOperator();
  bool IsCallBehind(size_t at) const;
  void Push(Token::Kind kind, std::string_view text, size_t offset, int64_t duration_ns = 0);
  void Fail(size_t offset, std::string_view why);

  std::string_view query_;
  size_t at_ = 0;
  bool done_ = false;
  std::vector<Token> tokens_;
  std::deque<std::string> owned_;  // unescaped and lower-cased texts; their addresses stay
};

}  // namespace glp::logql
