#include "codec/json.h"

#include <gtest/gtest.h>

#include <string>

namespace glp::codec {
namespace {

// The value, "-" where there is none, "!" where the text is no object.
std::string Get(std::string_view text, std::string_view path) {
  JsonExtractor extractor;
  Status status = extractor.AddPath(path);
  if (!status.ok()) return "usage";
  std::vector<JsonValue> values;
  if (!extractor.Extract(text, &values)) return "!";
  return values[0].present ? std::string(values[0].text) : "-";
}

struct Case {
  const char *text, *path, *want;
};
const Case kCases[] = {
    {R"({"a":"x"})", "a", "x"},
    {R"({"a":"x"})", "b", "-"},
    {R"({"a":null})", "a", "-"},
    {R"({"a":true,"b":false})", "b", "false"},
    {R"({"a":"q\"\u2603\n"})", "a", "q\"\xE2\x98\x83\n"},
    {R"({"a":1.50})", "a", "1.50"},
    {R"({"a":-0})", "a", "-0"},
    {R"({"a":12345678901234567890123})", "a", "12345678901234567890123"},
    {R"({"a":1e400})", "a", "1e400"},
    {R"({"a": {"b" : [ 1, "x y" ] } })", "a", R"({"b":[1,"x y"]})"},
    {R"({"a": {"b" : [ 1, "x y" ] } })", "a.b", R"([1,"x y"])"},
    {R"({"a": {"b" : [ 1, "x y" ] } })", "a.b[1]", "x y"},
    {R"({"a": {"b" : [ 1, "x y" ] } })", "a.b[2]", "-"},
    {R"({"a":[[1,2],[3,4]]})", "a[1][0]", "3"},
    {R"({"a":"x"})", "a.b", "-"},
    {R"({"a":[1]})", "a.b", "-"},
    {R"({"a":{"b":1}})", "a[0]", "-"},
    {R"({"grpc.stream":"err","grpc":{"stream":"in"}})", "\"grpc.stream\"", "err"},
    {R"({"grpc.stream":"err","grpc":{"stream":"in"}})", "grpc.stream", "in"},
    {R"({"@timestamp":"now","x-y":"z"})", "@timestamp", "now"},
    {R"({"@timestamp":"now","x-y":"z"})", "x-y", "z"},
    {R"({"a":1,"a":2})", "a", "2"},
    {R"({"a":{"b":1},"a":{"c":2}})", "a.b", "-"},
    {R"({"a":"","b":1})", "a", ""},
    {" \t{\"a\":1} \n", "a", "1"},
    {R"({})", "a", "-"},
    {R"(null)", "a", "!"},
    {R"([1,2])", "a", "!"},
    {R"("text")", "a", "!"},
    {"", "a", "!"},
    {"nope", "a", "!"},
    {R"({"a":1)", "a", "!"},
    {R"({"a":1}x)", "a", "!"},
    {R"({"a":1} {"b":2})", "a", "!"},
    {R"({"page": 1, fruits": ["apple"]})", "page", "!"},
    {R"({"a":tru})", "a", "!"},
    {R"({"a":1.})", "a", "!"},
    {R"({"a":"\q"})", "a", "!"},
    {"{\"a\":\"\xFF\"}", "a", "!"},
    {R"({"a":1})", "", "usage"},
    {R"({"a":1})", "a.", "usage"},
    {R"({"a":1})", "a[", "usage"},
    {R"({"a":1})", "a[x]", "usage"},
    {R"({"a":1})", "a || b", "usage"},
    {R"({"a":1})", "length(a)", "usage"},
};

TEST(Json, TakesValuesByPath) {
  for (const Case& c : kCases) EXPECT_EQ(Get(c.text, c.path), c.want) << c.text << " " << c.path;
}

TEST(Json, SeveralPathsInOneWalkAlsoWhereOneLeadsThroughAnother) {
  JsonExtractor extractor;
  for (const char* path : {"a", "a.b", "a.c[0]", "d", "a.b"}) {
    ASSERT_TRUE(extractor.AddPath(path).ok());
  }
  std::vector<JsonValue> values;
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(
        extractor.Extract(R"({"d":"x","a":{"b": 1.0, "c": [ {"k": 2} ]},"e":[]})", &values));
    EXPECT_EQ(values[0].text, R"({"b":1.0,"c":[{"k":2}]})");
    EXPECT_EQ(values[1].text, "1.0");
    EXPECT_EQ(values[2].text, R"({"k":2})");
    EXPECT_EQ(values[3].text, "x");
    EXPECT_EQ(values[4].text, "1.0");
  }
  ASSERT_FALSE(extractor.Extract("{", &values));
  for (const JsonValue& value : values) EXPECT_FALSE(value.present);
}

TEST(Json, TopLevelGivesScalarsInOrder) {
  JsonTopLevel reader;
  JsonTopLevel::Pairs pairs;
  ASSERT_TRUE(reader.Read(R"({"z":"1","n":null,"o":{"x":1},"a":[1],"b":true,"f":2.50})", &pairs));
  ASSERT_EQ(pairs.size(), 3u);
  EXPECT_EQ(pairs[0].first, "z");
  EXPECT_EQ(pairs[1].second, "true");
  EXPECT_EQ(pairs[2].second, "2.50");
  EXPECT_FALSE(reader.Read(R"({"a":1)", &pairs));
  EXPECT_TRUE(pairs.empty());
}

}  // namespace
}  // namespace glp::codec
