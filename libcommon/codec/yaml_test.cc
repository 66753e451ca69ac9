#include "codec/yaml.h"

#include <gtest/gtest.h>

namespace glp::codec {
namespace {

std::string ErrorOf(std::string_view text) {
  auto node = ParseYaml(text, "f.yml");
  return node.ok() ? "" : node.status().message();
}

// The tree as text: every value with its place.
std::string Dump(const YamlNode& node) {
  std::string place = "@" + std::to_string(node.line) + ":" + std::to_string(node.column);
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "null";
    case YamlNode::Kind::kScalar:
      return (node.quoted ? "'" + node.text + "'" : node.text) + place;
    case YamlNode::Kind::kList:
    case YamlNode::Kind::kMap:
      break;
  }
  bool map = node.kind == YamlNode::Kind::kMap;
  std::string out = map ? "{" : "[";
  for (size_t i = 0; i < node.items.size(); ++i) {
    if (i > 0) out += " ";
    if (map) out += node.keys[i].text + ":";
    out += Dump(node.items[i]);
  }
  return out + (map ? "}" : "]") + place;
}

TEST(Yaml, TreesKnowWhereTheirValuesStand) {
  struct Case {
    std::string text, tree;
  };
  for (const Case& c : std::vector<Case>{
           {"", "null"},
           {"# nothing\n", "null"},
           {"a: 1\nb:\n  - x\n  - 'y'\n", "{a:1@1:4 b:[x@3:5 'y'@4:5]@3:3}@1:1"},
           {"a: {b: [c, \"d\"]}\n", "{a:{b:[c@1:9 'd'@1:12]@1:8}@1:4}@1:1"},
           {"a:\nb: ~\n", "{a:null b:null}@1:1"},
           {"a: |\n  x\n  y\n", "{a:'x\ny\n'@1:4}@1:1"},
           {"a: >-\n  x\n  y\n", "{a:'x y'@1:4}@1:1"},
           {"a: &x {p: 1}\nb: *x\n", "{a:{p:1@1:11}@1:4 b:{p:1@1:11}@1:4}@1:1"},
           {"a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  p: 3\n",
            "{a:{p:1@1:11 q:2@1:17}@1:4 b:{p:3@4:6 q:2@1:17}@3:3}@1:1"},
           {"a: !!str 5\n", "{a:'5'@1:4}@1:1"},
       }) {
    auto node = ParseYaml(c.text, "f.yml");
    ASSERT_TRUE(node.ok()) << c.text << node.status().message();
    EXPECT_EQ(Dump(*node), c.tree) << c.text;
  }
}

TEST(Yaml, LinesOfATextThatIsNotTheFilesOwnAreTranslated) {
  auto node = ParseYaml("a: 1\nb: 2\n", "f.yml", {7, 9});
  ASSERT_TRUE(node.ok());
  EXPECT_EQ(Dump(*node), "{a:1@7:4 b:2@9:4}@7:1");
}

TEST(Yaml, WhatIsRefusedNamesItsPlace) {
  struct Case {
    std::string text, error;
  };
  for (const Case& c : std::vector<Case>{
           {"a: 1\na: 2\n", "f.yml:2:1: the key 'a' is given twice, first in line 1"},
           {"a: 1\n---\nb: 1\n", "one document only is read"},
           {"a: !!binary aGk=\n", "f.yml:1:4: the tag"},
           {"? [a]\n: b\n",
            "f.yml:1:3: a key must be a name, no list or mapping; a ] or } may be missing"},
           {"a: [1, 2\nb: 3\n", "f.yml:2:"},
           {"a: &x [*x]\n", "f.yml:1:8: "},
           {"a: 1\nb: \xff\n", "f.yml:2:1: this line is not UTF-8"},
           {"a:\n  <<: 5\n", "'<<' takes a mapping"},
       }) {
    EXPECT_NE(ErrorOf(c.text).find(c.error), std::string::npos) << c.text << ErrorOf(c.text);
  }
}

TEST(Yaml, AliasesDoNotBlowUp) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    std::string last = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) text += (k > 0 ? ", " : "") + last;
    text += "]\n";
  }
  EXPECT_NE(ErrorOf(text).find("too many values"), std::string::npos);
  EXPECT_NE(ErrorOf(std::string(200, '[')), "");
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += std::string(i, ' ') + "a:\n";
  EXPECT_NE(ErrorOf(deep).find("nested too deep"), std::string::npos);
}

struct Settings {
  Given<std::string> text;
  Given<bool> flag;
  Given<int64_t> count, time_ns, bytes;
  Given<std::vector<std::string>> list;
  Given<std::map<std::string, std::string>> map;
};

