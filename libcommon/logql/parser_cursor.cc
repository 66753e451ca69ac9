#include "logql/parser_cursor.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace glp::logql {
namespace {

constexpr int kMaxDepth = 256;

constexpr std::string_view kUnsupported =
    " is not supported; ask for each of its metrics in a query of its own";

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

size_t CountRunes(std::string_view text) {
  return text.size() - std::count_if(text.begin(), text.end(), IsContinuation);
}

// The line of `query` that holds `offset` and a caret below it; of a long line a part.
std::string SourceLine(std::string_view query, size_t offset) {
  constexpr size_t kBefore = 80, kBehind = 40;
  size_t start = offset == 0 ? 0 : query.rfind('\n', offset - 1) + 1;
  size_t end = std::min(query.find('\n', offset), query.size());
  std::string_view lead, tail;
  if (offset - start > kBefore) {
    start = offset - kBefore;
    lead = "…";
  }
  if (end - offset > kBehind) {
    end = offset + kBehind;
    tail = "…";
  }
  if (end > offset && query[end - 1] == '\r') --end;
  while (start < offset && IsContinuation(query[start])) ++start;
  while (end > offset && end < query.size() && IsContinuation(query[end])) --end;
  std::string out(lead);
  out.append(query.substr(start, end - start))
      .append(tail)
      .append("\n")
      .append(CountRunes(lead), ' ');
  for (const char c : query.substr(start, offset - start)) {
    if (!IsContinuation(c)) out.push_back(c == '\t' ? '\t' : ' ');
  }
  return out + "^";
}

}  // namespace

bool IsOneOf(const Token& token, std::initializer_list<std::string_view> spellings) {
  return std::any_of(spellings.begin(), spellings.end(),
                     [&](std::string_view spelling) { return token.Is(spelling); });
}

Result<std::string> ParserCursor::ExpectString() {
  if (Peek().kind != Token::Kind::kString) return Unexpected("STRING");
  return std::string(Take().text);
}

Result<std::string> ParserCursor::ExpectIdentifier() {
  if (Peek().kind != Token::Kind::kIdentifier) return Unexpected("IDENTIFIER");
  return std::string(Take().text);
}

Status ParserCursor::At(size_t offset, std::string_view why) const {
  const std::string_view before = query_.substr(0, offset);
  const size_t line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  std::string message = "parse error at line " + std::to_string(line) + ", col " +
                        std::to_string(CountRunes(before.substr(line_start)) + 1) + ": ";
  message.append(why).append("\n").append(SourceLine(query_, offset));
  return UsageError(std::move(message));
}

Status ParserCursor::Refuse(size_t offset, std::string_view why) const {
  return UsageError("parse error : " + std::string(why) + "\n" + SourceLine(query_, offset));
}

Status ParserCursor::UnexpectedToken(const Token& token, std::string_view expecting) const {
  if (token.kind == Token::Kind::kError) {
    const Status status = At(token.offset, token.text);
    if (token.text != "invalid char literal") return status;
    return UsageError(status.message() + "\nLogQL's strings stand in \"…\" or in `…`");
  }
  std::string why = "syntax error: unexpected " + std::string(token.Name());
  if (!expecting.empty()) why.append(", expecting ").append(expecting);
  if (TrimSpace(query_).empty()) return UsageError("parse error : " + why);
  return At(token.offset, why);
}

Status ParserCursor::Suggest(const Status& status, std::string_view what, std::string_view word,
                             const std::vector<std::string>& known) {
  const std::string_view nearest = Nearest(word, known);
  if (nearest.empty() || nearest == word) return status;
  std::string message = status.message() + "\nunknown " + std::string(what) + " '";
  message.append(word).append("'; did you mean ").append(nearest).append("?");
  return {status.code(), std::move(message)};
}

Status ParserCursor::Unsupported(const Token& token, std::string_view what) const {
  return At(token.offset, std::string(what).append(kUnsupported));
}

Status ParserCursor::Depth::Check() const {
  if (cursor_->depth_ <= kMaxDepth) return Status::Ok();
  return cursor_->Refuse(cursor_->Peek().offset, "the query is nested too deeply");
}

}  // namespace glp::logql
