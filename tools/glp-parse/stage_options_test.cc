#include "stage_options.h"

#include <gtest/gtest.h>

#include "explain.h"
#include "stage_list.h"
#include "yaml_text.h"

namespace glp::parse {
namespace {

using codec::YamlNode;

YamlNode Parse(std::string_view yaml) {
  auto node = codec::ParseYaml(yaml, "t.yml");
  EXPECT_TRUE(node.ok()) << node.status().message();
  return node.ok() ? *node : YamlNode();
}

const StageOption& Option(std::string_view name) {
  for (const StageOption& option : StageOptions()) {
    if (option.name == name) return option;
  }
  ADD_FAILURE() << "no option " << name;
  return StageOptions()[0];
}

TEST(YamlText, IsReadAsTheSameTree) {
  for (const char* yaml : {"a",
                           "''",
                           "'a: b'",
                           "\"a\\nb\\t\\x01\\\"\\\\\"",
                           "{a: b, c: {d: [1, '2', null]}}",
                           "[]",
                           "{}",
                           "-5",
                           "'-'",
                           "'it''s'",
                           "{'a b': , '': x, 'null': 'null'}",
                           "'#a'",
                           "'{{ .a }}'",
                           "'é ☃'",
                           "yes",
                           "'yes'",
                           "[~, null, 'null', 'Null']",
                           "a: |\n  two\n  lines\n",
                           "'%a'",
                           "'@a'",
                           "'*'",
                           "'a,b'",
                           "'[x]'",
                           "'? a'",
                           "' a '",
                           "'a #b'"}) {
    const YamlNode node = Parse(yaml);
    const std::string text = YamlText(node);
    EXPECT_EQ(text.find('\n'), std::string::npos);
    const YamlNode again = Parse("x: " + text);
    ASSERT_EQ(again.items.size(), 1u) << text;
    EXPECT_TRUE(SameYaml(node, again.items[0])) << yaml << " became " << text;
    if (node.quoted && !node.text.empty()) {
      EXPECT_TRUE(again.items[0].quoted) << text;
    }
  }
}

TEST(YamlText, NumbersStayNumbersAndTextsTexts) {
  for (const char* yaml : {"-5", "0.5", "1e3", "yes", "'yes'", "'5'", "null", "a-b.c/d"}) {
    EXPECT_EQ(YamlText(Parse(yaml)), yaml);
  }
}

TEST(YamlText, SameYamlTakesNothingForNothing) {
  EXPECT_TRUE(SameYaml(Parse("{a: , b: 'c'}"), Parse("{b: c, a: ''}")));
  EXPECT_TRUE(SameYaml(Parse("{}"), Parse("")));
  EXPECT_FALSE(SameYaml(Parse("{a: b}"), Parse("{a: c}")));
  EXPECT_FALSE(SameYaml(Parse("{a: b}"), Parse("{a: b, c: d}")));
  EXPECT_FALSE(SameYaml(Parse("[a, b]"), Parse("[b, a]")));
  EXPECT_FALSE(SameYaml(Parse("[a]"), Parse("a")));
}

TEST(ShellWord, IsOneWordForSh) {
  EXPECT_EQ(ShellWord("a=b,c"), "a=b,c");
  EXPECT_EQ(ShellWord(""), "''");
  EXPECT_EQ(ShellWord("a b"), "'a b'");
  EXPECT_EQ(ShellWord("it's $x `y`"), "'it'\\''s $x `y`'");
  EXPECT_EQ(ShellWord("~"), "'~'");
  EXPECT_EQ(ShellWord("{a,b}"), "'{a,b}'");
}

TEST(StageOptions, ValuesAsYaml) {
  const struct {
    const char *option, *value, *yaml;
  } kCases[] = {
      {"--json", "level,user=a.b", "{expressions: {level: , user: a.b}}"},
      {"--json", R"(a=x[?y=='1,2'],b="k,l",c=f(a, b))",
       R"({expressions: {a: 'x[?y==''1,2'']', b: '"k,l"', c: 'f(a, b)'}})"},
      {"--json", "\"a key\"", R"({expressions: {a key: '"a key"'}})"},
      {"--logfmt", " a , b=c", "{mapping: {a: , b: c}}"},
      {"--regex", "(?P<a>,=)", "{expression: '(?P<a>,=)'}"},
      {"--timestamp", "t=2006=01", "{source: t, format: 2006=01}"},
      {"--template", "a={{ .b }}=", "{source: a, template: '{{ .b }}='}"},
      {"--labels", "a,b=c", "{a: , b: c}"},
      {"--static-labels", "a=b=c,d=", "{a: b=c, d: ''}"},
      {"--labeldrop", "a, b", "[a, b]"},
      {"--pack", "a", "{labels: [a]}"},
      {"--drop-field", "a", "{source: a}"},
      {"--drop-field", "a,b", "{source: [a, b]}"},
      {"--drop-field", "a=b,c=", "{source: a, value: 'b,c='}"},
      {"--limit", "2.5", "{rate: 2.5, burst: 3}"},
      {"--limit", "2:9", "{rate: 2, burst: 9}"},
      {"--tenant", "a", "{source: a}"},
      {"--tenant", "value=a", "{value: a}"},
      {"--docker", "", "{}"},
      {"--csv-header", "", "{header: true}"},
      {"--match-drop", "{a=\"b\"}", "{selector: '{a=\"b\"}', action: drop}"},
  };
  for (const auto& c : kCases) {
    auto config = ReadStageOption(Option(c.option), c.value);
    ASSERT_TRUE(config.ok()) << c.option << " " << config.status().message();
    EXPECT_TRUE(SameYaml(*config, Parse(c.yaml)))
        << c.option << " " << c.value << " gave " << YamlText(*config);
  }
}

TEST(StageOptions, EveryOptionIsSaidByItself) {
  for (const StageOption& option : StageOptions()) {
    std::string value = option.value_name.empty() ? "" : "a";
    if (option.form == StageOption::Form::kFieldText) value = "a=b";
    if (option.form == StageOption::Form::kTopTexts) value = "a=b";
    if (option.form == StageOption::Form::kRate) value = "5:6";
    if (option.form == StageOption::Form::kYaml) value = "{a: {type: Counter}}";
    auto config = ReadStageOption(option, value);
    ASSERT_TRUE(config.ok()) << option.name << ": " << config.status().message();
    auto words = OptionWords(option.stage, *config);
    ASSERT_TRUE(words.has_value()) << option.name;
    std::vector<std::string> expected = {std::string(option.name)};
    if (!option.value_name.empty()) expected.push_back(value);
    EXPECT_EQ(*words, expected);
  }
}

TEST(StageOptions, WordsOfAConfiguration) {
  using Words = std::vector<std::string>;
  const struct {
    const char *stage, *yaml;
    Words words;
  } kCases[] = {
      {"json",
       "{expressions: {a: b.c}, source: d, drop_malformed: true}",
       {"--json", "a=b.c", "--source", "d", "--with", "drop_malformed=true"}},
      {"timestamp",
       "{source: t, format: Unix, fallback_formats: [RFC3339, UnixMs]}",
       {"--timestamp", "t=Unix", "--fallback", "RFC3339", "--fallback", "UnixMs"}},
      {"drop",
       "{expression: a, source: [b, c], separator: '-'}",
       {"--drop", "a", "--with", "source=[b, c]", "--with", "separator='-'"}},
      {"drop",
       "{source: b, value: c, drop_counter_reason: why}",
       {"--drop-field", "b=c", "--reason", "why"}},
      {"limit",
       "{rate: 1, burst: 1, by_label_name: a, drop: true}",
       {"--limit", "1:1", "--with", "by_label_name=a", "--with", "drop=true"}},
      {"non_indexed_labels", "{a: b}", {"--structured-metadata", "a=b"}},
      {"labels", "{'a,b': c}", {}},                // no option says it
      {"json", "{expressions: [a]}", {}},          // nor what is wrong
      {"regex", "{expression: a, source: }", {}},  // nor a key with nothing behind it
  };
  for (const auto& c : kCases) {
    auto words = OptionWords(c.stage, Parse(c.yaml));
    EXPECT_EQ(words.value_or(Words()), c.words) << c.stage << " " << c.yaml;
  }
}

TEST(StageOptions, Mistakes) {
  for (const auto& [option, value] : {std::pair{"--json", ""},
                                      {"--json", "a="},
                                      {"--json", "=a"},
                                      {"--json", "a,a"},
                                      {"--labels", ","},
                                      {"--static-labels", "a"},
                                      {"--timestamp", "a"},
                                      {"--timestamp", "=b"},
                                      {"--regex", ""},
                                      {"--limit", "x"},
                                      {"--limit", "-1"},
                                      {"--limit", "nan"},
                                      {"--limit", "inf"},
                                      {"--labeldrop", "a,,b"},
                                      {"--tenant", ""},
                                      {"--metrics-stage", "{"}}) {
    EXPECT_FALSE(ReadStageOption(Option(option), value).ok()) << option << " " << value;
  }
}

std::string Explained(std::string_view yaml, bool as_promtail = false,
                      const std::set<std::string>& labels = {}) {
  return ExplainPipe(Parse(yaml), as_promtail, labels);
}

size_t Processes(const std::string& pipe) {
  size_t count = 0;
  for (size_t at = pipe.find("glp-parse"); at != std::string::npos;
       at = pipe.find("glp-parse", at + 1)) {
    ++count;
  }
  return count;
}

TEST(Explain, PartsWhatCanBeParted) {
  EXPECT_EQ(Explained("[]"), "glp-parse -e '[]'\n");
  EXPECT_EQ(Explained("[docker: , json: {expressions: {a: }}]").substr(0, 9), "glp-parse");
  EXPECT_EQ(Explained("- docker:\n- json: {expressions: {a: }}\n- labels: {a: }"),
            "glp-parse --docker |\n  glp-parse --json a |\n  glp-parse --labels a\n");
  EXPECT_EQ(Explained("- match: {selector: '{a=\"b\"}', stages: [{cri: }, {labels: {'x,y': z}}]}"),
            "glp-parse -e '{match: {selector: '\\''{a=\"b\"}'\\'', stages: [{cri:}, {labels: "
            "{'\\''x,y'\\'': z}}]}}'\n");
}

TEST(Explain, KeepsTogetherWhatCannotBeParted) {
  const struct {
    const char* yaml;
    bool as_promtail;
    size_t processes;
  } kCases[] = {
      // A label that was changed, made of another field, or taken away is asked for.
      {"- static_labels: {a: x}\n- output: {source: a}", false, 1},
      {"- labels: {a: b}\n- output: {source: a}", false, 1},
      {"- labels: {a: }\n- output: {source: a}", false, 2},
      {"- labeldrop: [a]\n- output: {source: a}", false, 1},
      {"- labelallow: [a]\n- output: {source: a}", false, 2},
      {"- labelallow: [b]\n- output: {source: a}", false, 1},
      {"- structured_metadata: {m: a}\n- output: {source: a}", false, 1},
      {"- structured_metadata: {m: a}\n- output: {source: m}", false, 2},
      {"- docker:\n- labels: {s: stream}", false, 1},
      {"- static_labels: {a: x}\n- docker:\n- regex: {expression: x, source: a}\n- cri:", false, 2},
      // By a template.
      {"- static_labels: {a: x}\n- template: {source: b, template: '{{ .a }}'}", false, 1},
      {"- static_labels: {a: x}\n- template: {source: b, template: '{{ .c }} a'}", false, 2},
      {"- static_labels: {a: x}\n- template: {source: b, template: '{{ . }}'}", false, 1},
      {"- static_labels: {a: x}\n- template: {source: b, template: '{{ $v := .c }}{{ $v }}'}",
       false, 2},
      {"- labels: {a: }\n- template: {source: a, template: ''}\n- output: {source: a}", false, 1},
      // What only one stage knows.
      {"- docker:\n- pack: {labels: [a]}", false, 2},
      {"- docker:\n- pack: {labels: [a]}", true, 1},
      {"- docker:\n- output: {source: output}", true, 1},
      {"- docker:\n- replace: {expression: (a)}", true, 1},
      {"- docker:\n- replace: {expression: (a), source: b}", true, 2},
      // A null.
      {"- json: {expressions: {job: }}\n- labels: {x: job}", false, 1},
      {"- json: {expressions: {a: }}\n- drop: {source: a}", false, 1},
      {"- json: {expressions: {a: }}\n- drop: {source: a, value: b}", false, 2},
      // A block reads and writes what its stages do.
      {"- match: {selector: '{}', stages: [{static_labels: {a: b}}]}\n- output: {source: a}", false,
       1},
      {"- static_labels: {a: b}\n- match: {selector: '{}', stages: [{output: {source: a}}]}", false,
       1},
      {"- match: {selector: '{}', stages: [{cri: }]}\n- output: {source: a}", false, 2},
  };
  for (const auto& c : kCases) {
    const std::string pipe = Explained(c.yaml, c.as_promtail);
    EXPECT_EQ(Processes(pipe), c.processes) << pipe;
    EXPECT_EQ(pipe.find("# in one process: ") != std::string::npos,
              Parse(c.yaml).items.size() != c.processes)
        << pipe;
  }
  const char* yaml = "- json: {expressions: {a: }}\n- labels: {x: a}";
  EXPECT_EQ(Processes(Explained(yaml)), 2u);
  EXPECT_EQ(Processes(Explained(yaml, false, {"a"})), 1u);
}

}  // namespace
}  // namespace glp::parse
