// Any bytes as lines: the patterns are text that a terminal and JSON take, no line is lost, and
// neither the order of the lines nor limits that are not reached change anything.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "codec/pattern_miner.h"
#include "codec/pattern_words.h"

namespace {

using glp::codec::PatternMiner;

uint64_t CountOf(const PatternMiner& miner) {
  uint64_t count = 0;
  for (const auto& pattern : miner.Patterns()) {
    if (!glp::IsValidUtf8(pattern.text)) __builtin_trap();
    for (const char c : pattern.text) {
      if ((c >= 0 && c < 0x20 && c != '\t') || c == 0x7f) __builtin_trap();
    }
    uint64_t of_slots = 0;
    for (const auto& slot : pattern.slots) of_slots += slot.count;
    if (pattern.count != of_slots || pattern.count == 0) __builtin_trap();
    count += pattern.count;
  }
  for (const auto& slot : miner.other()) count += slot.count;
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string_view> lines = glp::Split(text, '\n');
  PatternMiner::Options options;
  options.baseline = 1;
  PatternMiner forward(options), backward(options);
  options.max_shapes = 8;
  options.max_text_bytes = 1000;
  PatternMiner small(options);
  const auto add = [](std::string_view line, PatternMiner* miner) {
    miner->Add({line, 1, static_cast<int64_t>(line.size() % 3)});
  };
  for (const std::string_view line : lines) {
    add(line, &forward);
    add(line, &small);
    glp::codec::SaysError(line);
  }
  std::reverse(lines.begin(), lines.end());
  for (const std::string_view line : lines) add(line, &backward);
  if (CountOf(forward) != lines.size() || CountOf(small) != lines.size()) __builtin_trap();
  const auto a = forward.Patterns(), b = backward.Patterns();
  if (a.size() != b.size()) __builtin_trap();
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].text != b[i].text || a[i].count != b[i].count) __builtin_trap();
  }
  return 0;
}
