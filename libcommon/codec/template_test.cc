#include "codec/template.h"

#include <gtest/gtest.h>

#include <map>

#include "base/strings.h"
#include "codec/golden_cases.h"
#include "codec/json_number.h"

namespace glp::codec {
namespace {

class MapData : public TemplateData {
 public:
  std::optional<std::string_view> Get(std::string_view name) const override {
    auto at = fields.find(name);
    if (at == fields.end()) return std::nullopt;
    return at->second;
  }
  std::vector<std::pair<std::string_view, std::string_view>> All() const override {
    return {fields.begin(), fields.end()};
  }

  std::map<std::string, std::string, std::less<>> fields;
};

constexpr int64_t kNowNs = 1'700'000'000'123'456'789;

// What a template makes of the data; the error in its place.
std::string Made(std::string_view text, TemplateDialect dialect, const MapData& data,
                 TemplateLimits limits = TemplateLimits()) {
  auto compiled = Template::Compile(text, dialect, limits);
  if (!compiled.ok()) return "compile: " + compiled.status().message();
  std::string out = "before";
  Status status = compiled->Execute(
      {.data = data, .line = "the line", .ts_ns = kNowNs, .now_ns = kNowNs}, &out);
  if (!status.ok()) {
    EXPECT_EQ(out, "before");
    return "run: " + status.message();
  }
  EXPECT_EQ(out.substr(0, 6), "before");
  return out.substr(6);
}

TEST(Template, AnswersAsLoki) {
  ForEachGoldenCase("template", [](const GoldenCase& c) {
    MapData data;
    for (auto [name, value] : simdjson::dom::object(c["labels"])) {
      data.fields[std::string(name)] = std::string(std::string_view(value));
    }
    std::string line = c.Text("line");
    int64_t ts_ns = *ParseInt64(c.Text("ts"));
    auto compiled = Template::Compile(c.Text("template"), TemplateDialect::kLoki);
    std::string error = c.Text("error");
    if (!compiled.ok()) {
      EXPECT_EQ(error, "parse") << compiled.status().message() << "\n" << c.json();
      return;
    }
    EXPECT_NE(error, "parse") << c.json();
    std::string out;
    Status status =
        compiled->Execute({.data = data, .line = line, .ts_ns = ts_ns, .now_ns = kNowNs}, &out);
    EXPECT_EQ(status.ok(), error.empty()) << status.message() << "\n" << c.json();
    if (status.ok() && error.empty()) {
      EXPECT_EQ(out, c.Text("output")) << c.json();
    }
  });
}

// What promtail's template stage hands to a template: the extracted values as texts.
std::optional<std::string> PromtailText(simdjson::dom::element value) {
  switch (value.type()) {
    case simdjson::dom::element_type::STRING:
      return std::string(std::string_view(value));
    case simdjson::dom::element_type::BOOL:
      return bool(value) ? "true" : "false";
    case simdjson::dom::element_type::INT64:
      return std::to_string(int64_t(value));
    case simdjson::dom::element_type::DOUBLE: {
      std::string text;
      AppendGoFloat(&text, double(value));
      return text;
    }
    default:
      return std::nullopt;
  }
}

TEST(Template, AnswersAsPromtail) {
  ForEachGoldenCase("promtail_template", [](const GoldenCase& c) {
    std::string error = c.Text("error"), source = c.Text("source"), text = c.Text("template");
    // The stage's own check, not the template's.
    if (source.empty()) return;
    MapData data;
    for (auto [name, value] : simdjson::dom::object(c["extracted"])) {
      auto as_text = PromtailText(value);
      if (!as_text) continue;
      data.fields[std::string(name)] = *as_text;
      if (name == source && !data.fields.contains("Value")) data.fields["Value"] = *as_text;
    }
    data.fields["Entry"] = c.Text("entry");
    auto compiled = Template::Compile(text, TemplateDialect::kPromtail);
    if (!compiled.ok()) {
      // Refused when it is compiled, and not only when it is called the wrong way.
      if (text.find("getHostByName") == text.npos) {
        EXPECT_EQ(error, "parse") << compiled.status().message() << "\n" << c.json();
      }
      return;
    }
    EXPECT_NE(error, "parse") << c.json();
    std::string out;
    Status status = compiled->Execute({.data = data, .now_ns = kNowNs}, &out);
    EXPECT_EQ(status.ok(), error.empty()) << status.message() << "\n" << c.json();
    if (status.ok() && error.empty()) {
      EXPECT_EQ(out, c.Text("output")) << c.json();
    }
  });
}

TEST(Template, HasPositionsAndNamesInErrors) {
  MapData data;
  data.fields = {{"app", "api"}};
  EXPECT_EQ(Made("a\n {{ nosuch .app }}", TemplateDialect::kLoki, data),
            "compile: template: :2:5: function \"nosuch\" not defined");
  EXPECT_EQ(Made("{{ ToUper .app }}", TemplateDialect::kLoki, data),
            "compile: template: :1:4: function \"ToUper\" not defined; did you mean ToUpper?");
  EXPECT_EQ(
      Made("x{{ .app.x }}", TemplateDialect::kLoki, data),
      "run: template: :1:5: executing \"\" at <.app.x>: can't evaluate field x in type string");
  EXPECT_EQ(Made("{{ repeat -1 .app }}", TemplateDialect::kLoki, data),
            "run: template: :1:4: executing \"\" at <repeat -1 .app>: error calling repeat: "
            "strings: negative Repeat count");
}

TEST(Template, SaysWhichNamesItAsksFor) {
  struct Case {
    std::string_view text;
    std::optional<std::vector<std::string>> want;
  };
  using Names = std::vector<std::string>;
  for (const Case& c : std::initializer_list<Case>{
           {"text", Names{}},
           {"{{ .b }}{{ .a.x }}{{ $.b }}", Names{"a", "b"}},
           {"{{ if eq .a `x` }}{{ .b }}{{ else if .c }}{{ else }}{{ .d }}{{ end }}",
            Names{"a", "b", "c", "d"}},
           {"{{ $x := .a }}{{ $x }}{{ (print .b).c }}", Names{"a", "b"}},
           {"{{ with .a }}{{ .b }}{{ . }}{{ $.c }}{{ else }}{{ .d }}{{ end }}",
            Names{"a", "c", "d"}},
           {"{{ range fromJson .a }}{{ .x }}{{ end }}{{ .b }}", Names{"a", "b"}},
           {"{{ define `T` }}{{ .x }}{{ $.y }}{{ end }}{{ template `T` .a }}", Names{"a"}},
           {"{{ . }}", std::nullopt},
           {"{{ .a }}{{ index . `b` }}", std::nullopt},
           {"{{ range . }}{{ end }}", std::nullopt},
           {"{{ $x := . }}{{ $x.a }}", std::nullopt},
           {"{{ with .a }}{{ $ }}{{ end }}", std::nullopt},
           {"{{ block `T` . }}{{ .a }}{{ end }}", std::nullopt},
       }) {
    auto compiled = Template::Compile(c.text, TemplateDialect::kLoki);
    ASSERT_TRUE(compiled.ok()) << c.text << compiled.status().message();
    EXPECT_EQ(compiled->names(), c.want) << c.text;
    EXPECT_FALSE(compiled->reads_line());
  }
  EXPECT_TRUE(Template::Compile("{{ if .a }}{{ __line__ | len }}{{ end }}", TemplateDialect::kLoki)
                  ->reads_line());
}

TEST(Template, VariablesAreThereBehindTheirPipeline) {
  MapData data;
  data.fields = {{"a", "1"}};
  struct Case {
    std::string_view text, want;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"{{ $x := 1 }}{{ $x := add $x 1 }}{{ $x }}", "2"},
           {"{{ $x := 1 }}{{ range 3 }}{{ $x = add $x 1 }}{{ end }}{{ $x }}", "4"},
           {"{{ $x := 1 }}{{ range 3 }}{{ $x := 5 }}{{ end }}{{ $x }}", "1"},
           {"{{ range $i, $e := list 7 8 }}{{ $i }}{{ $e }} {{ end }}", "07 18 "},
           {"{{ $i := 0 }}{{ $e := 0 }}{{ range $i, $e = list 7 8 }}{{ end }}{{ $i }}{{ $e }}",
            "18"},
           {"{{ $x := $x }}",
            "run: template: :1:10: executing \"\" at <$x>: undefined variable: $x"},
           {"{{ if true }}{{ $y := 1 }}{{ else }}{{ $y }}{{ end }}",
            "compile: template: :1:40: undefined variable \"$y\""},
           {"{{ if $y := .a }}{{ $y }}{{ else if $y }}{{ end }}", "1"},
           {"{{ range $x := 2 }}{{ range $y := 2 }}{{ continue }}{{ end }}{{ $x }}{{ end }}", "01"},
           {"{{ with $y := .nope }}a{{ else with .a }}b{{ . }}{{ end }}", "b1"},
           {"{{- /* a */ -}} x {{- /* b */}}y", "xy"},
           {"{{ print `{{` \"}}\" }}", "{{}}"},
           {"{{ range .nope }}x{{ else }}none{{ end }}", "none"},
           {"{{ .a | printf `%s-%s` `b` }}", "b-1"},
           {"{{ .nope }} {{ .nope.x }}", "<no value> <no value>"},
           {"{{ .a `x` }}",
            "run: template: :1:4: executing \"\" at <.a>: a is not a method but has arguments"},
           {"{{ 1 | .a }}",
            "run: template: :1:8: executing \"\" at <.a>: a is not a method but has arguments"},
           {"{{ .a | }}", "compile: template: :1:9: missing value for command"},
           {"{{ 1i }}", "compile: template: :1:4: complex numbers are not taken: \"1i\""},
       }) {
    EXPECT_EQ(Made(c.text, TemplateDialect::kPromtail, data), c.want) << c.text;
  }
}

