// Names of labels as small numbers, for a pipeline's own use: what is asked of an entry's labels is
// then a look into an array. Names that lines bring are bounded: Trim forgets them when they are
// very many.
// Lifetime: an Id is good until Trim says that it forgot; those taken before Keep stay for ever.
// Threads:  one at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace glp::logql {

class LabelNames {
 public:
  using Id = uint32_t;
  static constexpr Id kNone = UINT32_MAX;
  // There from the start.
  static constexpr Id kError = 0;         // __error__
  static constexpr Id kErrorDetails = 1;  // __error_details__
  static constexpr Id kPreserveError = 2;

  LabelNames();
  LabelNames(const LabelNames&) = delete;
  LabelNames& operator=(const LabelNames&) = delete;

  Id Intern(std::string_view name);
  // kNone where nobody interned it.
  Id Find(std::string_view name) const;
  std::string_view Text(Id id) const { return names_[id].text; }
  // NAME_extracted.
  Id Extracted(Id id);
  size_t size() const { return names_.size(); }

  void Keep() { kept_ = names_.size(); }
  // True where names were forgotten.
  bool Trim();

 private:
  static constexpr size_t kMaxNames = 1 << 16;
  static constexpr size_t kMaxBytes = 16 << 20;

  struct Name {
    std::string text;
    Id extracted = kNone;
  };
  std::deque<Name> names_;
  std::unordered_map<std::string_view, Id> by_text_;
  size_t kept_ = 0;
  size_t bytes_ = 0;
};

// A name as a label may have it, as Loki's parsers make it of a key: blanks at both ends are taken
// off, every character but [a-zA-Z0-9_] becomes _, and a digit at the start gets a _ in front.
// Appends to `out`; the digit rule holds where `out` is empty.
void AppendSanitized(std::string* out, std::string_view key);
// Unicode's blanks at both ends taken off.
std::string_view TrimUnicodeSpace(std::string_view text);

}  // namespace glp::logql
