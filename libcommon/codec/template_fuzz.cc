// Any text as a template of both dialects, run over fixed data.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "codec/template.h"

namespace {

class FuzzData : public glp::codec::TemplateData {
 public:
  std::optional<std::string_view> Get(std::string_view name) const override {
    for (const auto& [key, value] : kFields) {
      if (key == name) return value;
    }
    return std::nullopt;
  }
  std::vector<std::pair<std::string_view, std::string_view>> All() const override {
    return {std::begin(kFields), std::end(kFields)};
  }

 private:
  static constexpr std::pair<std::string_view, std::string_view> kFields[] = {
      {"a", "hello w\xC3\xB6rld"},   {"b", "42"}, {"bad", "\xFF\xC3"},
      {"d", "2023-01-15T16:08:09Z"}, {"e", ""},   {"j", R"({"a":[1,2.5,null,{"b":"c"}],"t":true})"},
  };
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using glp::codec::TemplateDialect;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  FuzzData fields;
  glp::codec::TemplateLimits limits;
  limits.text_bytes = 4096;
  limits.output_bytes = 64 << 10;
  limits.memory_bytes = 1 << 20;
  limits.steps = 20'000;
  for (TemplateDialect dialect : {TemplateDialect::kPromtail, TemplateDialect::kLoki}) {
    auto compiled = glp::codec::Template::Compile(text, dialect, limits);
    if (!compiled.ok()) continue;
    std::string out;
    glp::Status status = compiled->Execute({.data = fields,
                                            .line = "the line",
                                            .ts_ns = 1'700'000'000'123'456'789,
                                            .now_ns = 1'700'000'000'123'456'789},
                                           &out);
    if (out.size() > limits.output_bytes || (!status.ok() && !out.empty())) __builtin_trap();
  }
  return 0;
}
