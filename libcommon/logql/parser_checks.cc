#include "logql/parser_checks.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "codec/pattern.h"
#include "codec/regex.h"
#include "codec/template.h"
#include "logql/extraction.h"
#include "logql/ip.h"
#include "logql/regex.h"

namespace glp::logql {
namespace {

Status Check(LineFilter* filter) { return PrepareLineFilter(filter); }

Status Check(JsonParser* json) {
  for (const Extraction& extraction : json->extractions) {
    const auto path = ParseJsonPath(extraction.expression);
    if (!path.ok()) return path.status();
  }
  return Status::Ok();
}

Status Check(LogfmtParser* logfmt) {
  for (const Extraction& extraction : logfmt->extractions) {
    const auto key = ParseLogfmtKey(extraction.expression);
    if (!key.ok()) return key.status();
  }
  return Status::Ok();
}

Status Check(RegexpParser* regexp) {
  const auto refuse = [](std::string_view why) {
    return UsageError("invalid regexp parser: " + std::string(why));
  };
  const auto regex = codec::GroupRegex::Compile(regexp->expression);
  if (!regex.ok()) {
    const auto in_lokis_words = CompileRegex(regexp->expression, /*dot_matches_newline=*/false);
    return refuse((in_lokis_words.ok() ? regex.status() : in_lokis_words.status()).message());
  }
  GLP_RETURN_IF_ERROR(RegexBudget::Take(regex->program_size()));
  if (regex->names().empty()) return refuse("at least one named capture must be supplied");
  return Status::Ok();
}

Status Check(PatternStage* pattern) {
  const auto parser = codec::PatternParser::Compile(pattern->pattern);
  if (parser.ok()) return Status::Ok();
  return UsageError("invalid pattern parser: " + parser.status().message());
}

// The address patterns of a filter; its numbers and expressions are checked where they are read.
Status Check(LabelFilter* filter) {
  if (filter->kind == LabelFilter::Kind::kIp) return IpMatcher::Compile(filter->text).status();
  for (LabelFilter& operand : filter->operands) GLP_RETURN_IF_ERROR(Check(&operand));
  return Status::Ok();
}

// `name` is Loki's for the template; the column that a template's error has here is left out.
Status CheckTemplate(std::string_view text, std::string_view name) {
  const auto compiled = codec::Template::Compile(text, codec::TemplateDialect::kLoki);
  if (compiled.ok()) return Status::Ok();
  constexpr std::string_view kStart = "template: :";
  std::string_view why = compiled.status().message();
  if (why.substr(0, kStart.size()) != kStart) return compiled.status();
  why.remove_prefix(kStart.size());
  const std::string line(why.substr(0, why.find(':')));
  why.remove_prefix(std::min(line.size() + 1, why.size()));
  const size_t column = why.find_first_not_of("0123456789");
  if (column > 0 && why.substr(column, 1) == ":") why.remove_prefix(column);
  why.remove_prefix(why.substr(0, 1) == ":" ? 1 : 0);
  return UsageError("template: " + std::string(name) + ":" + line + ":" + std::string(why));
}

Status Check(LineFormat* format) {
  return CheckTemplate(format->text, "line").Annotate("invalid line template");
}

Status Check(LabelFormat* format) {
  std::set<std::string_view> names;
  for (const LabelFormat::Item& item : format->items) {
    if (item.name == "__error__") return UsageError("__error__ cannot be formatted");
    if (!names.insert(item.name).second) {
      return UsageError("multiple label name '" + item.name +
                        "' not allowed in a single format operation");
    }
    if (item.is_rename) continue;
    const Status status = CheckTemplate(item.value, "label");
    if (!status.ok()) {
      return UsageError("invalid template for label '" + item.name + "': " + status.message());
    }
  }
  return Status::Ok();
}

template <typename T>
Status Check(T*) {
  return Status::Ok();
}

}  // namespace

Status CheckStage(Stage* stage) {
  const Status status = std::visit([](auto& s) { return Check(&s); }, *stage);
  if (status.ok() || std::holds_alternative<RegexpParser>(*stage) ||
      std::holds_alternative<PatternStage>(*stage)) {
    return status;
  }
  return UsageError("stage '" + ToString(*stage) + "' : " + status.message());
}

}  // namespace glp::logql
