#include "logql/regex.h"

#include <string>

namespace glp::logql {
namespace {

// Go's names for RE2's errors, as Loki's answers have them.
std::string_view Words(re2::RE2::ErrorCode code) {
  using re2::RE2;
  switch (code) {
    case RE2::ErrorBadEscape:
      return "invalid escape sequence";
    case RE2::ErrorBadCharClass:
      return "invalid character class";
    case RE2::ErrorBadCharRange:
      return "invalid character class range";
    case RE2::ErrorMissingBracket:
      return "missing closing ]";
    case RE2::ErrorMissingParen:
      return "missing closing )";
    case RE2::ErrorUnexpectedParen:
      return "unexpected )";
    case RE2::ErrorTrailingBackslash:
      return "trailing backslash at end of expression";
    case RE2::ErrorRepeatArgument:
      return "missing argument to repetition operator";
    case RE2::ErrorRepeatSize:
      return "invalid repeat count";
    case RE2::ErrorRepeatOp:
      return "invalid nested repetition operator";
    case RE2::ErrorBadPerlOp:
      return "invalid or unsupported Perl syntax";
    case RE2::ErrorBadUTF8:
      return "invalid UTF-8";
    case RE2::ErrorBadNamedCapture:
      return "invalid named capture";
    case RE2::ErrorPatternTooLarge:
      return "expression too large";
    default:
      return "internal error";
  }
}

thread_local RegexBudget* budget = nullptr;

}  // namespace

RegexBudget::RegexBudget(size_t instructions) : left_(instructions), outer_(budget) {
  budget = this;
}
RegexBudget::~RegexBudget() { budget = outer_; }

Status RegexBudget::Take(size_t instructions) {
  for (RegexBudget* one = budget; one != nullptr; one = one->outer_) {
    if (one->left_ < instructions) {
      return UsageError(
          "the regular expressions of the query are too large together: take fewer of them, or "
          "fewer repetitions like {1000}");
    }
    one->left_ -= instructions;
  }
  return Status::Ok();
}

Result<std::shared_ptr<const re2::RE2>> CompileRegex(std::string_view pattern,
                                                     bool dot_matches_newline) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(dot_matches_newline);
  auto regex =
      std::make_shared<const re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!regex->ok()) {
    std::string message = "error parsing regexp: ";
    message.append(Words(regex->error_code())).append(": `").append(regex->error_arg()).append("`");
    return UsageError(std::move(message));
  }
  GLP_RETURN_IF_ERROR(RegexBudget::Take(static_cast<size_t>(regex->ProgramSize())));
  return regex;
}

}  // namespace glp::logql
