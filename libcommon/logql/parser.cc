#include "logql/parser.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "base/strings.h"
#include "logql/format.h"
#include "logql/lexer.h"

namespace glp::logql {
namespace {

using Kind = Token::Kind;

// Deeper nesting is nobody's query, and the parser recurses.
constexpr int kMaxDepth = 256;

constexpr std::string_view kEmptySelector =
    "parse error : queries require at least one regexp or equality matcher that does not have an "
    "empty-compatible value. For instance, app=~\".*\" does not meet this requirement, but "
    "app=~\".+\" will";

constexpr std::string_view kSupported =
    " is not supported by this version; it has stream selectors, the line filters |= != |~ !~, "
    "count_over_time, rate, bytes_over_time and bytes_rate, and sum, avg, min, max and count";

constexpr std::pair<std::string_view, RangeAggregation::Op> kRangeOps[] = {
    {"count_over_time", RangeAggregation::Op::kCountOverTime},
    {"rate", RangeAggregation::Op::kRate},
    {"bytes_over_time", RangeAggregation::Op::kBytesOverTime},
    {"bytes_rate", RangeAggregation::Op::kBytesRate},
};
constexpr std::pair<std::string_view, VectorAggregation::Op> kVectorOps[] = {
    {"sum", VectorAggregation::Op::kSum},     {"avg", VectorAggregation::Op::kAvg},
    {"min", VectorAggregation::Op::kMin},     {"max", VectorAggregation::Op::kMax},
    {"count", VectorAggregation::Op::kCount},
};
constexpr std::pair<std::string_view, LineFilter::Op> kLineOps[] = {
    {"|=", LineFilter::Op::kContains},
    {"!=", LineFilter::Op::kNotContains},
    {"|~", LineFilter::Op::kMatch},
    {"!~", LineFilter::Op::kNotMatch},
};
constexpr std::pair<std::string_view, Matcher::Op> kMatcherOps[] = {
    {"=", Matcher::Op::kEqual},
    {"!=", Matcher::Op::kNotEqual},
    {"=~", Matcher::Op::kMatch},
    {"!~", Matcher::Op::kNotMatch},
};

template <typename Table>
auto Find(const Table& table, const Token& token) -> decltype(&table[0].second) {
  for (const auto& [spelling, op] : table) {
    if (token.Is(spelling)) return &op;
  }
  return nullptr;
}

bool IsOneOf(const Token& token, std::initializer_list<std::string_view> spellings) {
  return std::any_of(spellings.begin(), spellings.end(),
                     [&](std::string_view spelling) { return token.Is(spelling); });
}

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

bool IsEmptyCompatible(const std::vector<Matcher>& matchers) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [](const Matcher& matcher) { return matcher.Matches(""); });
}

class Parser {
 public:
  Parser(std::string_view query, ParseOptions options)
      : query_(query), options_(options), lexer_(query), tokens_(lexer_.tokens()) {}

  Result<Expr> WholeQuery();
  Result<std::vector<Matcher>> WholeSelector();

 private:
  // A log expression and, where there was one, the range behind it.
  struct LogRange {
    LogExpr log;
    bool has_range = false;
    int64_t range_ns = 0;
    int64_t offset_ns = 0;
  };

  Result<Expr> ParseExpr();
  Result<MetricExpr> ParseMetric();
  Result<LogExpr> ParseLog();
  Result<std::vector<Matcher>> Selector();
  Result<Matcher> OneMatcher();
  Status Pipeline(std::vector<Stage>* stages);
  Result<LineFilter> OneLineFilter();
  Result<MetricExpr> ParseRangeAggregation(RangeAggregation::Op op);
  Result<LogRange> ParseLogRange();
  Status RangeAndOffset(LogRange* out);
  Result<MetricExpr> ParseVectorAggregation(VectorAggregation::Op op);
  Result<Grouping> ParseGrouping();

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
  Status CheckSelector(const std::vector<Matcher>& matchers) const {
    if (options_.allow_empty_selector || !IsEmptyCompatible(matchers)) return Status::Ok();
    return UsageError(std::string(kEmptySelector));
  }

