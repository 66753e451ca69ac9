#include "codec/pattern.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "codec/golden_cases.h"

namespace glp::codec {
namespace {

std::string TextOf(simdjson::dom::element value) {
  if (value.is_string()) return std::string(std::string_view(value));
  const std::string object = R"({"v":)" + std::string(simdjson::minify(value)) + "}";
  simdjson::dom::parser parser;
  return GoldenCase(parser.parse(object)).Text("v");
}

TEST(PatternParser, AnswersAsRecorded) {
  ForEachGoldenCase("pattern", [](const GoldenCase& c) {
    auto parser = PatternParser::Compile(c.Text("pattern"));
    ASSERT_EQ(parser.ok(), !c.Has("error")) << c.json();
    if (!parser.ok()) {
      EXPECT_EQ(parser.status().message(), c.Text("words"));
      return;
    }
    // What a caller does: a name that is taken is renamed, what is then taken too is left out.
    std::map<std::string, std::string> before, got, want;
    for (auto [key, value] : simdjson::dom::object(c["labels_before"])) {
      before[std::string(key)] = TextOf(value);
    }
    for (auto [key, value] : simdjson::dom::object(c["labels"])) {
      want[std::string(key)] = TextOf(value);
    }
    got = before;
    std::map<std::string, std::string> extracted;
    const std::string line = c.Text("line");
    std::vector<std::string_view> values;
    const size_t count = parser->Match(line, &values);
    ASSERT_EQ(count, values.size());
    ASSERT_LE(count, parser->names().size());
    for (size_t i = 0; i < count; ++i) {
      const std::string& name = parser->names()[i];
      extracted.emplace(before.count(name) > 0 ? name + "_extracted" : name, values[i]);
    }
    for (const auto& [name, value] : extracted) got[name] = value;
    EXPECT_EQ(got, want) << c.json();
  });
}

TEST(PatternFilter, AnswersAsRecorded) {
  ForEachGoldenCase("patternfilter", [](const GoldenCase& c) {
    auto filter = PatternFilter::Compile(c.Text("pattern"));
    ASSERT_EQ(filter.ok(), !c.Has("error")) << c.json();
    if (!filter.ok()) {
      EXPECT_EQ(filter.status().message(), c.Text("words"));
      return;
    }
    const bool negated = c.Text("op") == "!>";
    EXPECT_EQ(filter->Matches(c.Text("line")) != negated, c.IsTrue("match")) << c.json();
  });
}

TEST(PatternParser, AnEmptyLineOrPatternGivesNothing) {
  std::vector<std::string_view> values;
  EXPECT_EQ(PatternParser::Compile("<a>")->Match("", &values), 0u);
  EXPECT_EQ(PatternParser::Compile("").status().message(), "at least one capture is required");
  EXPECT_EQ(PatternParser::Compile("<_> <_>").status().message(),
            "at least one capture is required");
}

TEST(PatternParser, ALongLineThatAlmostMatchesIsReadInLinearTime) {
  const std::string line(4 << 20, 'a');
  auto parser = PatternParser::Compile("<x>" + std::string(200, 'a') + "b<y>");
  std::vector<std::string_view> values;
  EXPECT_EQ(parser->Match(line, &values), 1u);
  EXPECT_EQ(values[0].size(), line.size());
  EXPECT_FALSE(PatternFilter::Compile("<_>" + std::string(2000, 'a') + "b<_>")->Matches(line));
}

}  // namespace
}  // namespace glp::codec
