// Any line and metadata: the level of words is that of a plain look, metadata stays what it was and
// has one detected_level.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "wire/level_finder.h"

namespace {

using glp::wire::LevelFinder;

// Word by word, the slow way.
std::string SlowLevel(std::string_view line) {
  constexpr std::string_view kWords[][2] = {
      {"trace", "trace"},       {"debug", "debug"}, {"fatal", "fatal"},
      {"critical", "critical"}, {"error", "error"}, {"err", "error"},
      {"warning", "warn"},      {"warn", "warn"},   {"info", "info"}};
  const std::string lower = glp::AsciiLower(line);
  size_t first = std::string::npos;
  std::string level = "unknown";
  for (const auto& [word, meant] : kWords) {
    for (size_t at = lower.find(word); at < first; at = lower.find(word, at + 1)) {
      const size_t end = at + word.size();
      if (at > 0 && std::string_view(" \t\n[({\"=").find(lower[at - 1]) == std::string::npos)
        continue;
      if (end < lower.size() &&
          std::string_view(" \t\n[](){}:,!\"=").find(lower[end]) == std::string::npos) {
        continue;
      }
      first = at;
      level = meant;
    }
  }
  return level;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // On the heap without a byte behind it.
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::string_view line = text;
  static const LevelFinder finder({}, 2), all({"level", "sev"}, 0);
  const std::string_view level = finder.OfLine(line);
  if (all.OfLine(line).empty() || level.empty()) std::abort();
  if (line.find_first_of("={") == line.npos && level != SlowLevel(line)) std::abort();

  glp::Arena arena;
  glp::Labels labels = {{"a", glp::IsValidUtf8(line) ? text : "x"}};
  for (const std::string& meta : {std::string(), glp::LabelsToJson(labels)}) {
    const auto with = glp::LabelsFromJson(finder.WithLevel(meta, "", line, &arena));
    if (!with.ok() || with->size() != (meta.empty() ? 1 : 2)) std::abort();
    if (with->back().name != "detected_level" || with->back().value != level) std::abort();
    if (!meta.empty() && with->front() != labels[0]) std::abort();
  }
  return 0;
}
