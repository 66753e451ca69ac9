// Any text as a JMESPath expression, searched in a fixed document and in itself.

#include <cstdint>
#include <string>
#include <string_view>

#include "codec/jmespath.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using glp::codec::JmesPath;
  using glp::codec::JmesSearch;
  using glp::codec::JsonForm;
  using glp::codec::JsonNode;
  using glp::codec::JsonTree;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto path = JmesPath::Compile(text, JmesPath::Functions::kAtRunTime);
  if (!path.ok()) return 0;
  constexpr std::string_view kDocument =
      R"({"a":[1,-2.50,1e3],"b":{"c":"x","d":[{"c":"y"},{"c":1}],"e":null},"f":"","t":[["b"],["a"]]})";
  for (const std::string_view json : {kDocument, text}) {
    JsonTree tree;
    const JsonNode* root = tree.Parse(json);
    if (root == nullptr) continue;
    for (const JsonForm form : {JsonForm::kAsWritten, JsonForm::kGo}) {
      JmesSearch search;
      search.Begin(form, tree.values());
      JsonNode value;
      if (!search.Run(*path, *root, &value)) {
        if (search.error().empty()) __builtin_trap();
        continue;
      }
      // What doubles itself is only long once it is written.
      if (text.size() > 64) continue;
      std::string out;
      if (!AppendJson(value, form, &out)) continue;
      JsonTree written;
      if (written.Parse(out) == nullptr) __builtin_trap();
    }
  }
  return 0;
}
