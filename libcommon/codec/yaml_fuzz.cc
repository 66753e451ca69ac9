// Any text as YAML, read with a mapping that asks for every type.

#include <cstdint>
#include <string_view>

#include "codec/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto root = glp::codec::ParseYaml(text, "fuzz.yml");
  if (!root.ok()) return 0;
  glp::codec::YamlErrors errors("fuzz.yml");
  glp::codec::YamlMap map(*root, "the file", &errors);
  glp::codec::Given<std::string> name;
  glp::codec::Given<int64_t> number, wait_ns, bytes;
  glp::codec::Given<bool> flag;
  map.Text("name", &name);
  map.Int("number", &number);
  map.DurationNs("wait", &wait_ns);
  map.Bytes("size", &bytes);
  map.Bool("flag", &flag);
  map.List("stages", [](const glp::codec::YamlNode&) {});
  map.Finish();
  return 0;
}
