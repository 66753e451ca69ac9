#include "codec/template_lexer.h"

#include <algorithm>
#include <string>

#include "codec/runes.h"
#include "codec/template_print.h"

namespace glp::codec::tmpl {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";
constexpr std::string_view kKeywords[] = {"block", "break", "continue", "define",   "else", "end",
                                          "if",    "nil",   "range",    "template", "with"};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<Token>> Run() {
    while (at_ < text_.size()) {
      GLP_RETURN_IF_ERROR(Text());
      if (at_ < text_.size()) GLP_RETURN_IF_ERROR(Action());
    }
    Emit(TokenKind::kEnd, at_);
    return std::move(tokens_);
  }

 private:
  std::string_view rest() const { return text_.substr(at_); }
  bool At(std::string_view word) const { return rest().substr(0, word.size()) == word; }
  static bool IsBlank(char c) { return kSpaces.find(c) != std::string_view::npos; }
  bool BlankAt(size_t i) const { return i < text_.size() && IsBlank(text_[i]); }

  Status Error(size_t at, std::string_view what) const { return TemplateError(text_, at, what); }
  void Emit(TokenKind kind, size_t begin) {
    tokens_.push_back({kind, static_cast<uint32_t>(begin), text_.substr(begin, at_ - begin)});
  }

  // Text up to the next {{, and the comments there.
  Status Text() {
    size_t open = text_.find("{{", at_);
    size_t end = open == std::string_view::npos ? text_.size() : open;
    bool trims = end < text_.size() && text_.substr(end + 2, 1) == "-" && BlankAt(end + 3);
    std::string_view piece = text_.substr(at_, end - at_);
    if (trims) {
      size_t last = piece.find_last_not_of(kSpaces);
      piece = piece.substr(0, last == std::string_view::npos ? 0 : last + 1);
    }
    if (!piece.empty()) {
      tokens_.push_back({TokenKind::kText, static_cast<uint32_t>(at_), piece});
    }
    at_ = end;
    if (at_ == text_.size()) return Status::Ok();
    size_t inside = at_ + (trims ? 4 : 2);
    if (text_.substr(inside, 2) != "/*") {
      at_ += 2;
      Emit(TokenKind::kOpen, at_ - 2);
      at_ = inside;
      return Status::Ok();
    }
    size_t begin = at_;
    size_t close = text_.find("*/", inside + 2);
    if (close == std::string_view::npos) return Error(begin, "unclosed comment");
    at_ = close + 2;
    if (!Close(false)) return Error(begin, "comment ends before closing delimiter");
    return Status::Ok();
  }

  // Takes }} and what its trim marker takes.
  bool Close(bool emit) {
    bool trims = BlankAt(at_) && text_.substr(at_ + 1, 3) == "-}}";
    if (!trims && !At("}}")) return false;
    size_t begin = at_;
    at_ += trims ? 4 : 2;
    if (emit) Emit(TokenKind::kClose, begin);
    if (trims) {
      while (BlankAt(at_)) ++at_;
    }
    return true;
  }

  Status Action() {
    // Behind a comment there is text again.
    if (tokens_.empty() || tokens_.back().kind != TokenKind::kOpen) return Status::Ok();
    size_t open = tokens_.back().at;
    int parens = 0;
    for (;;) {
      if (BlankAt(at_) ? text_.substr(at_ + 1, 3) == "-}}" : At("}}")) {
        if (parens > 0) return Error(at_, "unclosed left paren");
        Close(true);
        return Status::Ok();
      }
      if (at_ >= text_.size()) return Error(open, "unclosed action");
      GLP_RETURN_IF_ERROR(Inside(&parens));
    }
  }

  Status Inside(int* parens) {
    size_t begin = at_;
    char c = text_[at_];
    if (IsBlank(c)) {
      // A blank that belongs to " -}}" is left for it.
      while (BlankAt(at_) && text_.substr(at_ + 1, 3) != "-}}") ++at_;
      Emit(TokenKind::kSpace, begin);
      return Status::Ok();
    }
    switch (c) {
      case '"':
        return Quoted('"', TokenKind::kString, "unterminated quoted string");
      case '\'':
        return Quoted('\'', TokenKind::kRune, "unterminated character constant");
      case '`': {
        size_t close = text_.find('`', at_ + 1);
        if (close == std::string_view::npos) return Error(begin, "unterminated raw quoted string");
        at_ = close + 1;
        Emit(TokenKind::kRaw, begin);
        return Status::Ok();
      }
      case '$':
        ++at_;
        return Word(begin, TokenKind::kVariable);
      case '.':
        if (at_ + 1 < text_.size() && text_[at_ + 1] >= '0' && text_[at_ + 1] <= '9') {
          return Number();
        }
        ++at_;
        return Word(begin, AtTerminator() ? TokenKind::kDot : TokenKind::kField);
      default:
        break;
    }
    if (c == '+' || c == '-' || (c >= '0' && c <= '9')) return Number();
    if (IsAlnumAt(at_)) return Word(begin, TokenKind::kIdentifier);
    ++at_;
    switch (c) {
      case '=':
        Emit(TokenKind::kAssign, begin);
        return Status::Ok();
      case ':':
        if (!At("=")) return Error(begin, "expected :=");
        ++at_;
        Emit(TokenKind::kDeclare, begin);
        return Status::Ok();
      case '|':
        Emit(TokenKind::kPipe, begin);
        return Status::Ok();
      case '(':
        ++*parens;
        Emit(TokenKind::kLeftParen, begin);
        return Status::Ok();
      case ')':
        if (--*parens < 0) return Error(begin, "unexpected right paren");
        Emit(TokenKind::kRightParen, begin);
        return Status::Ok();
      default:
        break;
    }
    if (c < 0x20 || c >= 0x7F) {
      at_ = begin;
      return Error(begin, "unrecognized character in action: " + Named());
    }
    Emit(TokenKind::kChar, begin);
    return Status::Ok();
  }