TEST(Template, LimitsSayWhichTheyAre) {
  MapData data;
  data.fields = {{"a", std::string(1000, 'x')}};
  struct Case {
    std::string_view text, limit;
  };
  TemplateLimits limits;
  limits.output_bytes = 10'000;
  limits.memory_bytes = 100'000;
  limits.steps = 100'000;
  for (const Case& c : std::initializer_list<Case>{
           {"{{ range 100 }}{{ $.a }}{{ end }}", "the limit of 10000 bytes of output is reached"},
           {"{{ repeat 1000000000000 .a }}", "the limit of 100000 bytes for what it computes"},
           {"{{ repeat 9223372036854775807 `x` }}", "the limit of 100000 bytes for"},
           {"{{ until 1000000000 }}", "the limit of 100000 bytes for"},
           {"{{ indent 1000000000 .a }}", "the limit of 100000 bytes for"},
           {"{{ printf `%999999d` 1 }}", "the limit of 100000 bytes for"},
           {"{{ printf `%.999999f` 1.5 }}", "the limit of 100000 bytes for"},
           {"{{ seq 1000000000 }}", "the limit of 100000 bytes for"},
           {"{{ range 1000000000 }}{{ end }}", "the limit of 100000 steps is reached"},
           {"{{ $x := list 1 }}{{ range 300 }}{{ $x = list $x $x }}{{ end }}{{ $x }}",
            "values nested deeper than"},
           {"{{ $d := dict }}{{ $_ := set $d `d` $d }}{{ $d }}", "values nested deeper than"},
           {"{{ $d := dict }}{{ $_ := set $d `d` $d }}{{ toJson $d }}",
            "values nested deeper than"},
           {"{{ $d := dict }}{{ $_ := set $d `d` $d }}{{ printf `%s` $d }}",
            "values nested deeper than"},
           {"{{ $d := dict }}{{ $_ := set $d `d` $d }}{{ deepCopy $d }}",
            "values nested deeper than"},
           {"{{ $d := dict }}{{ $_ := set $d `d` $d }}{{ $e := dict }}{{ $_ = set $e `d` $e }}"
            "{{ deepEqual $d $e }}",
            "values nested deeper than"},
           {"{{ $x := list 1 }}{{ range 60 }}{{ $x = list $x $x }}{{ end }}"
            "{{ $y := list 1 }}{{ range 60 }}{{ $y = list $y $y }}{{ end }}{{ deepEqual $x $y }}",
            "the limit of 100000 steps"},
           {"{{ define `R` }}{{ template `R` }}{{ end }}{{ template `R` }}",
            "exceeded maximum template depth (100)"},
           {"{{ range 100000 }}{{ regexMatch (print `(a|b)*` .) `x` }}{{ end }}",
            "the limit of 100000 steps"},
       }) {
    std::string made = Made(c.text, TemplateDialect::kPromtail, data, limits);
    EXPECT_NE(made.find(c.limit), std::string::npos) << c.text << "\n" << made.substr(0, 300);
    EXPECT_EQ(made.substr(0, 5), "run: ");
  }
}

