// What Loki 3.7.6 answers: the expression printed, printed over several lines, or the error.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>

#include "codec/golden_cases.h"
#include "logql/parser.h"

namespace glp::logql {
namespace {

using codec::ForEachGoldenCase;
using codec::GoldenCase;

// Where glp decides otherwise than Loki, and why.
const std::map<std::string_view, std::string_view> kOtherwise = {
    // A name with other letters is printed as it was typed: Loki's {"é"="y"} is a text that Loki
    // itself does not read.
    {R"({é="y"})", R"({é="y"})"},
    {R"({日="x"})", R"({日="x"})"},
    // A size is not rounded when it is printed: 1.0kB would be 1000 bytes.
    {R"({app="api"} | a>1024B)", R"({app="api"} | a>1024B)"},
    // A number that Loki cannot read is refused, as it is outside of label filters; there it is 0.
    {R"({app="api"} | a>0x10)",
     "parse error : unable to parse literal as a float: strconv.ParseFloat: parsing \"0x10\": "
     "invalid syntax"},
    {R"({app="api"} | a>1e400)",
     "parse error : unable to parse literal as a float: strconv.ParseFloat: parsing \"1e400\": "
     "value out of range"},
    // A character that no token begins with is named; Loki calls it an IDENTIFIER.
    {R"({app="x"};)", "parse error at line 1, col 10: syntax error: unexpected ;"},
    {R"({app="x"} $y)", "parse error at line 1, col 11: syntax error: unexpected $"},
    // What is wrong with a template is said in the words of codec/template.h.
    {R"({app="api"} | label_format a="{{")",
     "parse error : stage '| label_format a=\"{{\"' : invalid template for label 'a': "
     "template: label:1: unexpected end of text in command"},
    // 'x' is refused as 'xx' is, with the advice to write it in double quotes.
    {R"({app="api"} |= 'x')", "parse error at line 1, col 16: invalid char literal"},
};

// Where the printed forms differ besides.
const std::map<std::string_view, std::string_view> kPrettyOtherwise = {
    // What the pipeline refuses when it is built is refused here as well: it is no query.
    {R"({app="api"} !~ "[")",
     "parse error : stage '!~ \"[\"' : error parsing regexp: missing closing ]: `[`"},
    {R"({app="api"} |~ ip("10.0.0.1"))",
     "parse error : stage '|~ ip(\"10.0.0.1\")' : ip: invalid operation"},
    {R"({app="api"} |= ip("bad"))",
     "parse error : stage '|= ip(\"bad\")' : ip: invalid pattern: \"bad\""},
    {R"({app="api"} | a=ip("bad"))",
     "parse error : stage '| a=ip(\"bad\")' : ip: invalid pattern: \"bad\""},
    {R"({app="api"} | label_format __error__=b)",
     "parse error : stage '| label_format __error__=b' : __error__ cannot be formatted"},
};

// Loki does not indent `| decolorize` where it is on a line of its own.
std::string WithIndent(std::string pretty) {
  constexpr std::string_view kBare = "\n| decolorize";
  const size_t at = pretty.find(kBare);
  if (at == std::string::npos) return pretty;
  const size_t indent = pretty.find_first_not_of(' ', at + kBare.size() + 1);
  return pretty.insert(at + 1, indent - (at + kBare.size() + 1), ' ');
}

// Loki has no line for tokens of two characters and for ranges: "line 0". All those queries are
// of one line.
std::string WithLine(std::string error) {
  constexpr std::string_view kNoLine = "at line 0,";
  const size_t at = error.find(kNoLine);
  if (at != std::string::npos) error.replace(at, kNoLine.size(), "at line 1,");
  return error;
}

// What glp has not got: "`variants`", which went from Loki after that version; "" where it has all
// of it.
std::string Missing(const Result<Expr>& expr) {
  if (expr.ok()) return "";
  const std::string& message = expr.status().message();
  const size_t end = message.find(" is not supported; ");
  if (end == std::string::npos) return "";
  const size_t start = message.find(": ") + 2;
  return message.substr(start, end - start);
}

// Checks the cases of a file, those that glp has not got apart: how many of which.
std::map<std::string, int> CheckFile(
    const std::string& file, const char* answer_key, std::string (*print)(const Expr&),
    const std::map<std::string_view, std::string_view>& otherwise) {
  std::map<std::string, int> missing;
  ForEachGoldenCase(file, [&](const GoldenCase& test) {
    const std::string query = test.Text("query");
    const Result<Expr> expr = Parse(query);
    if (const std::string what = Missing(expr); !what.empty()) {
      ++missing[what];
      return;
    }
    std::string expected = test.Text(answer_key);
    expected = WithIndent(expected);
    if (test.Has("error")) expected = WithLine(test.Text("error"));
    if (test.Has("run_error")) expected = test.Text("run_error");
    if (const auto found = otherwise.find(query); found != otherwise.end()) {
      EXPECT_NE(expected, found->second) << "no longer decided otherwise: " << query;
      expected = found->second;
    }
    EXPECT_EQ(expr.ok() ? print(*expr) : FirstLine(expr.status().message()), expected) << query;
  });
  return missing;
}

TEST(ParserGolden, PrintsAndRefusesAsLokiDoes) {
  const auto missing = CheckFile(
      "logql_parse", "string", [](const Expr& e) { return ToString(e); }, kOtherwise);
  EXPECT_EQ(missing, (std::map<std::string, int>{{"`variants`", 4}}));
}

TEST(ParserGolden, PrettifiesAsLokiDoes) {
  auto otherwise = kPrettyOtherwise;
  otherwise.insert(kOtherwise.begin(), kOtherwise.end());
  const auto missing = CheckFile("logql_format", "pretty", Prettify, otherwise);
  EXPECT_EQ(missing, (std::map<std::string, int>{{"`variants`", 2}}));
}

// Where the right side of a label filter is decided otherwise.
const std::map<std::string_view, std::string_view> kBytesOtherwise = {
    // Go's scanner takes E and P for exponents and 0B for a binary number before Loki looks for a
    // unit; they are units.
    {"1PB", ""},
    {"1EB", ""},
    {"0B", ""},
    // Both refuse it; here for the number, see above.
    {"0x10KB",
     "parse error : unable to parse literal as a float: strconv.ParseFloat: parsing \"0x10\": "
     "invalid syntax"},
};

TEST(ParserGolden, ReadsTheRightSideOfLabelFiltersAsLokiDoes) {
  int count = 0;
  ForEachGoldenCase("bytes", [&](const GoldenCase& test) {
    if (test.Text("kind") != "logql") return;
    ++count;
    const std::string text = test.Text("text");
    const auto log = ParseLogQuery("{a=\"b\"} | x > " + text);
    std::string expected = WithLine(test.Text("error"));
    if (const auto found = kBytesOtherwise.find(text); found != kBytesOtherwise.end()) {
      expected = found->second;
    }
    const std::string message = log.ok() ? "" : log.status().message();
    ASSERT_EQ(FirstLine(message), expected) << text;
    if (!log.ok() || test.Has("error")) return;
    const auto& filter = std::get<LabelFilter>(log->stages[0]);
    if (test.Has("duration_ns")) {
      EXPECT_EQ(std::to_string(filter.duration_ns), test.Text("duration_ns")) << text;
    } else {
      const double expected_number = std::stod(test.Text(test.Has("bytes") ? "bytes" : "number"));
      EXPECT_EQ(filter.number, expected_number) << text;
    }
  });
  EXPECT_EQ(count, 37);
}

// Of the files that were recorded to run, what is refused beforehand, and that the rest is not.
void CheckRefusals(const std::string& file, const char* key,
                   const std::map<std::string_view, std::string_view>& otherwise) {
  ForEachGoldenCase(file, [&](const GoldenCase& test) {
    const std::string stage = test.Text(key);
    const auto log = ParseLogQuery("{app=\"s\"} | " + stage);
    const std::string error = test.Text("error");
    std::string expected =
        error == "parse" || error == "pipeline" ? WithLine(test.Text("words")) : "";
    if (const auto found = otherwise.find(stage); found != otherwise.end()) {
      expected = found->second;
    }
    const std::string message = log.ok() ? "" : log.status().message();
    EXPECT_EQ(FirstLine(message), expected) << stage;
  });
}

TEST(ParserGolden, RefusesLabelFiltersAsLokiDoes) {
  CheckRefusals("labelfilter", "filter",
                {{"s = 'x'", "parse error at line 1, col 17: invalid char literal"},
                 {"a =! 5", "parse error at line 1, col 16: syntax error: unexpected !"}});
}

TEST(ParserGolden, RefusesLabelFormatsAsLokiDoes) {
  // The words are those of codec/template.h.
  CheckRefusals("labelfmt", "stage",
                {{"label_format x=\"{{\"",
                  "parse error : stage '| label_format x=\"{{\"' : invalid template for label 'x': "
                  "template: label:1: unexpected end of text in command"}});
}

TEST(ParserGolden, RefusesTemplatesAsLokiDoes) {
  int refused = 0, count = 0;
  ForEachGoldenCase("template", [&](const GoldenCase& test) {
    const std::string text = test.Text("template");
    LogExpr log;
    log.matchers.push_back(*MakeMatcher("a", Matcher::Op::kEqual, "b"));
    log.stages.emplace_back(LineFormat{text});
    const auto parsed = ParseLogQuery(ToString(log));
    const std::string message = parsed.ok() ? "" : parsed.status().message();
    const bool is_refused = test.Text("error") == "parse";
    ++count;
    refused += is_refused;
    EXPECT_EQ(!parsed.ok(), is_refused) << test.json() << message;
    if (!is_refused) return;
    const std::string start = "parse error : stage '" + ToString(log.stages[0]) +
                              "' : invalid line template: template: line:1: ";
    EXPECT_EQ(FirstLine(message).substr(0, start.size()), FirstLine(start)) << message;
  });
  EXPECT_GT(count, 500);
  EXPECT_GT(refused, 60);
}

}  // namespace
}  // namespace glp::logql
