// Where the parser stands in the tokens of a query, and its errors with their places.
// Lifetime: the query must outlive it. Threads: one at a time.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "logql/lexer.h"

namespace glp::logql {

class ParserCursor {
 public:
  explicit ParserCursor(std::string_view query)
      : query_(query), lexer_(query), tokens_(lexer_.tokens()) {}

  const Token& Peek(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  const Token& Take() {
    const Token& token = Peek();
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  bool TakeIf(std::string_view spelling) {
    if (!Peek().Is(spelling)) return false;
    Take();
    return true;
  }
  Status Expect(std::string_view spelling) {
    return TakeIf(spelling) ? Status::Ok() : Unexpected(spelling);
  }
  Result<std::string> ExpectString();
  Result<std::string> ExpectIdentifier();

  // `why` with the place in Loki's form, the source line and a caret.
  Status At(size_t offset, std::string_view why) const;
  // Loki's form for what is not a matter of grammar, with the line and the caret all the same.
  Status Refuse(size_t offset, std::string_view why) const;
  // The next token is none that can stand here; `expecting` as Loki lists them: up to four.
  Status Unexpected(std::string_view expecting = "") const {
    return UnexpectedToken(Peek(), expecting);
  }
  Status UnexpectedToken(const Token& token, std::string_view expecting = "") const;
  // `status` with a line behind it that says which of `known` the word may have been meant to be.
  static Status Suggest(const Status& status, std::string_view what, std::string_view word,
                        const std::vector<std::string>& known);
  Status Unsupported(const Token& token, std::string_view what) const;
  Status UnsupportedName(const Token& token) const {
    return Unsupported(token, "`" + std::string(token.text) + "`");
  }

  // Counts nesting while it lives. Deeper nesting is nobody's query, and the parser recurses.
  class Depth {
   public:
    explicit Depth(ParserCursor* cursor) : cursor_(cursor) { ++cursor_->depth_; }
    ~Depth() { --cursor_->depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;
    // Refused where it is too deep.
    Status Check() const;

   private:
    ParserCursor* cursor_;
  };
  int depth() const { return depth_; }

 private:
  std::string_view query_;
  Lexer lexer_;
  const std::vector<Token>& tokens_;
  size_t at_ = 0;
  int depth_ = 0;
};

// The value of `table`, {spelling, value} pairs, for a token; nullptr where it has none.
template <typename Table>
auto Find(const Table& table, const Token& token) -> decltype(&table[0].second) {
  for (const auto& [spelling, op] : table) {
    if (token.Is(spelling)) return &op;
  }
  return nullptr;
}

bool IsOneOf(const Token& token, std::initializer_list<std::string_view> spellings);

}  // namespace glp::logql
