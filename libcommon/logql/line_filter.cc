#include "logql/ast.h"
#include "logql/line_search.h"

namespace glp::logql {

Result<LineFilter> MakeLineFilter(LineFilter::Op op, const std::vector<std::string>& texts) {
  const bool is_regex = op == LineFilter::Op::kMatch || op == LineFilter::Op::kNotMatch;
  LineFilter filter;
  filter.op = op;
  for (const std::string& text : texts) {
    LineFilter::Alternative& alternative = filter.alternatives.emplace_back();
    alternative.text = text;
    if (is_regex) {
      GLP_ASSIGN_OR_RETURN(alternative.search, LineSearch::ForRegex(text));
      alternative.regex = alternative.search->regex();
      const auto& literals = alternative.search->literals();
      alternative.is_literal = alternative.search->is_literal() && literals.size() == 1 &&
                               literals[0].literal() == text && !literals[0].fold_case();
    } else {
      alternative.search = LineSearch::ForLiteral(text);
    }
  }
  return filter;
}

bool LineFilter::Passes(std::string_view line) const {
  bool found = false;
  for (const Alternative& alternative : alternatives) {
    if (alternative.search != nullptr) {
      found = alternative.search->Matches(line);
    } else if (alternative.regex != nullptr) {
      found = re2::RE2::PartialMatch({line.data(), line.size()}, *alternative.regex);
    } else {
      found = line.find(alternative.text) != std::string_view::npos;
    }
    if (found) break;
  }
  return found == (op == Op::kContains || op == Op::kMatch);
}

}  // namespace glp::logql
