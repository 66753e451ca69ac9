#include "codec/jmespath_lexer.h"

#include "base/strings.h"
#include "codec/json_tree.h"

namespace glp::codec {
namespace {

using Kind = JmesToken::Kind;

bool IsNameStart(char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<JmesToken>> Run() {
    while (i_ < text_.size()) {
      const char c = text_[i_];
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        ++i_;
        continue;
      }
      token_ = {};
      token_.at = i_;
      GLP_RETURN_IF_ERROR(Next(c));
      tokens_.push_back(std::move(token_));
    }
    token_ = {};
    token_.at = text_.size();
    tokens_.push_back(std::move(token_));
    return std::move(tokens_);
  }

 private:
  char Peek() const { return i_ + 1 < text_.size() ? text_[i_ + 1] : '\0'; }

  Status Take(Kind kind, size_t size) {
    token_.kind = kind;
    token_.text = text_.substr(i_, size);
    i_ += size;
    return Status::Ok();
  }

  Status Next(char c) {
    if (IsNameStart(c)) {
      size_t end = i_;
      while (end < text_.size() && (IsNameStart(text_[end]) || IsDigit(text_[end]))) ++end;
      return Take(Kind::kName, end - i_);
    }
    if (IsDigit(c) || c == '-') return Number();
    switch (c) {
      case '.':
        return Take(Kind::kDot, 1);
      case '*':
        return Take(Kind::kStar, 1);
      case ',':
        return Take(Kind::kComma, 1);
      case ':':
        return Take(Kind::kColon, 1);
      case '{':
        return Take(Kind::kOpenBrace, 1);
      case '}':
        return Take(Kind::kCloseBrace, 1);
      case ']':
        return Take(Kind::kCloseBracket, 1);
      case '(':
        return Take(Kind::kOpenParen, 1);
      case ')':
        return Take(Kind::kCloseParen, 1);
      case '@':
        return Take(Kind::kCurrent, 1);
      case '[':
        if (Peek() == '?') return Take(Kind::kFilter, 2);
        return Peek() == ']' ? Take(Kind::kFlatten, 2) : Take(Kind::kOpenBracket, 1);
      case '|':
        return Peek() == '|' ? Take(Kind::kOr, 2) : Take(Kind::kPipe, 1);
      case '&':
        return Peek() == '&' ? Take(Kind::kAnd, 2) : Take(Kind::kReference, 1);
      case '!':
        return Peek() == '=' ? Take(Kind::kNotEqual, 2) : Take(Kind::kNot, 1);
      case '<':
        return Peek() == '=' ? Take(Kind::kLessEqual, 2) : Take(Kind::kLess, 1);
      case '>':
        return Peek() == '=' ? Take(Kind::kGreaterEqual, 2) : Take(Kind::kGreater, 1);
      case '=':
        if (Peek() == '=') return Take(Kind::kEqual, 2);
        return JmesError(text_, i_, "'=' does not stand alone; to compare write '=='");
      case '"':
        return QuotedName();
      case '\'':
        return RawText();
      case '`':
        return Json();
      default:
        return Unknown();
    }
  }

  Status Unknown() {
    size_t size = 1;
    while (i_ + size < text_.size() && (text_[i_ + size] & 0xC0) == 0x80) ++size;
    return JmesError(text_, i_,
                     "'" + EscapeForTerminal(text_.substr(i_, size)) +
                         "' has no meaning here; a key that has it is quoted: \"a key\"");
  }

  Status Number() {
    size_t end = i_ + 1;
    while (end < text_.size() && IsDigit(text_[end])) ++end;
    const auto number = ParseInt64(text_.substr(i_, end - i_));
    if (!number) {
      return JmesError(text_, i_,
                       end == i_ + 1 ? "a key that has a '-' in it is quoted: \"a-b\""
                                     : "the number does not fit 64 bits");
    }
    token_.number = *number;
    return Take(Kind::kNumber, end - i_);
  }

  // What stands up to the next `quote` without a backslash in front; i_ is then behind it.
  Result<std::string_view> Quoted(char quote) {
    const size_t start = i_ + 1;
    for (size_t end = start; end < text_.size(); ++end) {
      if (text_[end] == '\\') {
        ++end;
      } else if (text_[end] == quote) {
        i_ = end + 1;
        return text_.substr(start, end - start);
      }
    }
    return JmesError(text_, i_, std::string(1, quote) + " without its end");
  }

  Status QuotedName() {
    const size_t at = i_;
    GLP_ASSIGN_OR_RETURN(const std::string_view inside, Quoted('"'));
    (void)inside;
    JsonTree tree;
    const JsonNode* node = tree.Parse(text_.substr(at, i_ - at));
    if (node == nullptr) {
      return JmesError(text_, at + tree.error_offset(),
                       "a quoted key is a JSON string; " + std::string(tree.error()));
    }
    token_.kind = Kind::kQuotedName;
    token_.text = node->text;
    return Status::Ok();
  }

  Status RawText() {
    GLP_ASSIGN_OR_RETURN(const std::string_view inside, Quoted('\''));
    token_.kind = Kind::kRawText;
    Unescape(inside, '\'');
    return Status::Ok();
  }

  Status Json() {
    GLP_ASSIGN_OR_RETURN(const std::string_view inside, Quoted('`'));
    token_.kind = Kind::kJson;
    Unescape(inside, '`');
    return Status::Ok();
  }

  // A backslash in front of the quote goes, others stay.
  void Unescape(std::string_view inside, char quote) {
    for (size_t i = 0; i < inside.size(); ++i) {
      if (inside[i] == '\\' && i + 1 < inside.size() && inside[i + 1] == quote) ++i;
      token_.text.push_back(inside[i]);
    }
  }

  std::string_view text_;
  size_t i_ = 0;
  JmesToken token_;
  std::vector<JmesToken> tokens_;
};

}  // namespace

Result<std::vector<JmesToken>> LexJmesPath(std::string_view expression) {
  return Lexer(expression).Run();
}

Status JmesError(std::string_view expression, size_t at, std::string_view why) {
  constexpr size_t kShownBytes = 200;
  std::string shown = EscapeForTerminal(expression.substr(0, kShownBytes));
  if (expression.size() > kShownBytes) shown += "…";
  size_t character = 1;
  for (const char c : expression.substr(0, at)) character += (c & 0xC0) != 0x80;
  return UsageError("JMESPath '" + shown + "': character " + std::to_string(character) + ": " +
                    std::string(why));
}

}  // namespace glp::codec
