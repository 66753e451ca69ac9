#include "logql/lexer.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/result.h"
#include "logql/lexer_number.h"

namespace glp::logql {
namespace {

using namespace std::string_view_literals;

constexpr std::array kKeywords = {
    "by"sv,          "without"sv, "bool"sv,        "offset"sv,  "on"sv,           "ignoring"sv,
    "group_left"sv,  "or"sv,      "group_right"sv, "and"sv,     "unless"sv,       "json"sv,
    "regexp"sv,      "logfmt"sv,  "unpack"sv,      "pattern"sv, "label_format"sv, "keep"sv,
    "line_format"sv, "unwrap"sv,  "decolorize"sv,  "drop"sv,    "of"sv,           "variants"sv};

constexpr std::array kFunctions = {
    "rate"sv,
    "rate_counter"sv,
    "count_over_time"sv,
    "bytes_rate"sv,
    "bytes_over_time"sv,
    "absent_over_time"sv,
    "avg_over_time"sv,
    "sum_over_time"sv,
    "min_over_time"sv,
    "max_over_time"sv,
    "stdvar_over_time"sv,
    "stddev_over_time"sv,
    "quantile_over_time"sv,
    "first_over_time"sv,
    "last_over_time"sv,
    "sum"sv,
    "avg"sv,
    "max"sv,
    "min"sv,
    "count"sv,
    "stddev"sv,
    "stdvar"sv,
    "topk"sv,
    "bottomk"sv,
    "approx_topk"sv,
    "sort"sv,
    "sort_desc"sv,
    "label_replace"sv,
    "vector"sv,
    "ip"sv,
    "bytes"sv,
    "duration"sv,
    "duration_seconds"sv,
};

// Longest first.
constexpr std::array kOperators = {
    "|="sv, "|~"sv, "|>"sv, "!="sv, "!~"sv, "!>"sv, "=~"sv, "=="sv, ">="sv,
    "<="sv, "{"sv,  "}"sv,  "("sv,  ")"sv,  ","sv,  "="sv,  "|"sv,  ">"sv,
    "<"sv,  "+"sv,  "-"sv,  "*"sv,  "/"sv,  "%"sv,  "^"sv,  "."sv,
};

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
// Bytes above ASCII count as letters, as most of them are in Go's identifiers.
bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

template <typename List>
bool Contains(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::string Lower(std::string_view word) {
  std::string out(word);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c += 'a' - 'A';
  }
  return out;
}

void AppendUtf8(std::string* out, uint32_t rune) {
  if (rune < 0x80) {
    out->push_back(static_cast<char>(rune));
  } else if (rune < 0x800) {
    out->push_back(static_cast<char>(0xC0 | rune >> 6));
    out->push_back(static_cast<char>(0x80 | (rune & 0x3F)));
  } else if (rune < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | rune >> 12));
    out->push_back(static_cast<char>(0x80 | (rune >> 6 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (rune & 0x3F)));
  } else {
    out->push_back(static_cast<char>(0xF0 | rune >> 18));
    out->push_back(static_cast<char>(0x80 | (rune >> 12 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (rune >> 6 & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (rune & 0x3F)));
  }
}

// `digits` digits of `base` at the front of `text`.
std::optional<uint32_t> Digits(std::string_view text, size_t digits, uint32_t base) {
  if (text.size() < digits) return std::nullopt;
  uint32_t value = 0;
  for (size_t i = 0; i < digits; ++i) {
    const char c = text[i];
    const uint32_t digit = IsDigit(c)             ? c - '0'
                           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                  : 99;
    if (digit >= base) return std::nullopt;
    value = value * base + digit;
  }
  return value;
}

// Decodes the escape at the front of `text`, behind its backslash; the bytes it took, 0 where it
// is none of Go's.
size_t Unescape(std::string_view text, std::string* out) {
  if (text.empty()) return 0;
  static constexpr std::string_view kSimple = "abfnrtv\\\"";
  if (const size_t i = kSimple.find(text[0]); i != std::string_view::npos) {
    out->push_back("\a\b\f\n\r\t\v\\\""[i]);
    return 1;
  }
  if (IsDigit(text[0])) {
    const auto value = Digits(text, 3, 8);
    if (!value || *value > 255) return 0;
    out->push_back(static_cast<char>(*value));
    return 3;
  }
  const size_t digits = text[0] == 'x' ? 2 : text[0] == 'u' ? 4 : text[0] == 'U' ? 8 : 0;
  if (digits == 0) return 0;
  const auto value = Digits(text.substr(1), digits, 16);
  if (!value) return 0;
  if (digits == 2) {
    out->push_back(static_cast<char>(*value));
  } else {
    if (*value > 0x10FFFF || (*value >= 0xD800 && *value < 0xE000)) return 0;
    AppendUtf8(out, *value);
  }
  return digits + 1;
}

}  // namespace

std::string_view Token::Name() const {
  switch (kind) {
    case Kind::kEnd:
      return "$end";
    case Kind::kIdentifier:
      return "IDENTIFIER";
    case Kind::kString:
      return "STRING";
    case Kind::kNumber:
      return "NUMBER";
    case Kind::kDuration:
      return "DURATION";
    case Kind::kBytes:
      return "BYTES";
    case Kind::kRange:
      return "RANGE";
    case Kind::kFlag:
      return "PARSER_FLAG";
    default:
      return text;
  }
}

Lexer::Lexer(std::string_view query) : query_(query) {
  // Editors of some systems begin files with it.
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (query.substr(0, kByteOrderMark.size()) == kByteOrderMark) at_ = kByteOrderMark.size();
  while (!done_) Next();
}

void Lexer::Push(Token::Kind kind, std::string_view text, size_t offset, int64_t duration_ns) {
  tokens_.push_back({kind, text, duration_ns, offset, 0});
}

void Lexer::Fail(size_t offset, std::string_view why) {
  Push(Token::Kind::kError, owned_.emplace_back(why), offset);
  done_ = true;
}

void Lexer::SkipBlanks() {
  while (at_ < query_.size()) {
    if (query_[at_] == '#') {
      at_ = std::min(query_.find('\n', at_), query_.size());
    } else if (IsBlank(query_[at_])) {
      ++at_;
    } else {
      return;
    }
  }
}

void Lexer::Next() {
  SkipBlanks();
  if (at_ == query_.size()) {
    Push(Token::Kind::kEnd, "", at_);
    done_ = true;
    return;
  }
  const char c = query_[at_];
  const bool fraction = c == '.' && at_ + 1 < query_.size() && IsDigit(query_[at_ + 1]);
  if (c == '"') {
    LexString();
  } else if (c == '`') {
    LexRawString();
  } else if (c == '\'') {
    Fail(at_, "invalid char literal");
  } else if (c == '[') {
    LexRange();
  } else if (IsDigit(c) || fraction) {
    LexNumber();
  } else if (IsLetter(c)) {
    LexWord();
  } else {
    LexOperator();
  }
}

void Lexer::LexString() {
  const size_t start = at_++;
  std::string& text = owned_.emplace_back();
  for (; at_ < query_.size() && query_[at_] != '\n'; ++at_) {
    const char c = query_[at_];
    if (c == '"') {
      ++at_;
      return Push(Token::Kind::kString, text, start);
    }
    if (c != '\\') {
      text.push_back(c);
      continue;
    }
    const size_t taken = Unescape(query_.substr(at_ + 1), &text);
    if (taken == 0) return Fail(start, "invalid char escape");
    at_ += taken;
  }
  Fail(start, "literal not terminated");
}

void Lexer::LexRawString() {
  const size_t start = at_;
  const size_t end = query_.find('`', start + 1);
  if (end == std::string_view::npos) return Fail(start, "literal not terminated");
  at_ = end + 1;
  const std::string_view text = query_.substr(start + 1, end - start - 1);
  if (text.find('\r') == std::string_view::npos) return Push(Token::Kind::kString, text, start);
  // Go leaves carriage returns out of raw strings, so that CRLF files of queries work.
  std::string& clean = owned_.emplace_back(text);
  clean.erase(std::remove(clean.begin(), clean.end(), '\r'), clean.end());
  Push(Token::Kind::kString, clean, start);
}

// A duration or a byte size whose digits end at `digits`: true where it is one. Both begin at
// `sign`, and only a duration may have one.
bool Lexer::LexUnit(size_t sign, size_t digits) {
  const std::string_view tail = query_.substr(digits);
  if (const size_t length = DurationTailLength(tail); length > 0) {
    const std::string_view text = query_.substr(sign, digits + length - sign);
    if (const auto duration = ParseQueryDuration(text)) {
      at_ = digits + length;
      Push(Token::Kind::kDuration, text, sign, *duration);
      return true;
    }
  }
  if (const size_t length = BytesTailLength(tail); length > 0 && query_[sign] != '-') {
    const std::string_view text = query_.substr(sign, digits + length - sign);
    if (const auto bytes = ParseQueryBytes(text)) {
      at_ = digits + length;
      Push(Token::Kind::kBytes, text, sign);
      tokens_.back().bytes = *bytes;
      return true;
    }
  }
  return false;
}

void Lexer::LexNumber() {
  const size_t start = at_;
  const size_t digits = std::min(query_.find_first_not_of("0123456789.", start), query_.size());
  if (LexUnit(start, digits)) return;
  const auto length = GoNumberLength(query_.substr(start));
  if (!length.ok()) return Fail(start, length.status().message());
  at_ = start + *length;
  Push(Token::Kind::kNumber, query_.substr(start, *length), start);
}

bool Lexer::LexFlag() {
  for (const std::string_view flag : {"--strict"sv, "--keep-empty"sv}) {
    if (query_.substr(at_, flag.size()) == flag) {
      Push(Token::Kind::kFlag, flag, at_);
      at_ += flag.size();
      return true;
    }
  }
  return false;
}

// Whether "(", "by (" or "without (" stands there: a name in front of it is a function's.
bool Lexer::IsCallBehind(size_t at) const {
  const auto skip = [&] {
    while (at < query_.size() && IsBlank(query_[at])) ++at;
  };
  skip();
  const size_t word = at;
  while (at < query_.size() && IsLetter(query_[at])) ++at;
  if (at > word) {
    const std::string name = Lower(query_.substr(word, at - word));
    if (name != "by" && name != "without") return false;
    skip();
  }
  return at < query_.size() && query_[at] == '(';
}

void Lexer::LexWord() {
  const size_t start = at_;
  while (at_ < query_.size() && (IsLetter(query_[at_]) || IsDigit(query_[at_]))) ++at_;
  const std::string_view word = query_.substr(start, at_ - start);
  std::string lower = Lower(word);
  if (Contains(kKeywords, lower)) {
    Push(Token::Kind::kKeyword, owned_.emplace_back(std::move(lower)), start);
  } else if (Contains(kFunctions, lower) && IsCallBehind(at_)) {
    Push(Token::Kind::kFunction, owned_.emplace_back(std::move(lower)), start);
  } else {
    Push(Token::Kind::kIdentifier, word, start);
  }
}

void Lexer::LexRange() {
  const size_t start = at_;
  const size_t end = query_.find(']', start);
  if (end == std::string_view::npos) return Fail(start, "missing closing ']' in duration");
  const std::string_view text = query_.substr(start + 1, end - start - 1);
  const auto duration = ParsePrometheusDuration(text);
  if (!duration.ok()) return Fail(start, duration.status().message());
  at_ = end + 1;
  Push(Token::Kind::kRange, text, start, *duration);
}

void Lexer::LexOperator() {
  if (query_[at_] == '-') {
    const size_t digits = query_.find_first_not_of("0123456789.", at_ + 1);
    if (LexFlag()) return;
    if (digits != std::string_view::npos && digits > at_ + 1 && LexUnit(at_, digits)) return;
  }
  for (const std::string_view op : kOperators) {
    if (query_.substr(at_, op.size()) == op) {
      Push(Token::Kind::kOperator, op, at_);
      at_ += op.size();
      return;
    }
  }
  Push(Token::Kind::kOther, query_.substr(at_, 1), at_);
  ++at_;
}

}  // namespace glp::logql