  // `why` with the place in Loki's form, the source line and a caret.
  Status At(size_t offset, std::string_view why) const;
  // Loki's form for what is not a matter of grammar, with the line and the caret all the same.
  Status Refuse(size_t offset, std::string_view why) const {
    return UsageError("parse error : " + std::string(why) + "\n" + SourceLine(query_, offset));
  }
  Status Unexpected(std::string_view expecting = "") const;
  Status Unsupported(const Token& token, std::string_view what) const {
    return At(token.offset, std::string(what).append(kSupported));
  }
  Status UnsupportedName(const Token& token) const {
    return Unsupported(token, "`" + std::string(token.text) + "`");
  }
  // The error for what stands where a metric could.
  Status NoMetric() const;
  Status NoStage() const;
  // The error for an operator behind a metric, if there is one.
  Status NoOperator() const;

  std::string_view query_;
  ParseOptions options_;
  Lexer lexer_;
  const std::vector<Token>& tokens_;
  size_t at_ = 0;
  int depth_ = 0;
};

Status Parser::At(size_t offset, std::string_view why) const {
  const std::string_view before = query_.substr(0, offset);
  const size_t line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  std::string message = "parse error at line " + std::to_string(line) + ", col " +
                        std::to_string(CountRunes(before.substr(line_start)) + 1) + ": ";
  message.append(why).append("\n").append(SourceLine(query_, offset));
  return UsageError(std::move(message));
}

Status Parser::Unexpected(std::string_view expecting) const {
  const Token& token = Peek();
  if (token.kind == Kind::kError) {
    const Status status = At(token.offset, token.text);
    if (token.text != "invalid char literal") return status;
    return UsageError(status.message() + "\nLogQL's strings stand in \"…\" or in `…`");
  }
  std::string why = "syntax error: unexpected " + std::string(token.Name());
  if (!expecting.empty()) why.append(", expecting ").append(expecting);
  if (TrimSpace(query_).empty()) return UsageError("parse error : " + why);
  return At(token.offset, why);
}

Result<Expr> Parser::WholeQuery() {
  GLP_ASSIGN_OR_RETURN(Expr expr, ParseExpr());
  if (Peek().kind != Kind::kEnd) return Unexpected();
  return expr;
}

Result<std::vector<Matcher>> Parser::WholeSelector() {
  GLP_ASSIGN_OR_RETURN(std::vector<Matcher> matchers, Selector());
  if (Peek().kind != Kind::kEnd) return Unexpected();
  return matchers;
}

// expr = logExpr | metricExpr | "(" expr ")"
Result<Expr> Parser::ParseExpr() {
  const Token& token = Peek();
  const bool starts_pipeline =
      Find(kLineOps, token) != nullptr || IsOneOf(token, {"|", "|>", "!>"});
  if (token.Is("{") || (options_.allow_no_selector && depth_ == 0 && starts_pipeline)) {
    GLP_ASSIGN_OR_RETURN(LogExpr log, ParseLog());
    GLP_RETURN_IF_ERROR(CheckSelector(log.matchers));
    return Expr(std::move(log));
  }
  if (!token.Is("(")) {
    GLP_ASSIGN_OR_RETURN(MetricExpr metric, ParseMetric());
    return Expr(std::move(metric));
  }
  if (++depth_ > kMaxDepth) return Refuse(token.offset, "the query is nested too deeply");
  Take();
  GLP_ASSIGN_OR_RETURN(Expr inner, ParseExpr());
  --depth_;
  if (!TakeIf(")")) return Unexpected();
  if (std::holds_alternative<MetricExpr>(inner)) GLP_RETURN_IF_ERROR(NoOperator());
  return inner;
}

