// Loki's patterns: "<ip> - <_> [<time>] \"<method> <path>": literals and captures.
// Threads: const from any. Errors: Code::kUsage in Loki's words.
// Source:  Loki 3.7 pkg/logql/log/pattern. Cost: one memmem a literal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace glp::codec {

// As the parser `| pattern`: a leading literal stands at the start, the last capture takes the
// rest; where a literal is missing, the capture in front of it takes the rest and matching ends.
class PatternParser {
 public:
  struct Part {
    std::string literal;  // of a literal; not empty
    int name = -1;        // of a capture: its index in names(); -1 for <_>
    bool is_capture = false;
  };

  static Result<PatternParser> Compile(std::string_view pattern);
  const std::vector<std::string>& names() const { return names_; }
  // Literals and captures take turns.
  const std::vector<Part>& parts() const { return parts_; }
  // values[i] is the text of names()[i]; how many there are, which is less where the line ends
  // earlier. Views into `line`.
  size_t Match(std::string_view line, std::vector<std::string_view>* values) const;

 private:
  std::vector<Part> parts_;
  std::vector<std::string> names_;
};

// As the filters |> and !>: literals and <_> only.
class PatternFilter {
 public:
  static Result<PatternFilter> Compile(std::string_view pattern);
  bool Matches(std::string_view line) const;
  // Every line that matches has it, "" where there is none. Good as long as this.
  std::string_view longest_literal() const;

 private:
  std::vector<std::string> literals_;
  bool starts_with_capture_ = false, ends_with_capture_ = false;
};

}  // namespace glp::codec