Status Read(std::string_view text, Settings* s) {
  auto node = ParseYaml(text, "f.yml");
  if (!node.ok()) return node.status();
  YamlErrors errors("f.yml");
  YamlMap map(*node, "", &errors);
  map.Text("text", &s->text);
  map.Bool("flag", &s->flag);
  map.Int("count", &s->count);
  map.DurationNs("time", &s->time_ns);
  map.Bytes("bytes", &s->bytes);
  map.Map("below", [&](YamlMap& below) {
    below.Texts("list", &s->list);
    below.TextMap("map", &s->map);
  });
  map.Finish();
  return errors.first();
}

TEST(YamlMap, ReadsGosTypes) {
  Settings s;
  Status status = Read(
      "text: 5\nflag: on\ncount: 1_000\ntime: 1h30m\nbytes: 256kb\n"
      "below:\n  list: [a, true]\n  map: {x: 1, y: }\n",
      &s);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(s.text.value, "5");
  EXPECT_TRUE(s.flag.value);
  EXPECT_EQ(s.count.value, 1000);
  EXPECT_EQ(s.time_ns.value, 5'400'000'000'000);
  EXPECT_EQ(s.bytes.value, 262144);
  EXPECT_EQ(s.list.value, (std::vector<std::string>{"a", "true"}));
  EXPECT_EQ(s.map.value, (std::map<std::string, std::string>{{"x", "1"}, {"y", ""}}));
  EXPECT_EQ(s.time_ns.line, 4);
  EXPECT_EQ(s.time_ns.column, 7);
}

TEST(YamlMap, WhatIsNotThereKeepsItsDefault) {
  Settings s;
  s.count = 7;
  ASSERT_TRUE(Read("count:\nbelow: ~\n", &s).ok());
  EXPECT_EQ(s.count.value, 7);
  EXPECT_FALSE(s.count);
}

TEST(YamlMap, ErrorsNameThePlaceAndWhatWasExpected) {
  struct Case {
    std::string text, error;
  };
  for (const Case& c : std::vector<Case>{
           {"texd: a\n", "f.yml:1:1: unknown key 'texd'; did you mean 'text'?"},
           {"below:\n  list: []\n  mop: 3\n",
            "f.yml:3:3: unknown key 'mop' in below; did you mean 'map'?"},
           {"below:\n  zzzzzzzz: 3\n",
            "f.yml:2:3: unknown key 'zzzzzzzz' in below; it takes list, map"},
           {"text: [a]\n", "f.yml:1:7: text: expected a text, not a list"},
           {"flag: 1\n", "f.yml:1:7: flag: expected true or false, not '1'"},
           {"flag: 'true'\n", "f.yml:1:7: flag: expected true or false, not 'true' in quotes"},
           {"count: 1.5\n", "f.yml:1:8: count: expected a whole number, not '1.5'"},
           {"count: 010\n", "f.yml:1:8: count: expected a whole number, not '010'"},
           {"time: 5\n", "f.yml:1:7: time: expected a duration with its unit"},
           {"time: -5s\n", "f.yml:1:7: time: expected a duration with its unit"},
           {"bytes: 5 apples\n", "f.yml:1:8: bytes: expected a number of bytes"},
           {"bytes: 9999999999999TB\n", "f.yml:1:8: bytes: expected a number of bytes"},
           {"below: 5\n", "f.yml:1:8: below: expected a mapping (key: value), not a value"},
           {"below: {list: [[a]]}\n", "f.yml:1:16: list: expected a text as item, not a list"},
           {"- a\n", "f.yml:1:1: "},
       }) {
    Settings s;
    Status status = Read(c.text, &s);
    EXPECT_EQ(status.message().substr(0, c.error.size()), c.error) << c.text << status.message();
  }
}

TEST(YamlMap, UnknownKeysMayBeWarnings) {
  auto node = ParseYaml("tetx: a\nb: c\n", "f.yml");
  ASSERT_TRUE(node.ok());
  YamlErrors errors("f.yml");
  errors.set_unknown_keys_pass(true);
  Given<std::string> text;
  YamlMap map(*node, "", &errors);
  map.Text("text", &text);
  map.Finish();
  EXPECT_TRUE(errors.first().ok());
  EXPECT_EQ(errors.warnings(), (std::vector<std::string>{
                                   "f.yml:1:1: unknown key 'tetx'; did you mean 'text'?",
                                   "f.yml:2:1: unknown key 'b'; it takes text",
                               }));
}

}  // namespace
}  // namespace glp::codec
