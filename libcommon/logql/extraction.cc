#include "logql/extraction.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/strings.h"

namespace glp::logql {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

enum class Kind { kEnd, kName, kString, kIndex, kOpen, kClose, kDot };

// Tokens of both languages. A character that none begins with is the end, and remembered: it is an
// error of its own where the expression could have ended there.
class Tokens {
 public:
  Tokens(std::string_view text, const char* name) : text_(text), name_(name) { Next(); }

  Kind kind() const { return kind_; }
  std::string_view value() const { return value_; }
  size_t index() const { return index_; }
  void Next();

  Status Unexpected(std::string_view expecting) const;
  // An error unless all was read.
  Status AtEnd() const;

 private:
  Status Error(std::string why) const {
    return UsageError("cannot parse expression [" + std::string(text_) + "]: " + std::move(why));
  }
  std::string_view NameOf(Kind kind) const;
  void Set(Kind kind, size_t start, size_t end) {
    kind_ = kind;
    value_ = text_.substr(start, end - start);
  }

  std::string_view text_;
  const char* name_;  // of kName
  size_t at_ = 0;
  Kind kind_ = Kind::kEnd;
  std::string_view value_;
  size_t index_ = 0;
  std::string bad_;
};

void Tokens::Next() {
  while (at_ < text_.size() && IsBlank(text_[at_])) ++at_;
  const size_t start = at_;
  if (start == text_.size() || !bad_.empty()) return Set(Kind::kEnd, start, start);
  const char c = text_[at_++];
  if (IsNameStart(c)) {
    while (at_ < text_.size() && (IsNameStart(text_[at_]) || IsDigit(text_[at_]))) ++at_;
    return Set(Kind::kName, start, at_);
  }
  if (c == '"') {
    const size_t end = std::min(text_.find_first_of("\"]", at_), text_.size());
    Set(Kind::kString, at_, end);
    at_ = std::min(end + 1, text_.size());
    return;
  }
  if (IsDigit(c)) {
    const size_t end = std::min(text_.find_first_not_of("0123456789", start), text_.size());
    const auto index = ParseInt64(text_.substr(start, end - start));
    if (index && end < text_.size() && (IsBlank(text_[end]) || text_[end] == ']')) {
      index_ = static_cast<size_t>(*index);
      at_ = end;
      return Set(Kind::kIndex, start, end);
    }
  }
  if (c == '[') return Set(Kind::kOpen, start, at_);
  if (c == ']') return Set(Kind::kClose, start, at_);
  if (c == '.') return Set(Kind::kDot, start, at_);
  size_t end = at_;
  while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xC0) == 0x80) ++end;
  bad_ = text_.substr(start, end - start);
  Set(Kind::kEnd, start, start);
}

std::string_view Tokens::NameOf(Kind kind) const {
  switch (kind) {
    case Kind::kName:
      return name_;
    case Kind::kString:
      return "STRING";
    case Kind::kIndex:
      return "INDEX";
    case Kind::kOpen:
      return "LSB";
    case Kind::kClose:
      return "RSB";
    case Kind::kDot:
      return "DOT";
    case Kind::kEnd:
      break;
  }
  return "$end";
}

Status Tokens::Unexpected(std::string_view expecting) const {
  std::string why = "syntax error: unexpected " + std::string(NameOf(kind_));
  if (!expecting.empty()) why.append(", expecting ").append(expecting);
  return Error(std::move(why));
}

Status Tokens::AtEnd() const {
  if (!bad_.empty()) return Error("unexpected char " + bad_);
  return kind_ == Kind::kEnd ? Status::Ok() : Unexpected("");
}

}  // namespace

// path = first {"." FIELD | "[" (STRING | INDEX) "]"}, first = FIELD | "[" (STRING | INDEX) "]"
Result<JsonPath> ParseJsonPath(std::string_view expression) {
  Tokens tokens(expression, "FIELD");
  JsonPath path;
  for (;;) {
    JsonStep step;
    const bool has_dot = !path.empty() && tokens.kind() == Kind::kDot;
    if (has_dot) tokens.Next();
    if (tokens.kind() == Kind::kName && (has_dot || path.empty())) {
      step.key = tokens.value();
    } else if (tokens.kind() == Kind::kOpen && !has_dot) {
      tokens.Next();
      step.is_index = tokens.kind() == Kind::kIndex;
      if (!step.is_index && tokens.kind() != Kind::kString) {
        return tokens.Unexpected("STRING or INDEX");
      }
      step.key = step.is_index ? "" : tokens.value();
      step.index = tokens.index();
      tokens.Next();
      if (tokens.kind() != Kind::kClose) return tokens.Unexpected("RSB");
    } else if (has_dot) {
      return tokens.Unexpected("FIELD");
    } else if (path.empty()) {
      return tokens.Unexpected("LSB or FIELD");
    } else {
      GLP_RETURN_IF_ERROR(tokens.AtEnd());
      return path;
    }
    path.push_back(std::move(step));
    tokens.Next();
  }
}

Result<std::string> ParseLogfmtKey(std::string_view expression) {
  Tokens tokens(expression, "KEY");
  if (tokens.kind() != Kind::kName && tokens.kind() != Kind::kString) {
    return tokens.Unexpected("STRING or KEY");
  }
  std::string key(tokens.value());
  tokens.Next();
  // A dot or bracket is no token of this language.
  if (tokens.kind() == Kind::kDot || tokens.kind() == Kind::kOpen ||
      tokens.kind() == Kind::kClose) {
    return UsageError("cannot parse expression [" + std::string(expression) +
                      "]: unexpected char " + std::string(tokens.value()));
  }
  GLP_RETURN_IF_ERROR(tokens.AtEnd());
  return key;
}

}  // namespace glp::logql
