// Any text as a JSON object: the one walk of plain paths and the tree give the same, in both forms;
// what Go's form is written to is read back as the same value.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json_expressions.h"

namespace {

using glp::codec::JsonExpressions;
using glp::codec::JsonForm;
using glp::codec::JsonNode;
using glp::codec::JsonTree;
using glp::codec::JsonValue;

void Agree(std::string_view text, bool as_promtail) {
  JsonExpressions fast({as_promtail}), slow({as_promtail});
  for (const char* path : {"a", "a.b", "a[0]", "b.c", "log"}) {
    if (!fast.Add(path).ok() || !slow.Add(path).ok()) __builtin_trap();
  }
  if (!slow.Add("[@]").ok()) __builtin_trap();
  std::vector<JsonValue> a, b;
  if (fast.Extract(text, &a) != slow.Extract(text, &b)) __builtin_trap();
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].present != b[i].present || a[i].text != b[i].text) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Agree(text, false);
  Agree(text, true);
  JsonTree tree, again;
  const JsonNode* root = tree.Parse(text);
  if (root == nullptr) {
    if (tree.error().empty() || tree.error_offset() > size) __builtin_trap();
    return 0;
  }
  std::string written;
  if (!AppendJson(*root, JsonForm::kGo, &written)) return 0;
  const JsonNode* read = again.Parse(written);
  if (read == nullptr) __builtin_trap();
  std::string rewritten;
  if (!AppendJson(*read, JsonForm::kGo, &rewritten)) __builtin_trap();
  // Bytes that are not UTF-8 are replaced by an escape, which is then read.
  if (written.find("\\ufffd") == std::string::npos && rewritten != written) __builtin_trap();
  return 0;
}
