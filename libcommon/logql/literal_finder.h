// Whether a line holds a literal, fast on short lines: compares the first and the last byte of the
// literal at 16 places at once and looks closer only where both agree. On log lines of 175 bytes
// that takes 11-15 ns where glibc's memmem takes 31-41 (and 85 for two common letters).
// Threads: const from any.
// Cost:    a worst case of line × literal bytes (lines of one repeated byte), as any such search.
#pragma once

#include <string>
#include <string_view>

namespace glp::logql {

class LiteralFinder {
 public:
  // `fold_case`: ASCII letters match in both cases.
  LiteralFinder(std::string_view literal, bool fold_case);

  // The empty literal is in every line.
  bool IsIn(std::string_view line) const;
  const std::string& literal() const { return literal_; }  // in lower case if fold_case()
  bool fold_case() const { return fold_case_; }

 private:
  bool IsAt(const char* at) const;

  std::string literal_;  // in lower case if fold_case_
  bool fold_case_;
};

// No byte above 0x7F.
bool IsAscii(std::string_view text);

}  // namespace glp::logql
