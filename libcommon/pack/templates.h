// What the lines of a file have in common: texts with holes. Format: FORMAT.md, Templates record.
// Lifetime: views are good until templates are added. Threads: const from any.
// Errors:   Code::kData for records that cannot be.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace glp::pack {

// Values are one or more of these, and never stand beside one.
inline constexpr bool IsValueByte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Of one template, and of all of a file together.
inline constexpr size_t kMaxTemplateBytes = 64 << 10;
inline constexpr size_t kMaxTemplateHoles = 1024;
inline constexpr size_t kMaxTemplatesBytes = 16 << 20;
inline constexpr size_t kMaxTemplates = 1 << 20;

struct Template {
  std::string_view text;            // without what stands in the holes
  std::span<const uint32_t> holes;  // offsets in `text`, not falling
};

class Templates {
 public:
  // How far behind all_text() bytes may be read (not what they are).
  static constexpr size_t kSlack = 64;

  Templates() : text_(kSlack, '\0') {}

  size_t size() const { return starts_.size() - 1; }
  // False for a number whose record was lost.
  bool has(size_t number) const { return number < size() && !lost_[number]; }
  // REQUIRES: number < size()
  Template operator[](size_t number) const {
    return {all_text().substr(starts_[number], starts_[number + 1] - starts_[number]),
            std::span(holes_).subspan(hole_starts_[number],
                                      hole_starts_[number + 1] - hole_starts_[number])};
  }
  // The texts of all, one behind the other, for a search over them at once; starts()[i] is where
  // that of template i begins, with the end of the last.
  std::string_view all_text() const {
    return std::string_view(text_).substr(0, text_.size() - kSlack);
  }
  const std::vector<uint32_t>& starts() const { return starts_; }

  // The templates of a record, whose head this is. Those that are known already must be the same;
  // numbers that are left out count as lost.
  Status AddRecord(std::string_view head);
  // REQUIRES: within the limits above. `pattern`: the text with a '0' for each hole
  void Add(std::string_view pattern);
  // Takes back all from `size` on.
  void Cut(size_t size);
  // The same as pattern again.
  void AppendPattern(size_t number, std::string* out) const;

 private:
  std::string text_;  // kSlack bytes longer
  std::vector<uint32_t> starts_{0};
  std::vector<uint32_t> holes_;
  std::vector<uint32_t> hole_starts_{0};
  std::vector<bool> lost_;
};

// The templates of a file that is being written. Threads: one at a time.
class TemplateDictionary {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  const Templates& templates() const { return templates_; }
  size_t size() const { return templates_.size(); }
  // The number of a template; `hash` is Hash64 of the pattern. kNone where it is not there.
  uint32_t Find(std::string_view pattern, uint64_t hash) const;
  // The number of a new one. kNone where there is no room. REQUIRES: it is not there
  uint32_t Add(std::string_view pattern, uint64_t hash);
  // Takes back all from `size` on.
  void Cut(size_t size);
  // Appends the record of the templates from `first` on.
  void AppendRecord(size_t first, int level, std::string* out) const;

 private:
  struct Slot {
    uint64_t hash = 0;
    uint32_t number = kNone;
  };
  void Insert(uint64_t hash, uint32_t number);
  Templates templates_;
  std::vector<uint64_t> hashes_;  // by number
  std::vector<Slot> slots_;       // a power of two, at most half full
  size_t pattern_bytes_ = 0;
};

}  // namespace glp::pack
