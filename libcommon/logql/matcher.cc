#include "logql/ast.h"
#include "logql/regex.h"

namespace glp::logql {

Result<Matcher> MakeMatcher(std::string name, Matcher::Op op, std::string value) {
  Matcher matcher;
  if (op == Matcher::Op::kMatch || op == Matcher::Op::kNotMatch) {
    GLP_ASSIGN_OR_RETURN(matcher.regex, CompileRegex(value, /*dot_matches_newline=*/true));
  }
  matcher.name = std::move(name);
  matcher.op = op;
  matcher.value = std::move(value);
  return matcher;
}

bool Matcher::Matches(std::string_view label_value) const {
  switch (op) {
    case Op::kEqual:
      return label_value == value;
    case Op::kNotEqual:
      return label_value != value;
    case Op::kMatch:
      return re2::RE2::FullMatch({label_value.data(), label_value.size()}, *regex);
    case Op::kNotMatch:
      return !re2::RE2::FullMatch({label_value.data(), label_value.size()}, *regex);
  }
  return false;
}

bool MatchesAll(const std::vector<Matcher>& matchers, const LabelSet& stream) {
  for (const Matcher& matcher : matchers) {
    if (!matcher.Matches(stream)) return false;
  }
  return true;
}

}  // namespace glp::logql
