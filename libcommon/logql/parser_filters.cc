#include <string>
#include <utility>

#include "base/units.h"
#include "logql/format.h"
#include "logql/lexer_number.h"
#include "logql/parser_stages.h"

// Label filters, by precedence climbing. `and` binds tighter than `or`. A comma or nothing at all
// between two filters is an `and` that has no precedence in Loki's grammar: all that follows
// belongs to its right side, so `a, b or c` is a and (b or c).

namespace glp::logql {
namespace {

using Kind = Token::Kind;
using Compare = LabelFilter::Compare;

// The parser recurses, and the tree is as deep as there are filters in a stage; printed, each is in
// parentheses of its own.
constexpr int kMaxFilters = 250;

constexpr std::pair<std::string_view, Compare> kCompares[] = {
    {"==", Compare::kEqual},       {"=", Compare::kEqual},           {"!=", Compare::kNotEqual},
    {">", Compare::kGreater},      {">=", Compare::kGreaterOrEqual}, {"<", Compare::kLess},
    {"<=", Compare::kLessOrEqual},
};

enum Joint { kNone, kOr, kAnd, kJuxtaposed };

class FilterParser {
 public:
  explicit FilterParser(ParserCursor* cursor) : cursor_(*cursor) {}

  // A filter and those that bind tighter than `left`, which stands in front of it.
  Result<LabelFilter> Joined(Joint left, bool is_first);

 private:
  Result<LabelFilter> One(bool is_first);
  Result<LabelFilter> Comparison();
  Result<LabelFilter> Ip(LabelFilter filter);
  Result<LabelFilter> Number(LabelFilter filter);

  ParserCursor& cursor_;
  int count_ = 0;
  int open_ = 0;  // parentheses
};

// How the next token joins a filter to the one in front of it.
Joint JointAt(const Token& token) {
  if (token.Is("or")) return kOr;
  if (token.Is("and")) return kAnd;
  const bool joins = token.Is(",") || token.Is("(") || token.kind == Kind::kIdentifier;
  return joins ? kJuxtaposed : kNone;
}

Result<LabelFilter> FilterParser::Joined(Joint left, bool is_first) {
  GLP_ASSIGN_OR_RETURN(LabelFilter filter, One(is_first));
  for (;;) {
    const Token& token = cursor_.Peek();
    const Joint joint = JointAt(token);
    if (joint == kNone) return filter;
    if (left != kNone && left != kJuxtaposed && joint <= left) return filter;
    if (++count_ == kMaxFilters) {
      return cursor_.Refuse(
          token.offset, "more than " + std::to_string(kMaxFilters) + " label filters in one stage");
    }
    if (joint != kJuxtaposed || token.Is(",")) cursor_.Take();
    GLP_ASSIGN_OR_RETURN(LabelFilter right, Joined(joint, false));
    LabelFilter both;
    both.kind = joint == kOr ? LabelFilter::Kind::kOr : LabelFilter::Kind::kAnd;
    both.operands.push_back(std::move(filter));
    both.operands.push_back(std::move(right));
    filter = std::move(both);
  }
}

// filter = "(" filter ")" | comparison
Result<LabelFilter> FilterParser::One(bool is_first) {
  if (cursor_.Peek().kind == Kind::kIdentifier) return Comparison();
  if (!cursor_.Peek().Is("(")) return cursor_.Unexpected(is_first ? "" : "IDENTIFIER or (");
  if (++open_ > kMaxFilters) {
    return cursor_.Refuse(cursor_.Peek().offset, "the label filter is nested too deeply");
  }
  cursor_.Take();
  GLP_ASSIGN_OR_RETURN(LabelFilter filter, Joined(kNone, false));
  if (!cursor_.TakeIf(")")) return cursor_.Unexpected();
  --open_;
  return filter;
}

// comparison = matcher | IDENTIFIER ("=" | "!=") "ip" "(" STRING ")" | IDENTIFIER compare number
Result<LabelFilter> FilterParser::Comparison() {
  const Token& op = cursor_.Peek(1);
  const Token& value = cursor_.Peek(2);
  const bool is_equality = IsOneOf(op, {"=", "!="});
  LabelFilter filter;
  if (IsOneOf(op, {"=~", "!~"}) || (is_equality && value.kind == Kind::kString)) {
    GLP_ASSIGN_OR_RETURN(filter.matcher, ParseMatcher(&cursor_));
    return filter;
  }
  filter.name = cursor_.Take().text;
  const Compare* compare = Find(kCompares, op);
  if (compare == nullptr) return cursor_.Unexpected();
  filter.compare = *compare;
  cursor_.Take();
  return is_equality && value.Is("ip") ? Ip(std::move(filter)) : Number(std::move(filter));
}

Result<LabelFilter> FilterParser::Ip(LabelFilter filter) {
  cursor_.Take();
  GLP_RETURN_IF_ERROR(cursor_.Expect("("));
  filter.kind = LabelFilter::Kind::kIp;
  GLP_ASSIGN_OR_RETURN(filter.text, cursor_.ExpectString());
  GLP_RETURN_IF_ERROR(cursor_.Expect(")"));
  return filter;
}

// number = DURATION | BYTES | ["+" | "-"] NUMBER
Result<LabelFilter> FilterParser::Number(LabelFilter filter) {
  const bool is_negative = cursor_.Peek().Is("-");
  const bool has_sign = is_negative || cursor_.Peek().Is("+");
  if (has_sign) {
    cursor_.Take();
    if (cursor_.Peek().kind != Kind::kNumber) return cursor_.Unexpected("NUMBER");
  }
  const Token& token = cursor_.Peek();
  switch (token.kind) {
    case Kind::kDuration:
      filter.kind = LabelFilter::Kind::kDuration;
      filter.duration_ns = token.duration_ns;
      filter.text = FormatDuration(token.duration_ns);
      break;
    case Kind::kBytes: {
      filter.kind = LabelFilter::Kind::kBytes;
      filter.number = static_cast<double>(token.bytes);
      filter.text = FormatBytes(token.bytes);
      // Loki's form of two digits is used where it means the same number.
      if (ParseQueryBytes(filter.text) != token.bytes) filter.text = token.text;
      break;
    }
    case Kind::kNumber: {
      const auto number = ParseNumberLiteral(token.text);
      if (!number.ok()) {
        return cursor_.Refuse(token.offset,
                              "unable to parse literal as a float: " + number.status().message());
      }
      filter.kind = LabelFilter::Kind::kNumber;
      filter.number = is_negative ? -*number : *number;
      filter.text = FormatSampleValue(filter.number);
      break;
    }
    default:
      return cursor_.Unexpected();
  }
  cursor_.Take();
  return filter;
}

}  // namespace

Result<LabelFilter> ParseLabelFilter(ParserCursor* cursor) {
  return FilterParser(cursor).Joined(kNone, true);
}

}  // namespace glp::logql