TEST(Template, HostileTextsEnd) {
  auto repeated = [](std::string_view piece, size_t count) {
    std::string out;
    for (size_t i = 0; i < count; ++i) out += piece;
    return out;
  };
  MapData data;
  for (const std::string& text :
       {repeated("{{ if 1 }}", 5000), repeated("{{ (", 10000), "{{ " + repeated("(", 60000),
        "{{ " + repeated("(", 20000) + "1" + repeated(")", 20000) + " }}",
        repeated("{{ define `a` }}", 4000), repeated("{{ block `a` . }}", 3500),
        repeated("{{/*", 16000), repeated("{{ $x := 1 }}", 5000) + "{{ $nosuch }}",
        repeated("{{ end }}", 5000), std::string(65536, '{'), std::string("{{\0}}", 5),
        std::string("{{ \xFF }}"), std::string("{{ .\xC3 }}"), std::string("{{ `"),
        std::string("{{ \"\\"), std::string("{{ '\\"), repeated("{{ .a", 10000),
        "{{ ." + std::string(60000, 'a') + "(", "{{ " + std::string(60000, 'a') + " }}"}) {
    std::string made = Made(text, TemplateDialect::kPromtail, data);
    EXPECT_EQ(made.substr(0, 20), "compile: template: :") << text.substr(0, 40);
    EXPECT_LT(made.size(), 400u);
  }
  EXPECT_EQ(Made(std::string(100'000, 'x'), TemplateDialect::kLoki, data),
            "compile: template: its text has 100000 bytes; the limit is 65536");
  // Long texts that are alike almost everywhere.
  data.fields["n"] = std::string(500'000, 'a') + "b";
  data.fields["s"] = std::string(250'000, 'a') + "c";
  data.fields["t"] = std::string(500'000, 'b');
  EXPECT_EQ(Made("{{ contains .s .n }}{{ replace .s `` .n | len }}{{ splitList .s .n | len }}"
                 "{{ trimAll .n .t | len }}",
                 TemplateDialect::kPromtail, data),
            "false50000110");
  data.fields.clear();
  // What is long but not deep is taken.
  std::string chain = "{{ if eq .n `0` }}";
  for (int i = 1; i < 2000; ++i) chain += "{{ else if .n }}" + std::to_string(i);
  EXPECT_EQ(Made(chain + "{{ else }}none{{ end }}", TemplateDialect::kLoki, data), "none");
  EXPECT_EQ(Made(repeated("{{/* c */}}", 5000), TemplateDialect::kLoki, data), "");
  EXPECT_EQ(Made("{{ " + repeated("1 | print | ", 1) + repeated("print | ", 4000) + "print }}",
                 TemplateDialect::kLoki, data),
            "1");
  EXPECT_EQ(Made("{{ .a" + repeated(".a", 20000) + " }}", TemplateDialect::kPromtail, data),
            "<no value>");
  EXPECT_EQ(Made(std::string("a\0b{{ 1 }}\xFF", 11), TemplateDialect::kLoki, data),
            std::string("a\0b1\xFF", 5));
}

}  // namespace
}  // namespace glp::codec
