#include "codec/pattern.h"
#include "logql/ast.h"
#include "logql/ip.h"
#include "logql/line_search.h"

namespace glp::logql {
namespace {

using Op = LineFilter::Op;

bool IsNegated(Op op) {
  return op == Op::kNotContains || op == Op::kNotMatch || op == Op::kNotPattern;
}

Status Prepare(Op op, LineFilter::Alternative* alternative) {
  if (alternative->is_ip) {
    if (op != Op::kContains && op != Op::kNotContains) return UsageError("ip: invalid operation");
    GLP_ASSIGN_OR_RETURN(IpMatcher ip, IpMatcher::Compile(alternative->text));
    alternative->ip = std::make_shared<const IpMatcher>(ip);
    return Status::Ok();
  }
  switch (op) {
    case Op::kContains:
    case Op::kNotContains:
      alternative->search = LineSearch::ForLiteral(alternative->text);
      break;
    case Op::kMatch:
    case Op::kNotMatch: {
      GLP_ASSIGN_OR_RETURN(alternative->search, LineSearch::ForRegex(alternative->text));
      alternative->regex = alternative->search->regex();
      const auto& literals = alternative->search->literals();
      alternative->is_literal = alternative->search->is_literal() && literals.size() == 1 &&
                                literals[0].literal() == alternative->text &&
                                !literals[0].fold_case();
      break;
    }
    case Op::kPattern:
    case Op::kNotPattern: {
      GLP_ASSIGN_OR_RETURN(codec::PatternFilter pattern,
                           codec::PatternFilter::Compile(alternative->text));
      alternative->pattern = std::make_shared<const codec::PatternFilter>(std::move(pattern));
      break;
    }
  }
  return Status::Ok();
}

}  // namespace

Status PrepareLineFilter(LineFilter* filter) {
  for (LineFilter::Alternative& alternative : filter->alternatives) {
    GLP_RETURN_IF_ERROR(Prepare(filter->op, &alternative));
  }
  return Status::Ok();
}

Result<LineFilter> MakeLineFilter(LineFilter::Op op, const std::vector<std::string>& texts) {
  LineFilter filter;
  filter.op = op;
  for (const std::string& text : texts) filter.alternatives.emplace_back().text = text;
  GLP_RETURN_IF_ERROR(PrepareLineFilter(&filter));
  return filter;
}

bool LineFilter::Alternative::IsIn(std::string_view line) const {
  if (search != nullptr) return search->Matches(line);
  if (ip != nullptr) return ip->IsIn(line);
  if (pattern != nullptr) return pattern->Matches(line);
  if (regex != nullptr) return re2::RE2::PartialMatch({line.data(), line.size()}, *regex);
  return line.find(text) != std::string_view::npos;
}

bool LineFilter::Passes(std::string_view line) const {
  bool found = false;
  for (const Alternative& alternative : alternatives) {
    found = alternative.IsIn(line);
    if (found) break;
  }
  return found != IsNegated(op);
}

}  // namespace glp::logql
