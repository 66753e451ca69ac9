#include "codec/json_expressions.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "codec/golden_cases.h"

namespace glp::codec {
namespace {

std::string TextOf(const JsonValue& value) {
  return value.failed ? "!" : value.present ? std::string(value.text) : "-";
}

// The texts, "|" in between; why it is malformed and where.
std::string Extract(std::string_view text, const std::vector<std::string>& expressions,
                    bool as_promtail = false) {
  JsonExpressions extract({as_promtail});
  for (const std::string& expression : expressions) {
    if (Status status = extract.Add(expression); !status.ok()) return status.message();
  }
  std::vector<JsonValue> values;
  if (extract.Extract(text, &values) == JsonExpressions::Kind::kMalformed) {
    return "malformed: " + std::string(extract.error()) + " at " +
           std::to_string(extract.error_offset());
  }
  std::string out;
  for (const JsonValue& value : values) out += (out.empty() ? "" : "|") + TextOf(value);
  return out;
}

TEST(JsonExpressions, AnswerAsPromtail) {
  ForEachGoldenCase("jmespath", [](const GoldenCase& c) {
    JsonExpressions extract({.as_promtail = true});
    const std::string expression = c.Text("expression");
    const std::string error = c.Text("error");
    ASSERT_EQ(extract.Add(expression.empty() ? "v" : expression).ok(), error != "compile")
        << c.json();
    if (error == "compile") return;
    std::vector<JsonValue> values;
    const auto kind = extract.Extract(c.Text("json"), &values);
    ASSERT_EQ(kind == JsonExpressions::Kind::kMalformed, error == "json") << c.json();
    if (error == "json") return;
    EXPECT_EQ(TextOf(values[0]), error == "search"   ? "!"
                                 : c.IsNull("value") ? "-"
                                                     : c.Text("value"))
        << c.json();
  });
}

TEST(JsonExpressions, PlainOnesAndOthersSpellValuesAlike) {
  constexpr std::string_view kText =
      R"({"n":1.50,"big":12345678901234567890,"o": { "x" : "<\u00e9>", "y":[ 1e2 ] },"t":true})";
  for (const char* other : {"t", "[t] | [0]"}) {
    EXPECT_EQ(Extract(kText, {"n", "big", "o", "o.y", other}),
              R"(1.50|12345678901234567890|{"x":"<\u00e9>","y":[1e2]}|[1e2]|true)");
    EXPECT_EQ(Extract(kText, {"n", "big", "o", "o.y", other}, true),
              "1.5|12345678901234567000|{\"x\":\"\\u003c\xC3\xA9\\u003e\",\"y\":[100]}|[100]|true");
  }
}

TEST(JsonExpressions, KeysWithoutQuotesOnlyWhereTheyCanMeanNothingElse) {
  EXPECT_EQ(Extract(R"({"x-y":1,"@timestamp":2,"a":{"x-y":3}})", {"x-y", "@timestamp", "a.x-y"}),
            "1|2|3");
  EXPECT_EQ(Extract(R"({"x-y":1})", {"x-y"}, true),
            "JMESPath 'x-y': character 2: a key that has a '-' in it is quoted: \"a-b\"");
  EXPECT_EQ(Extract("{}", {"a + b"}).substr(0, 19), "JMESPath 'a + b': c");
}

TEST(JsonExpressions, SaysWhatIsMalformed) {
  EXPECT_EQ(Extract("nope", {"a"}), "malformed: expected a value at 0");
  EXPECT_EQ(Extract(R"({"page": 1, fruits": 2})", {"page"}),
            "malformed: expected a key in quotes at 12");
  EXPECT_EQ(Extract(R"({"x":tru,"a":1})", {"a"}), "malformed: expected a value at 5");
  EXPECT_EQ(Extract(R"({"x":{"y":[1 2]},"a":1})", {"a"}), "malformed: expected ',' or ']' at 13");
  EXPECT_EQ(Extract(" [1]", {"a"}), "malformed: expected an object at 1");
  EXPECT_EQ(Extract(R"({"x":1e400,"a":1})", {"a"}), "1");
  EXPECT_EQ(Extract(R"({"x":1e400,"a":1})", {"a"}, true),
            "malformed: a number that is too large at 5");
  EXPECT_EQ(Extract("null", {"a", "'b'"}), "-|b");
}

TEST(JsonExpressions, TakesBytesThatAreNotUtf8AndHalfSurrogates) {
  EXPECT_EQ(Extract("{\"a\":\"x\xFF\",\"b\":1}", {"a", "b"}), "x\xFF|1");
  EXPECT_EQ(Extract(R"({"a":"x\ud800"})", {"a"}), "x\xEF\xBF\xBD");
}

TEST(JsonExpressions, AFailedSearchLeavesOnlyItsOwnValueOut) {
  JsonExpressions extract({});
  for (const char* expression : {"a", "sum(a)", "a[::0]", "b"}) {
    ASSERT_TRUE(extract.Add(expression).ok());
  }
  std::vector<JsonValue> values;
  ASSERT_EQ(extract.Extract(R"({"a":["x"],"b":2})", &values), JsonExpressions::Kind::kObject);
  EXPECT_EQ(values[3].text, "2");
  EXPECT_TRUE(values[1].failed);
  EXPECT_TRUE(values[2].failed);
  EXPECT_EQ(extract.failed_expression(), 1u);
  EXPECT_EQ(extract.failure(), "sum: argument 1: expected an array of numbers, not an array");
  ASSERT_EQ(extract.Extract(R"({"a":[1]})", &values), JsonExpressions::Kind::kObject);
  EXPECT_EQ(extract.failed_expression(), 2u);
}

// The one walk of plain paths and the tree agree on what JSON is and on every text: over JSON that
// was damaged in a thousand ways.
TEST(JsonExpressions, TheFastWalkAgreesWithTheTree) {
  const std::string seeds[] = {
      R"({"a":1.50,"b":{"c":[1,{"d":"x\n\u00e9"},true,null]},"e":"f","a":{"b":2}})",
      R"({"b":{"c":[[],{},"",0,-1.5e-3]},"a\u0062":[ 1 , 2 ],"a":"\ud83d\ude00","x":false} )",
      R"({"a":null,"b":{"c":"\\\"\/"},"e":12345678901234567890,"x":[[[[1]]]],"b":{"c":1}})",
  };
  const std::vector<std::string> paths = {"a", "b", "b.c", "b.c[1]", "b.c[1].d", "e", "ab", "x[0]"};
  constexpr std::string_view kBytes =
      "{}[]\",:\\u0123456789eE+-.truefalsn \t\n\x01\x7F\xFF\xC3\xA9";
  std::mt19937 random(7);
  JsonExpressions fast[] = {JsonExpressions({false}), JsonExpressions({true})};
  JsonExpressions slow[] = {JsonExpressions({false}), JsonExpressions({true})};
  for (int promtail = 0; promtail < 2; ++promtail) {
    for (const std::string& path : paths) {
      ASSERT_TRUE(fast[promtail].Add(path).ok());
      ASSERT_TRUE(slow[promtail].Add(path).ok());
    }
    ASSERT_TRUE(slow[promtail].Add("@ | [@]").ok());  // no plain path: takes the tree
  }
  int objects = 0;
  for (int round = 0; round < 30'000; ++round) {
    std::string text = seeds[round % 3];
    for (int changes = round % 4; changes > 0; --changes) {
      const size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = kBytes[random() % kBytes.size()];
          break;
        case 1:
          text.erase(at, 1 + random() % 3);
          break;
        default:
          text.insert(at, 1, kBytes[random() % kBytes.size()]);
      }
      if (text.empty()) text = " ";
    }
    for (int promtail = 0; promtail < 2; ++promtail) {
      std::vector<JsonValue> a, b;
      const auto kind = fast[promtail].Extract(text, &a);
      ASSERT_EQ(slow[promtail].Extract(text, &b), kind) << text;
      for (size_t i = 0; i < paths.size(); ++i) {
        ASSERT_EQ(TextOf(a[i]), TextOf(b[i])) << text << " " << paths[i];
      }
      objects += kind == JsonExpressions::Kind::kObject;
    }
  }
  EXPECT_GT(objects, 15'000);
}

}  // namespace
}  // namespace glp::codec
