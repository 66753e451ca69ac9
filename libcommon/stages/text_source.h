// What a stage reads: the line or, where its option `source` says so, a field or label.
// Lifetime: a text is good until the entry has left. Threads: one at a time.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "stages/stage.h"

namespace glp::stages {

// How many fields a line may give a stage that takes whatever names it finds: what a line makes of
// itself in memory is bounded by that.
inline constexpr size_t kMaxFieldsOfLine = 10'000;

class TextSource {
 public:
  // `source` "" is the line.
  TextSource(std::string_view stage, std::string source)
      : source_(std::move(source)),
        missing_(std::string(stage) + ": no field or label '" + source_ + "'") {}

  // Nothing where the entry has no such field or label; the stage then Fails with missing().
  std::optional<std::string_view> Get(StageEntry& entry, Arena& arena) const {
    if (source_.empty()) return entry.LineBytes(arena);
    return entry.Value(source_);
  }
  const std::string& missing() const { return missing_; }

 private:
  std::string source_, missing_;
};

}  // namespace glp::stages