Status Parser::NoMetric() const {
  const Token& token = Peek();
  if (token.Is("variants")) return UnsupportedName(token);
  if (token.kind == Kind::kFunction && !token.Is("ip") && !token.Is("bytes") &&
      !token.Is("duration") && !token.Is("duration_seconds")) {
    return UnsupportedName(token);
  }
  if (token.kind == Kind::kNumber ||
      (IsOneOf(token, {"+", "-"}) && Peek(1).kind == Kind::kNumber)) {
    return Unsupported(token, "a number as an expression");
  }
  return Unexpected();
}

Result<MetricExpr> Parser::ParseMetric() {
  const Token& token = Peek();
  if (token.kind == Kind::kFunction) {
    const auto* range_op = Find(kRangeOps, token);
    const auto* vector_op = Find(kVectorOps, token);
    if (range_op == nullptr && vector_op == nullptr) return NoMetric();
    if (++depth_ > kMaxDepth) return Refuse(token.offset, "the query is nested too deeply");
    Take();
    Result<MetricExpr> metric =
        range_op != nullptr ? ParseRangeAggregation(*range_op) : ParseVectorAggregation(*vector_op);
    --depth_;
    if (metric.ok()) GLP_RETURN_IF_ERROR(NoOperator());
    return metric;
  }
  if (!token.Is("{") && !token.Is("(")) return NoMetric();
  // In parentheses, or a log expression, which is none: the error is where its range would be.
  GLP_ASSIGN_OR_RETURN(Expr expr, ParseExpr());
  if (auto* metric = std::get_if<MetricExpr>(&expr)) return std::move(*metric);
  return Unexpected();
}

Status Parser::NoOperator() const {
  if (!IsOneOf(Peek(), {"+", "-", "*", "/", "%", "^", "==", "!=", ">", ">=", "<", "<=", "and", "or",
                        "unless"})) {
    return Status::Ok();
  }
  return Unsupported(Peek(), "the binary operation `" + std::string(Peek().text) + "`");
}

Result<LogExpr> Parser::ParseLog() {
  LogExpr log;
  if (Peek().Is("{")) {
    GLP_ASSIGN_OR_RETURN(log.matchers, Selector());
  }
  GLP_RETURN_IF_ERROR(Pipeline(&log.stages));
  return log;
}

Result<std::vector<Matcher>> Parser::Selector() {
  GLP_RETURN_IF_ERROR(Expect("{"));
  std::vector<Matcher> matchers;
  if (TakeIf("}")) return matchers;
  if (Peek().kind != Kind::kIdentifier) return Unexpected("IDENTIFIER or }");
  for (;;) {
    GLP_ASSIGN_OR_RETURN(Matcher matcher, OneMatcher());
    matchers.push_back(std::move(matcher));
    if (TakeIf("}")) return matchers;
    if (!TakeIf(",")) return Unexpected("} or ,");
  }
}

Result<Matcher> Parser::OneMatcher() {
  if (Peek().kind != Kind::kIdentifier) return Unexpected("IDENTIFIER");
  const std::string_view name = Take().text;
  const auto* op = Find(kMatcherOps, Peek());
  if (op == nullptr) return Unexpected("= or =~ or !~ or !=");
  Take();
  if (Peek().kind != Kind::kString) return Unexpected("STRING");
  const Token& value = Take();
  auto matcher = MakeMatcher(std::string(name), *op, std::string(value.text));
  if (!matcher.ok()) return Refuse(value.offset, matcher.status().message());
  return matcher;
}

Status Parser::Pipeline(std::vector<Stage>* stages) {
  for (;;) {
    const Token& token = Peek();
    if (Find(kLineOps, token) != nullptr) {
      GLP_ASSIGN_OR_RETURN(LineFilter filter, OneLineFilter());
      stages->emplace_back(std::move(filter));
    } else if (IsOneOf(token, {"|>", "!>"})) {
      return Unsupported(token, "the pattern filter `" + std::string(token.text) + "`");
    } else if (token.Is("|")) {
      Take();
      return NoStage();
    } else {
      return Status::Ok();
    }
  }
}

