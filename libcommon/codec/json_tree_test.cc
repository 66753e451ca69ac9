#include "codec/json_tree.h"

#include <gtest/gtest.h>

#include <string>

#include "codec/json_number.h"

namespace glp::codec {
namespace {

TEST(JsonTree, SaysWhatIsWrongAndWhere) {
  const struct {
    std::string_view text, what;
    size_t at;
  } cases[] = {
      {"", "expected a value, not the end", 0},
      {"nope", "expected a value", 0},
      {"{", "expected a key in quotes", 1},
      {"{\"a\"}", "expected ':' behind the key", 4},
      {"{\"a\":}", "expected a value", 5},
      {"{\"a\":1", "expected ',' or '}'", 6},
      {"{\"a\":1,}", "expected a key in quotes", 7},
      {"{\"a\":1}x", "expected the end behind the value", 7},
      {"[1 2]", "expected ',' or ']'", 3},
      {"[1}", "expected ',' or ']'", 2},
      {"{\"a\":01}", "not a number as JSON writes it", 5},
      {"{\"a\":-}", "not a number as JSON writes it", 5},
      {"{\"a\":tru}", "expected a value", 5},
      {"{\"a\":\"x}", "a string without its end", 5},
      {"{\"a\":\"x\\", "a string without its end", 5},
      {"{\"a\":\"x\ty\"}", "a control character in a string", 7},
      {"{\"a\":\"x\\qy\"}", "an unknown escape in a string", 7},
      {"{\"a\":\"\\u12\"}", "expected four digits behind \\u", 6},
      {std::string_view("{\"a\":\"\0\"}", 9), "a control character in a string", 6},
      {std::string_view("{\"a\":\"\\\0\"}", 10), "an unknown escape in a string", 6},
  };
  JsonTree tree;
  for (const auto& c : cases) {
    EXPECT_EQ(tree.Parse(c.text), nullptr) << c.text;
    EXPECT_EQ(tree.error(), c.what) << c.text;
    EXPECT_EQ(tree.error_offset(), c.at) << c.text;
  }
}

TEST(JsonTree, ReadsWidely) {
  JsonTree tree;
  const JsonNode* root =
      tree.Parse("{\"a\":\"\xFFx\",\"b\":\"\\ud83d\\ude00 \\ud83d \\ude00\",\"c\":1e400}");
  ASSERT_NE(root, nullptr);
  EXPECT_EQ(root->Find("a")->text, "\xFFx");
  EXPECT_EQ(root->Find("b")->text, "\xF0\x9F\x98\x80 \xEF\xBF\xBD \xEF\xBF\xBD");
  EXPECT_TRUE(tree.has_overflow());
  EXPECT_EQ(tree.error_offset(), 47u);
  ASSERT_NE(tree.Parse("{\"c\":1e-400}"), nullptr);
  EXPECT_FALSE(tree.has_overflow());
}

TEST(JsonTree, OfEqualKeysTheLastCountsInSmallAndLargeObjects) {
  JsonTree tree;
  for (int others : {1, 100}) {
    std::string text = "{\"k\":1";
    for (int i = 0; i < others; ++i) text += ",\"x" + std::to_string(i) + "\":0";
    text += ",\"k\":2,\"k\":3}";
    const JsonNode* root = tree.Parse(text);
    ASSERT_NE(root, nullptr);
    EXPECT_EQ(root->count, 1u + others);
    EXPECT_EQ(root->Find("k")->number, 3);
    std::string out;
    ASSERT_TRUE(AppendJson(*root, JsonForm::kAsWritten, &out));
    EXPECT_EQ(out, text);
  }
}

TEST(JsonTree, DepthAndCountAreBounded) {
  JsonTree tree;
  EXPECT_NE(tree.Parse(std::string(1000, '[') + std::string(1000, ']')), nullptr);
  EXPECT_EQ(tree.Parse(std::string(1001, '[') + std::string(1001, ']')), nullptr);
  EXPECT_EQ(tree.error(), "nested more than 1000 deep");
  EXPECT_EQ(tree.Parse(std::string(3'000'000, '[')), nullptr);
  std::string many = "[0";
  for (int i = 0; i < 2'000'000; ++i) many += ",0";
  EXPECT_EQ(tree.Parse(many + "]"), nullptr);
  EXPECT_EQ(tree.error(), "more than 2000000 values");
  ASSERT_NE(tree.Parse("[1]"), nullptr);
}

TEST(JsonNumber, TextOfFloats) {
  const struct {
    double value;
    const char *fixed, *json;
  } cases[] = {
      {0, "0", "0"},
      {1.5, "1.5", "1.5"},
      {-250, "-250", "-250"},
      {12345678901234567890.0, "12345678901234567000", "12345678901234567000"},
      {1e21, "1000000000000000000000", "1e+21"},
      {0.000001, "0.000001", "0.000001"},
      {1.25e-7, "0.000000125", "1.25e-7"},
      {1e-10, "0.0000000001", "1e-10"},
  };
  for (const auto& c : cases) {
    std::string fixed, json;
    AppendGoFloat(&fixed, c.value);
    AppendGoJsonFloat(&json, c.value);
    EXPECT_EQ(fixed, c.fixed);
    EXPECT_EQ(json, c.json);
  }
  for (const char* same : {"0", "-0", "12", "0.5", "-123456.789", "123456789012345", "100"}) {
    std::string out;
    AppendGoFloat(&out, JsonNumberValue(same));
    EXPECT_EQ(out, same);
    EXPECT_TRUE(IsGoFloatText(same)) << same;
  }
  for (const char* other : {"1.50", "1e3", "1.0", "1234567890123456789"}) {
    EXPECT_FALSE(IsGoFloatText(other)) << other;
  }
  EXPECT_EQ(JsonNumberValue("1e-400"), 0);
}

}  // namespace
}  // namespace glp::codec
