#include "logql/extraction.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "codec/golden_cases.h"

namespace glp::logql {
namespace {

std::string Show(std::string_view expression) {
  const auto path = ParseJsonPath(expression);
  if (!path.ok()) return path.status().message();
  std::string out;
  for (const JsonStep& step : *path) {
    out += step.is_index ? "#" + std::to_string(step.index) : "/" + step.key;
  }
  return out;
}

TEST(ParseJsonPath, ReadsFieldsKeysAndIndexes) {
  const struct {
    std::string_view expression, steps;
  } kCases[] = {
      {"app", "/app"},
      {"a.b.c", "/a/b/c"},
      {"[\"a b\"].c", "/a b/c"},
      {"a[0][12].b", "/a#0#12/b"},
      {"a[\"b.c\"]", "/a/b.c"},
      {" a . b [ 0 ] ", "/a/b#0"},
      {"_a1", "/_a1"},
      {"a[\"\"]", "/a/"},
      {"[0]", "#0"},
      {"a.", "cannot parse expression [a.]: syntax error: unexpected $end, expecting FIELD"},
      {"a.[0]", "cannot parse expression [a.[0]]: syntax error: unexpected LSB, expecting FIELD"},
      {"a[\"b", "cannot parse expression [a[\"b]: syntax error: unexpected $end, expecting RSB"},
      {"a é", "cannot parse expression [a é]: unexpected char é"},
  };
  for (const auto& [expression, steps] : kCases) EXPECT_EQ(Show(expression), steps);
}

TEST(ParseJsonPath, LongPathsAreLinear) {
  std::string expression = "a";
  for (int i = 0; i < 30000; ++i) expression += "[1]";
  EXPECT_EQ(ParseJsonPath(expression)->size(), 30001u);
}

TEST(ParseLogfmtKey, ReadsKeys) {
  EXPECT_EQ(*ParseLogfmtKey("a_1"), "a_1");
  EXPECT_EQ(*ParseLogfmtKey("\"a.b c\""), "a.b c");
  EXPECT_FALSE(ParseLogfmtKey("a b").ok());
  EXPECT_FALSE(ParseLogfmtKey("a[").ok());
}

// What the pipelines of Loki 3.7.6 say of expressions when they are built.
template <typename Parse>
void ExpectGoldenErrors(const std::string& file, Parse parse) {
  int refused = 0;
  codec::ForEachGoldenCase(file, [&](const codec::GoldenCase& test) {
    if (test.IsNull("expressions")) return;
    simdjson::dom::object expressions;
    ASSERT_EQ(test["expressions"].get(expressions), simdjson::SUCCESS) << test.json();
    std::string error;
    for (const auto& [name, expression] : expressions) {
      // A name that is none cannot be written in a query.
      if (name.empty()) return;
      const auto parsed = parse(std::string_view(expression));
      if (!parsed.ok() && error.empty()) error = parsed.status().message();
    }
    const bool build = test.Has("error") && test.Text("error") == "build";
    refused += build;
    EXPECT_EQ(error, build ? test.Text("words") : "") << test.json();
  });
  EXPECT_GE(refused, 3);
}

TEST(ParseJsonPath, RefusesInLokisWords) { ExpectGoldenErrors("json", ParseJsonPath); }
TEST(ParseLogfmtKey, RefusesInLokisWords) { ExpectGoldenErrors("logfmt", ParseLogfmtKey); }

}  // namespace
}  // namespace glp::logql
