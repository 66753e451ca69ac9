// The level of an entry, as Loki 3.7 finds it when it comes in (discover_log_levels), and its
// structured metadata with it: `detected_level`. First what labels, then what metadata say by one
// of the names asked for, then OTLP's severity_number, then a field of the line where that is JSON
// or logfmt, then the first word of the line that is a level, else `unknown`.
//
//   const LevelFinder finder({}, 2);
//   const std::string stream_level = finder.OfStream(labels);
//   entry.meta = finder.WithLevel(entry.meta, stream_level, entry.line, &arena);
//
// Lifetime: what is returned lives as long as the arena, the metadata given, and the finder.
// Threads:  const from any.
// Cost:     one look at a line that says nothing, no allocation but the arena's.
// Source:   pkg/distributor/field_detection.go of Loki 3.7, told in words.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "record/labels.h"

namespace glp::wire {

class LevelFinder {
 public:
  // `fields`: names in their rank, as they stand; empty: Loki's own (level, LEVEL, …, severity,
  // lvl). `json_depth`: how many objects within each other are looked into, 0 is all.
  LevelFinder(std::vector<std::string> fields, uint32_t json_depth);

  // What labels say, as the inside of a JSON string; "" for nothing.
  std::string OfStream(const Labels& labels) const;
  // `meta`: as MetaWriter writes it, or "". One that has a detected_level keeps it, in the usual
  // spelling. `stream_level`: of OfStream.
  std::string_view WithLevel(std::string_view meta, std::string_view stream_level,
                             std::string_view line, Arena* arena) const;

  // What a line says: trace, debug, info, warn, error, critical, fatal or unknown.
  std::string_view OfLine(std::string_view line) const;

 private:
  static constexpr size_t kNone = SIZE_MAX;
  // The rank of a field of this name, kNone of others.
  size_t RankOf(std::string_view name, bool any_case) const;
  bool MayHaveField(std::string_view line) const;
  std::string_view OfJson(std::string_view line) const;
  std::string_view OfLogfmt(std::string_view line, std::string* scratch) const;

  std::vector<std::string> fields_;
  std::vector<std::string> lower_fields_;
  std::array<bool, 256> last_bytes_{};  // that a field may end with, in any case
  uint32_t json_depth_;
};

}  // namespace glp::wire