Status Parser::NoStage() const {
  const Token& token = Peek();
  if (IsOneOf(token, {"json", "logfmt", "regexp", "pattern", "unpack", "line_format",
                      "label_format", "decolorize", "drop", "keep", "unwrap"})) {
    return UnsupportedName(token);
  }
  if (token.kind == Kind::kIdentifier &&
      IsOneOf(Peek(1), {"=", "==", "!=", "=~", "!~", ">", ">=", "<", "<="})) {
    return Unsupported(token, "a label filter (`" + std::string(token.text) + " " +
                                  std::string(Peek(1).text) + " …`)");
  }
  if (token.Is("(")) return Unsupported(token, "a label filter");
  return token.kind == Kind::kIdentifier
             ? At(Peek(1).offset, "syntax error: unexpected " + std::string(Peek(1).Name()))
             : Unexpected();
}

// lineFilter = op STRING {"or" STRING}
Result<LineFilter> Parser::OneLineFilter() {
  const Token& op_token = Take();
  const LineFilter::Op op = *Find(kLineOps, op_token);
  std::vector<std::string> texts;
  const size_t text_offset = Peek().offset;
  do {
    if (Peek().Is("ip")) return Unsupported(Peek(), "the filter `ip(…)`");
    if (Peek().kind != Kind::kString) return Unexpected("STRING or ip");
    texts.emplace_back(Take().text);
  } while (TakeIf("or"));
  auto filter = MakeLineFilter(op, texts);
  if (filter.ok()) return filter;
  std::string stage(op_token.text);
  for (size_t i = 0; i < texts.size(); ++i) {
    stage.append(i == 0 ? " " : " or ").append(Quote(texts[i]));
  }
  return Refuse(text_offset, "stage '" + stage + "' : " + filter.status().message());
}

// rangeAgg = op "(" logRange ")"
Result<MetricExpr> Parser::ParseRangeAggregation(RangeAggregation::Op op) {
  GLP_RETURN_IF_ERROR(Expect("("));
  if (Peek().kind == Kind::kNumber && Peek(1).Is(",")) {
    return Refuse(Peek().offset, "parameter " + std::string(Peek().text) +
                                     " not supported for operation " + std::string(ToString(op)));
  }
  const size_t offset = Peek().offset;
  GLP_ASSIGN_OR_RETURN(LogRange range, ParseLogRange());
  if (!range.has_range) return Unexpected();
  if (range.range_ns == 0) return Refuse(offset, "a range must be longer than zero");
  GLP_RETURN_IF_ERROR(Expect(")"));
  if (IsOneOf(Peek(), {"by", "without"}) && Peek(1).Is("(")) {
    return Refuse(Peek().offset,
                  "grouping not allowed for " + std::string(ToString(op)) + " aggregation");
  }
  GLP_RETURN_IF_ERROR(CheckSelector(range.log.matchers));
  return MetricExpr{RangeAggregation{op, std::move(range.log), range.range_ns, range.offset_ns}};
}

// logRange = selector RANGE [offset] pipeline | selector pipeline RANGE [offset] |
//            "(" logRange ")" | "(" logExpr ")" RANGE [offset]
Result<Parser::LogRange> Parser::ParseLogRange() {
  LogRange out;
  if (Peek().Is("(")) {
    if (++depth_ > kMaxDepth) return Refuse(Peek().offset, "the query is nested too deeply");
    Take();
    GLP_ASSIGN_OR_RETURN(out, ParseLogRange());
    --depth_;
    if (!TakeIf(")")) return Unexpected();
  } else {
    if (!Peek().Is("{")) return Unexpected("{ or (");
    GLP_ASSIGN_OR_RETURN(out.log.matchers, Selector());
    GLP_RETURN_IF_ERROR(RangeAndOffset(&out));
    GLP_RETURN_IF_ERROR(Pipeline(&out.log.stages));
  }
  if (!out.has_range) GLP_RETURN_IF_ERROR(RangeAndOffset(&out));
  return out;
}

