#include "logql/parser_stages.h"

#include <string>
#include <utility>

#include "logql/parser_checks.h"

namespace glp::logql {
namespace {

using Kind = Token::Kind;

constexpr std::pair<std::string_view, LineFilter::Op> kLineOps[] = {
    {"|=", LineFilter::Op::kContains}, {"!=", LineFilter::Op::kNotContains},
    {"|~", LineFilter::Op::kMatch},    {"!~", LineFilter::Op::kNotMatch},
    {"|>", LineFilter::Op::kPattern},  {"!>", LineFilter::Op::kNotPattern},
};
constexpr std::pair<std::string_view, Matcher::Op> kMatcherOps[] = {
    {"=", Matcher::Op::kEqual},
    {"!=", Matcher::Op::kNotEqual},
    {"=~", Matcher::Op::kMatch},
    {"!~", Matcher::Op::kNotMatch},
};

constexpr std::pair<std::string_view, Unwrap::Conversion> kConversions[] = {
    {"bytes", Unwrap::Conversion::kBytes},
    {"duration", Unwrap::Conversion::kDuration},
    {"duration_seconds", Unwrap::Conversion::kDurationSeconds},
};

// Each may be a program of a megabyte.
constexpr size_t kMaxStages = 1000;
constexpr size_t kMaxRegexes = 1000;  // in one filter; of literals there may be more

// lineFilter = op text {"or" text}, text = STRING | "ip" "(" STRING ")"
Result<Stage> ParseLineFilter(ParserCursor* cursor) {
  LineFilter filter;
  filter.op = *Find(kLineOps, cursor->Take());
  const bool is_regex =
      filter.op == LineFilter::Op::kMatch || filter.op == LineFilter::Op::kNotMatch;
  do {
    if (is_regex && filter.alternatives.size() == kMaxRegexes) {
      return cursor->Refuse(cursor->Peek().offset, "more than " + std::to_string(kMaxRegexes) +
                                                       " regular expressions in one filter");
    }
    LineFilter::Alternative text;
    if (cursor->TakeIf("ip")) {
      text.is_ip = true;
      GLP_RETURN_IF_ERROR(cursor->Expect("("));
      GLP_ASSIGN_OR_RETURN(text.text, cursor->ExpectString());
      GLP_RETURN_IF_ERROR(cursor->Expect(")"));
    } else if (cursor->Peek().kind == Kind::kString) {
      text.text = cursor->Take().text;
    } else {
      return cursor->Unexpected("STRING or ip");
    }
    filter.alternatives.push_back(std::move(text));
  } while (cursor->TakeIf("or"));
  return Stage(std::move(filter));
}

// extractions = [IDENTIFIER ["=" STRING] {"," IDENTIFIER ["=" STRING]}]
Result<std::vector<Extraction>> ParseExtractions(ParserCursor* cursor) {
  std::vector<Extraction> out;
  if (cursor->Peek().kind != Kind::kIdentifier) return out;
  do {
    Extraction& extraction = out.emplace_back();
    GLP_ASSIGN_OR_RETURN(extraction.name, cursor->ExpectIdentifier());
    extraction.expression = extraction.name;
    if (cursor->TakeIf("=")) {
      GLP_ASSIGN_OR_RETURN(extraction.expression, cursor->ExpectString());
    }
  } while (cursor->TakeIf(","));
  return out;
}

Result<Stage> ParseJson(ParserCursor* cursor) {
  GLP_ASSIGN_OR_RETURN(auto extractions, ParseExtractions(cursor));
  return Stage(JsonParser{std::move(extractions)});
}

Result<Stage> ParseLogfmt(ParserCursor* cursor) {
  LogfmtParser logfmt;
  while (cursor->Peek().kind == Kind::kFlag) {
    (cursor->Take().text == "--strict" ? logfmt.strict : logfmt.keep_empty) = true;
  }
  GLP_ASSIGN_OR_RETURN(logfmt.extractions, ParseExtractions(cursor));
  return Stage(std::move(logfmt));
}

Result<Stage> ParseRegexp(ParserCursor* cursor) {
  GLP_ASSIGN_OR_RETURN(std::string expression, cursor->ExpectString());
  return Stage(RegexpParser{std::move(expression)});
}

Result<Stage> ParsePattern(ParserCursor* cursor) {
  GLP_ASSIGN_OR_RETURN(std::string pattern, cursor->ExpectString());
  return Stage(PatternStage{std::move(pattern)});
}

Result<Stage> ParseUnpack(ParserCursor*) { return Stage(UnpackParser{}); }

Result<Stage> ParseLineFormat(ParserCursor* cursor) {
  GLP_ASSIGN_OR_RETURN(std::string text, cursor->ExpectString());
  return Stage(LineFormat{std::move(text)});
}

// format = IDENTIFIER "=" (IDENTIFIER | STRING) {"," …}
Result<Stage> ParseLabelFormat(ParserCursor* cursor) {
  LabelFormat format;
  do {
    LabelFormat::Item& item = format.items.emplace_back();
    GLP_ASSIGN_OR_RETURN(item.name, cursor->ExpectIdentifier());
    GLP_RETURN_IF_ERROR(cursor->Expect("="));
    item.is_rename = cursor->Peek().kind == Kind::kIdentifier;
    if (!item.is_rename && cursor->Peek().kind != Kind::kString) {
      return cursor->Unexpected("IDENTIFIER or STRING");
    }
    item.value = cursor->Take().text;
  } while (cursor->TakeIf(","));
  return Stage(std::move(format));
}

Result<Stage> ParseDecolorize(ParserCursor*) { return Stage(Decolorize{}); }

// names = (IDENTIFIER | matcher) {"," …}
Result<std::vector<NameOrMatcher>> ParseNames(ParserCursor* cursor) {
  std::vector<NameOrMatcher> out;
  do {
    NameOrMatcher& label = out.emplace_back();
    if (Find(kMatcherOps, cursor->Peek(1)) != nullptr && cursor->Peek().kind == Kind::kIdentifier) {
      GLP_ASSIGN_OR_RETURN(label.matcher, ParseMatcher(cursor));
      label.name = label.matcher->name;
    } else {
      GLP_ASSIGN_OR_RETURN(label.name, cursor->ExpectIdentifier());
    }
  } while (cursor->TakeIf(","));
  return out;
}

Result<Stage> ParseDrop(ParserCursor* cursor) {
  GLP_ASSIGN_OR_RETURN(auto labels, ParseNames(cursor));
  return Stage(DropLabels{std::move(labels)});
}

Result<Stage> ParseKeep(ParserCursor* cursor) {
  GLP_ASSIGN_OR_RETURN(auto labels, ParseNames(cursor));
  return Stage(KeepLabels{std::move(labels)});
}

// distinct = IDENTIFIER {"," IDENTIFIER}
Result<Stage> ParseDistinct(ParserCursor* cursor) {
  DistinctLabels distinct;
  do {
    GLP_ASSIGN_OR_RETURN(distinct.names.emplace_back(), cursor->ExpectIdentifier());
  } while (cursor->TakeIf(","));
  return Stage(std::move(distinct));
}

// No reserved word: | distinct="x" is a filter of the label that is called so.
bool StartsDistinct(const ParserCursor& cursor) {
  return cursor.Peek().kind == Kind::kIdentifier && cursor.Peek().text == "distinct" &&
         cursor.Peek(1).kind == Kind::kIdentifier;
}

using StageParser = Result<Stage> (*)(ParserCursor*);
constexpr std::pair<std::string_view, StageParser> kStages[] = {
    {"json", ParseJson},
    {"logfmt", ParseLogfmt},
    {"regexp", ParseRegexp},
    {"pattern", ParsePattern},
    {"unpack", ParseUnpack},
    {"line_format", ParseLineFormat},
    {"label_format", ParseLabelFormat},
    {"decolorize", ParseDecolorize},
    {"drop", ParseDrop},
    {"keep", ParseKeep},
};

// What stands behind a "|".
Result<Stage> ParseStage(ParserCursor* cursor) {
  if (const StageParser* parse = Find(kStages, cursor->Peek())) {
    cursor->Take();
    return (*parse)(cursor);
  }
  if (StartsDistinct(*cursor)) {
    cursor->Take();
    return ParseDistinct(cursor);
  }
  const Token& word = cursor->Peek();
  const bool may_be_misspelled =
      word.kind == Kind::kIdentifier &&
      !IsOneOf(cursor->Peek(1), {"=", "==", "!=", "=~", "!~", ">", ">=", "<", "<="});
  auto filter = ParseLabelFilter(cursor);
  if (filter.ok()) return Stage(*std::move(filter));
  if (!may_be_misspelled) return filter.status();
  std::vector<std::string> known = {"distinct"};
  for (const auto& [name, parse] : kStages) known.emplace_back(name);
  return ParserCursor::Suggest(filter.status(), "stage", word.text, known);
}

}  // namespace

Result<std::vector<Matcher>> ParseMatchers(ParserCursor* cursor) {
  GLP_RETURN_IF_ERROR(cursor->Expect("{"));
  std::vector<Matcher> matchers;
  if (cursor->TakeIf("}")) return matchers;
  if (cursor->Peek().kind != Kind::kIdentifier) return cursor->Unexpected("IDENTIFIER or }");
  for (;;) {
    GLP_ASSIGN_OR_RETURN(Matcher matcher, ParseMatcher(cursor));
    matchers.push_back(std::move(matcher));
    if (cursor->TakeIf("}")) return matchers;
    if (!cursor->TakeIf(",")) return cursor->Unexpected("} or ,");
  }
}

Result<Matcher> ParseMatcher(ParserCursor* cursor) {
  GLP_ASSIGN_OR_RETURN(std::string name, cursor->ExpectIdentifier());
  const auto* op = Find(kMatcherOps, cursor->Peek());
  if (op == nullptr) return cursor->Unexpected("= or =~ or !~ or !=");
  cursor->Take();
  const size_t offset = cursor->Peek().offset;
  GLP_ASSIGN_OR_RETURN(std::string value, cursor->ExpectString());
  auto matcher = MakeMatcher(std::move(name), *op, std::move(value));
  if (!matcher.ok()) return cursor->Refuse(offset, matcher.status().message());
  return matcher;
}

bool StartsPipeline(const ParserCursor& cursor) {
  return cursor.Peek().Is("|") || Find(kLineOps, cursor.Peek()) != nullptr;
}

Status ParsePipeline(ParserCursor* cursor, std::vector<Stage>* stages) {
  while (StartsPipeline(*cursor) && !StartsUnwrap(*cursor)) {
    const bool is_line_filter = !cursor->TakeIf("|");
    const size_t offset = cursor->Peek(1).offset;
    if (stages->size() == kMaxStages) {
      return cursor->Refuse(offset, "more than " + std::to_string(kMaxStages) + " stages");
    }
    GLP_ASSIGN_OR_RETURN(Stage stage,
                         is_line_filter ? ParseLineFilter(cursor) : ParseStage(cursor));
    if (const Status status = CheckStage(&stage); !status.ok()) {
      return cursor->Refuse(offset, status.message());
    }
    stages->push_back(std::move(stage));
  }
  return Status::Ok();
}

bool StartsUnwrap(const ParserCursor& cursor) {
  return cursor.Peek().Is("|") && cursor.Peek(1).Is("unwrap");
}

// unwrap = "|" "unwrap" (IDENTIFIER | conversion "(" IDENTIFIER ")") {"|" labelFilter}
Status ParseUnwrap(ParserCursor* cursor, std::vector<Stage>* stages) {
  GLP_RETURN_IF_ERROR(cursor->Expect("|"));
  GLP_RETURN_IF_ERROR(cursor->Expect("unwrap"));
  Unwrap unwrap;
  if (const auto* conversion = Find(kConversions, cursor->Peek())) {
    unwrap.conversion = *conversion;
    cursor->Take();
    GLP_RETURN_IF_ERROR(cursor->Expect("("));
    GLP_ASSIGN_OR_RETURN(unwrap.label, cursor->ExpectIdentifier());
    GLP_RETURN_IF_ERROR(cursor->Expect(")"));
  } else if (cursor->Peek().kind == Kind::kIdentifier) {
    unwrap.label = cursor->Take().text;
  } else {
    return cursor->Unexpected("IDENTIFIER or bytes or duration or duration_seconds");
  }
  stages->emplace_back(std::move(unwrap));
  while (cursor->TakeIf("|")) {
    const size_t offset = cursor->Peek().offset;
    if (cursor->Peek().kind != Kind::kIdentifier && !cursor->Peek().Is("(")) {
      return cursor->Unexpected("IDENTIFIER or (");
    }
    GLP_ASSIGN_OR_RETURN(LabelFilter filter, ParseLabelFilter(cursor));
    Stage stage(std::move(filter));
    if (const Status status = CheckStage(&stage); !status.ok()) {
      return cursor->Refuse(offset, status.message());
    }
    stages->push_back(std::move(stage));
  }
  return Status::Ok();
}

}  // namespace glp::logql
