#include "codec/jmespath.h"

#include <gtest/gtest.h>

#include <string>

#include "codec/golden_cases.h"
#include "codec/json_number.h"
#include "codec/json_tree.h"

namespace glp::codec {
namespace {

// The text of the value, "-" for none, "!" and why where there is none because something is wrong.
std::string Search(std::string_view json, std::string_view expression,
                   JsonForm form = JsonForm::kAsWritten,
                   JmesPath::Functions functions = JmesPath::Functions::kChecked) {
  auto path = JmesPath::Compile(expression, functions);
  if (!path.ok()) return "!compile " + path.status().message();
  JsonTree tree;
  const JsonNode* root = tree.Parse(json);
  if (root == nullptr) return "!json " + std::string(tree.error());
  if (form == JsonForm::kGo && tree.has_overflow()) return "!json overflow";
  if (!root->is(JsonNode::Kind::kObject) && !root->is(JsonNode::Kind::kNull)) return "!json type";
  JmesSearch search;
  search.Begin(form, tree.values());
  JsonNode value;
  if (!search.Run(*path, *root, &value)) return "!search " + search.error();
  if (value.is(JsonNode::Kind::kNull)) return "-";
  if (value.is(JsonNode::Kind::kString)) return std::string(value.text);
  std::string out;
  if (value.is(JsonNode::Kind::kNumber) && (form == JsonForm::kGo || value.raw.empty())) {
    AppendGoFloat(&out, value.number);
    return out;
  }
  if (!AppendJson(value, form, &out)) return "!render";
  return out;
}

TEST(JmesPath, AnswersAsPromtail) {
  ForEachGoldenCase("jmespath", [](const GoldenCase& c) {
    std::string expression = c.Text("expression");
    if (expression.empty()) expression = "v";
    const std::string got =
        Search(c.Text("json"), expression, JsonForm::kGo, JmesPath::Functions::kAtRunTime);
    if (c.Has("error")) {
      EXPECT_EQ(got.substr(0, 1 + c.Text("error").size()), "!" + c.Text("error"))
          << c.json() << got;
    } else {
      EXPECT_EQ(got, c.IsNull("value") ? "-" : c.Text("value")) << c.json();
    }
  });
}

struct Case {
  const char *json, *expression, *want;
};

TEST(JmesPath, Searches) {
  const Case cases[] = {
      // Numbers, arrays and objects keep their text where they are only moved.
      {R"({"a":1.50})", "a", "1.50"},
      {R"({"a":1.50})", "[a, {b: a}]", R"([1.50,{"b":1.50}])"},
      {R"({"a":[ 1.0, "\u00e9" ]})", "a || b", R"([1.0,"\u00e9"])"},
      {R"({"a":[ 1.0, "\u00e9" ]})", "a[1]", "\xC3\xA9"},
      {R"({"a":12345678901234567890})", "to_string(a)", "12345678901234567890"},
      {R"({"a":"12.50"})", "to_number(a)", "12.5"},
      {R"({"a":"+5"})", "to_number(a)", "5"},
      {R"({"a":"5x"})", "to_number(a)", "-"},
      {R"({"a":1e400})", "a > `1`", "true"},
      {R"({"a":[0,1,2,3,4]})", "a[-2]", "3"},
      {R"({"a":[0,1,2,3,4]})", "a[-9]", "-"},
      {R"({"a":[0,1,2,3,4]})", "a[-2:]", "[3,4]"},
      {R"({"a":[0,1,2,3,4]})", "a[:-3]", "[0,1]"},
      {R"({"a":[0,1,2,3,4]})", "a[4:0:-2]", "[4,2]"},
      {R"({"a":[0,1,2,3,4]})", "a[::2]", "[0,2,4]"},
      {R"({"a":[0,1,2,3,4]})", "a[99:-99:-9223372036854775808]", "[4]"},
      {R"({"a":[0,1,2,3,4]})", "a[-99:99:9223372036854775807]", "[0]"},
      {R"({"a":{"x":{"k":1},"y":{"k":2},"z":3}})", "a.*.k", "[1,2]"},
      {R"({"a":{"x":{"k":1},"y":{"k":2},"z":3}})", "*.x.k", "[1]"},
      {R"({"a":{"x":{"k":1},"y":{"k":2},"z":3}})", "a.* | [0].k", "1"},
      {R"({"a":[{"b":[1,2]},{"b":[3]},{"c":0}]})", "a[].b[]", "[1,2,3]"},
      {R"({"a":[{"b":[1,2]},{"b":[3]},{"c":0}]})", "a[*].b[0]", "[1,3]"},
      {R"({"a":[{"b":[1,2]},{"b":[3]},{"c":0}]})", "a[?b].b | [0]", "[1,2]"},
      {R"({"a":[{"b":[1,2]},{"b":[3]},{"c":0}]})", "length(a[?!b])", "1"},
      {R"({"a":[{"b":1},{"b":2}]})", "a[?b >= `2` || b == `0`][]", R"([{"b":2}])"},
      {R"({"a":[{"b":1},{"b":2}]})", "a[*].{x: b, y: 'z'}", R"([{"x":1,"y":"z"},{"x":2,"y":"z"}])"},
      {R"({"a":1})", "{x: a, x: `2`}", R"({"x":2})"},
      {R"({"a":null,"b":""})", "a || b || 'c'", "c"},
      {R"({"a":0})", "a || 'c'", "0"},
      {R"({"a":[],"b":{}})", "!a && !b", "true"},
      {R"({"a":1,"b":2})", "a == `1` && b == `2` | !@", "false"},
      {R"({"a":1,"b":2})", "(a < b) && (b <= `2`) && a != b", "true"},
      {R"({"a":"1"})", "a < `2`", "-"},
      {R"({"a":{"x":1,"y":[2]},"b":{"y":[2.0],"x":1}})", "a == b", "true"},
      {R"({"a":{"x":1},"b":{"y":1}})", "a == b", "false"},
      {R"({"a\"b":{"c d":1}})", R"("a\"b"."c d")", "1"},
      {R"({"it's":1})", R"('it\'s')", "it's"},
      {R"({"a":1})", R"('a\nb')", R"(a\nb)"},
      {R"({"a":1})", R"(`"a\nb"`)", "a\nb"},
      {R"({"a":1})", R"(`"a\`b"`)", "a`b"},
      {R"({"a":1})", "`[1, 2]`[1]", "2"},
      {R"({"a":1,"a":{"b":2}})", "a.b", "2"},
      {R"({"a":1})", "@", R"({"a":1})"},
      // Functions.
      {R"({"a":[3,1,2]})", "sort(a)", "[1,2,3]"},
      {R"({"a":["b","a"]})", "sort(a)", R"(["a","b"])"},
      {R"({"a":[3,1,2]})", "max(a)", "3"},
      {R"({"a":["b","a"]})", "min(a)", "a"},
      {R"({"a":[]})", "max(a)", "-"},
      {R"({"a":[{"k":"y","v":2},{"k":"x","v":2},{"k":"z","v":1}]})", "sort_by(a, &v)[].k",
       R"(["z","y","x"])"},
      {R"({"a":[{"k":"y","v":2},{"k":"x","v":2},{"k":"z","v":1}]})", "max_by(a, &k).v", "1"},
      {R"({"a":[{"k":"y","v":2},{"k":"x"}]})", "max_by(a, &v)",
       "!search max_by: what it compares must be numbers or texts throughout"},
      {R"({"a":[{"k":1},{"k":null}]})", "map(&k, a)", "[1,null]"},
      {R"({"a":{"x":1,"y":2}})", "keys(a)", R"(["x","y"])"},
      {R"({"a":{"x":1,"y":2}})", "values(a)", "[1,2]"},
      {R"({"a":{"x":1,"y":2},"b":{"y":3}})", "merge(a, b)", R"({"x":1,"y":3})"},
      {R"({"a":"h\u00e9","b":{"x":1}})", "[length(a), length(b), length(@)]", "[2,1,2]"},
      {R"({"a":"x"})", "to_array(a)", R"(["x"])"},
      {R"({"a":[[1],{"k":1}]})", "contains(a, `{\"k\":1}`)", "true"},
      {R"({"a":"text"})", "contains(a, 'ex')", "true"},
      {R"({"a":"text"})", "contains(a, `1`)", "false"},
      {R"({"a":-1.5})", "[abs(a), ceil(a), floor(a)]", "[1.5,-1,-2]"},
      {R"({"a":[1,"2"]})", "sum(a)",
       "!search sum: argument 1: expected an array of numbers, not an array"},
      {R"({"a":1})", "length(b)",
       "!search length: argument 1: expected a text or an array or an object, not null"},
  };
  for (const Case& c : cases) EXPECT_EQ(Search(c.json, c.expression), c.want) << c.expression;
}

TEST(JmesPath, GoFormOfWhatIsMade) {
  const Case cases[] = {
      {R"({"a":{"b":"<x>","a":1.50}})", "to_string(a)", R"({"a":1.5,"b":"\u003cx\u003e"})"},
      {R"({"a":{"b":"<x>","a":1.50}})", "a", R"({"b":"\u003cx\u003e","a":1.5})"},
      {R"({"a":[1e21,1e-7,0.000001,-0,"\u2028"]})", "a", R"([1e+21,1e-7,0.000001,-0,"\u2028"])"},
      {R"({"a":1e21})", "a", "1000000000000000000000"},
      {R"({"a":1e-7})", "a", "0.0000001"},
      {"{\"a\":[\"\xFF\"]}", "a", "[\"\\ufffd\"]"},
      {R"({"a":[]})", "[avg(a)]", "!render"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Search(c.json, c.expression, JsonForm::kGo), c.want) << c.expression;
  }
}

TEST(JmesPath, SaysWhereAnExpressionIsWrong) {
  const char* const cases[][2] = {
      {"",
       "character 1: expected a key, '[', '{', '@', a literal or a function; here the "
       "expression ends"},
      {"3##@$#33", "character 2: '#' has no meaning here; a key that has it is quoted: \"a key\""},
      {"a.", "character 3: expected a key, '*', '[' or '{' behind '.'; here the expression ends"},
      {"a..b", "character 3: expected a key, '*', '[' or '{' behind '.', not '.'"},
      {"a b", "character 3: expected the end, '.', '[', '|' or a comparison, not 'b'"},
      {"a-1", "character 2: expected the end; a key with a '-' in it is quoted: \"a-1\", not '-1'"},
      {"o-p", "character 2: a key that has a '-' in it is quoted: \"a-b\""},
      {"a[", "character 3: expected '*', a number or a slice behind '['; here the expression ends"},
      {"a[0", "character 4: expected ']'; here the expression ends"},
      {"a[1:2:3:4]", "character 8: expected ']', as in [start:stop:step], not ':'"},
      {"a[99999999999999999999]", "character 3: the number does not fit 64 bits"},
      {"a = b", "character 3: '=' does not stand alone; to compare write '=='"},
      {"\"a", "character 1: \" without its end"},
      {"'a", "character 1: ' without its end"},
      {"\"\\q\"", "character 2: a quoted key is a JSON string; an unknown escape in a string"},
      {"`bad`",
       "character 1: between backquotes stands JSON, a text as `\"text\"` or 'text': "
       "expected a value"},
      {"lenght(a)", "character 1: there is no function 'lenght'; did you mean 'length'?"},
      {"length(a, b)", "character 1: length takes 1 argument, not 2"},
      {"not_null()", "character 1: not_null takes at least 1 argument, not 0"},
      {"length(a", "character 9: expected ',' or ')'; here the expression ends"},
      {"@(a)", "character 2: expected the name of a function in front of '('"},
      {"\"length\"(a)", "character 9: the name of a function is not quoted, not '('"},
      {"&a",
       "character 1: '&' stands in front of what a function calls, as in "
       "sort_by(list, &key)"},
      {"{a: b", "character 6: expected ',' or '}'; here the expression ends"},
      {"[a b]", "character 4: expected ',' or ']', not 'b'"},
      {"\xC3\xA9.a",
       "character 1: '\xC3\xA9' has no meaning here; a key that has it is quoted: "
       "\"a key\""},
      {"'\xC3\xA9' a", "character 5: expected the end, '.', '[', '|' or a comparison, not 'a'"},
  };
  for (const auto& [expression, want] : cases) {
    auto path = JmesPath::Compile(expression);
    ASSERT_FALSE(path.ok()) << expression;
    EXPECT_EQ(path.status().code(), Code::kUsage);
    EXPECT_EQ(path.status().message(), "JMESPath '" + std::string(expression) + "': " + want);
  }
}

TEST(JmesPath, KnowsPlainPaths) {
  for (const char* plain : {"a", "a.b", "a.\"b c\"[0].d", "a | b", "@.a", "[3]", "(a).b"}) {
    auto path = JmesPath::Compile(plain);
    ASSERT_TRUE(path.ok()) << plain;
    EXPECT_TRUE(path->plain()) << plain;
  }
  for (const char* other : {"@", "a[-1]", "a[*]", "a[]", "a || b", "'a'", "a[0:1]", "length(a)"}) {
    auto path = JmesPath::Compile(other);
    ASSERT_TRUE(path.ok()) << other;
    EXPECT_FALSE(path->plain()) << other;
  }
}

std::string Repeat(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

TEST(JmesPath, LimitsOfExpressions) {
  const auto error = [](const std::string& expression) {
    auto path = JmesPath::Compile(expression);
    return path.ok() ? std::string("ok") : path.status().message();
  };
  EXPECT_EQ(error("a" + Repeat(".a", 400)), "ok");
  EXPECT_NE(error("a" + Repeat(".a", 600)).find("more than 500 steps"), std::string::npos);
  EXPECT_EQ(error(Repeat("(", 100) + "a" + Repeat(")", 100)), "ok");
  for (const char* open : {"(", "!", "[", "{a:", "f(", "a[?"}) {
    EXPECT_NE(error(Repeat(open, 300)).find("nested more than 200 deep"), std::string::npos)
        << open;
  }
  EXPECT_NE(error(Repeat("a ", 40'000)).find("at most 65536"), std::string::npos);
}

TEST(JmesPath, WorkIsInProportionToTheText) {
  // Each step doubles what was there.
  EXPECT_EQ(Search(R"({"a":[1]})", "a" + Repeat(" | [@, @][]", 60)),
            "!search the expression makes too much of this text");
  // Nodes are shared, so this is cheap until it is written.
  EXPECT_EQ(Search(R"({"a":"0123456789"})", "a" + Repeat(" | [@, @]", 60)), "!render");
}

}  // namespace
}  // namespace glp::codec