Status Parser::RangeAndOffset(LogRange* out) {
  if (Peek().kind != Kind::kRange) return Status::Ok();
  out->has_range = true;
  out->range_ns = Take().duration_ns;
  if (!TakeIf("offset")) return Status::Ok();
  const bool negative = TakeIf("-");
  if (Peek().kind != Kind::kDuration) return Unexpected("DURATION");
  const int64_t offset_ns = Take().duration_ns;
  out->offset_ns = negative ? -offset_ns : offset_ns;
  return Status::Ok();
}

// vectorAgg = op [grouping] "(" metricExpr ")" [grouping]
Result<MetricExpr> Parser::ParseVectorAggregation(VectorAggregation::Op op) {
  VectorAggregation out;
  out.op = op;
  const auto grouping = [&]() -> Status {
    if (!IsOneOf(Peek(), {"by", "without"}) || out.grouping) return Status::Ok();
    GLP_ASSIGN_OR_RETURN(out.grouping, ParseGrouping());
    return Status::Ok();
  };
  GLP_RETURN_IF_ERROR(grouping());
  GLP_RETURN_IF_ERROR(Expect("("));
  if (Peek().kind == Kind::kNumber && Peek(1).Is(",")) {
    return Refuse(Peek().offset, "unsupported parameter for operation " +
                                     std::string(ToString(op)) + "(" + std::string(Peek().text) +
                                     ",");
  }
  GLP_ASSIGN_OR_RETURN(MetricExpr inner, ParseMetric());
  if (!TakeIf(")")) return Unexpected();
  GLP_RETURN_IF_ERROR(grouping());
  out.inner = std::make_unique<MetricExpr>(std::move(inner));
  return MetricExpr{std::move(out)};
}

Result<Grouping> Parser::ParseGrouping() {
  Grouping grouping;
  grouping.without = Take().Is("without");
  GLP_RETURN_IF_ERROR(Expect("("));
  if (TakeIf(")")) return grouping;
  if (Peek().kind != Kind::kIdentifier) return Unexpected("IDENTIFIER or )");
  for (;;) {
    if (Peek().kind != Kind::kIdentifier) return Unexpected("IDENTIFIER");
    grouping.names.emplace_back(Take().text);
    if (TakeIf(")")) return grouping;
    if (!TakeIf(",")) return Unexpected(") or ,");
  }
}

Status CheckText(std::string_view query) {
  if (query.size() > kMaxQueryBytes) {
    return UsageError("parse error : input size too long (" + std::to_string(query.size()) + " > " +
                      std::to_string(kMaxQueryBytes) + ")");
  }
  if (!IsValidUtf8(query)) return UsageError("parse error : invalid UTF-8 encoding");
  return Status::Ok();
}

}  // namespace

Result<Expr> Parse(std::string_view query, ParseOptions options) {
  GLP_RETURN_IF_ERROR(CheckText(query));
  return Parser(query, options).WholeQuery();
}

Result<LogExpr> ParseLogQuery(std::string_view query, ParseOptions options) {
  GLP_ASSIGN_OR_RETURN(Expr expr, Parse(query, options));
  if (auto* log = std::get_if<LogExpr>(&expr)) return std::move(*log);
  return UsageError(
      "a log query is needed here, such as {app=\"x\"} |= \"error\"; this is a metric: " +
      ToString(expr));
}

Result<std::vector<Matcher>> ParseSelector(std::string_view selector) {
  GLP_RETURN_IF_ERROR(CheckText(selector));
  return Parser(selector, {}).WholeSelector();
}

std::string_view FirstLine(std::string_view message) {
  return message.substr(0, message.find('\n'));
}

}  // namespace glp::logql