  // "U+007D '}'": the character here.
  std::string Named() const {
    if (at_ >= text_.size()) return "end of text";
    return FormatUnicode(DecodeRune(rest()).value, true);
  }

  Status Quoted(char quote, TokenKind kind, std::string_view unterminated) {
    size_t begin = at_++;
    while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') {
      at_ += text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n' ? 2 : 1;
    }
    if (at_ >= text_.size() || text_[at_] != quote) return Error(begin, unterminated);
    ++at_;
    Emit(kind, begin);
    return Status::Ok();
  }

  bool IsAlnumAt(size_t i) const {
    if (i >= text_.size()) return false;
    auto c = static_cast<unsigned char>(text_[i]);
    if (c < 0x80)
      return c == '_' || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    uint32_t rune = DecodeRune(text_.substr(i)).value;
    return IsLetter(rune) || IsDigit(rune);
  }

  bool AtTerminator() const {
    return at_ >= text_.size() || At("}}") ||
           std::string_view(" \t\r\n.,|:)(").find(text_[at_]) != std::string_view::npos;
  }

  Status Word(size_t begin, TokenKind kind) {
    while (IsAlnumAt(at_)) at_ += DecodeRune(rest()).size;
    if (!AtTerminator()) return Error(at_, "bad character " + Named());
    if (kind == TokenKind::kIdentifier) {
      std::string_view word = text_.substr(begin, at_ - begin);
      if (word == "true" || word == "false") kind = TokenKind::kBool;
      if (std::find(std::begin(kKeywords), std::end(kKeywords), word) != std::end(kKeywords)) {
        kind = TokenKind::kKeyword;
      }
    }
    Emit(kind, begin);
    return Status::Ok();
  }

  void TakeAny(std::string_view set) {
    while (at_ < text_.size() && set.find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool TakeOne(std::string_view set) {
    if (at_ >= text_.size() || set.find(text_[at_]) == std::string_view::npos) return false;
    ++at_;
    return true;
  }

  bool ScanNumber() {
    TakeOne("+-");
    std::string_view digits = "0123456789_";
    if (TakeOne("0")) {
      if (TakeOne("xX")) {
        digits = "0123456789abcdefABCDEF_";
      } else if (TakeOne("oO")) {
        digits = "01234567_";
      } else if (TakeOne("bB")) {
        digits = "01_";
      }
    }
    TakeAny(digits);
    if (TakeOne(".")) TakeAny(digits);
    if (digits.size() == 11 && TakeOne("eE")) {
      TakeOne("+-");
      TakeAny("0123456789_");
    }
    if (digits.size() == 23 && TakeOne("pP")) {
      TakeOne("+-");
      TakeAny("0123456789_");
    }
    TakeOne("i");
    return !IsAlnumAt(at_);
  }

  Status Number() {
    size_t begin = at_;
    bool good = ScanNumber();
    // Complex numbers, "1+2i", end here as well: there is nothing to do with them.
    if (good && at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) {
      good = ScanNumber() && text_[at_ - 1] == 'i';
    }
    if (!good) {
      if (at_ < text_.size()) at_ += DecodeRune(rest()).size;
      return Error(begin, "bad number syntax: " +
                              QuoteGo(text_.substr(begin, std::min<size_t>(at_ - begin, 64))));
    }
    Emit(TokenKind::kNumber, begin);
    return Status::Ok();
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

Status TemplateError(std::string_view text, size_t at, std::string_view what) {
  std::string_view before = text.substr(0, at);
  size_t line = 1 + static_cast<size_t>(std::count(before.begin(), before.end(), '\n'));
  size_t column = at - (before.rfind('\n') + 1) + 1;
  return UsageError("template: :" + std::to_string(line) + ":" + std::to_string(column) + ": " +
                    std::string(what));
}

Result<std::vector<Token>> Tokenize(std::string_view text) { return Lexer(text).Run(); }

}  // namespace glp::codec::tmpl
