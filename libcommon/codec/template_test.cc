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

}  // namespace
}  // namespace glp::codec
