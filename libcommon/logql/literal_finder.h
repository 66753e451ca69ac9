// Where a literal stands in a text: compares two bytes of the literal, the rarest by what logs are
// made of, at 16 or 32 places at once and looks closer only where both agree.
// Threads: const from any.
// Cost:    linear in the text for any literal and text: where looking closer costs too much (texts
//          of one repeated piece) the rest is searched byte by byte with a table of the literal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace glp::logql {

class LiteralFinder {
 public:
  // `fold_case`: ASCII letters match in both cases.
  LiteralFinder(std::string_view literal, bool fold_case);

  // Where it begins first in [begin, end); nullptr where it does not. The empty literal is at
  // `begin`.
  const char* Find(const char* begin, const char* end) const;
  // The empty literal is in every line.
  bool IsIn(std::string_view line) const {
    return literal_.empty() || Find(line.data(), line.data() + line.size()) != nullptr;
  }
  const std::string& literal() const { return literal_; }  // in lower case if fold_case()
  bool fold_case() const { return fold_case_; }
  // How common it is guessed to be in logs: the less the better to look for first.
  int commonness() const;

 private:
  struct Scan;
  struct Kernels;

  bool IsAt(const char* at) const;
  const char* FindSlowly(const char* begin, const char* end) const;

  std::string literal_;  // in lower case if fold_case_
  bool fold_case_;
  // The two bytes that are compared first, and where they stand.
  size_t at1_ = 0, at2_ = 0;
  // Or'ed to the bytes of the text: the bit of lower case where the byte is a letter.
  char or1_ = 0, or2_ = 0;
  std::vector<uint32_t> borders_;  // of long literals: Knuth, Morris and Pratt's table
};

// No byte above 0x7F.
bool IsAscii(std::string_view text);

}  // namespace glp::logql
