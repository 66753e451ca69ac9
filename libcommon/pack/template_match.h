// Where a literal can stand in lines that have a template. The bytes beside a hole are no letters
// and digits and those of its value are nothing else, so a literal that reaches into a hole does so
// in one way at each place: the letters and digits that it has there are the whole value, or, at
// the ends of the literal, its last or first ones; a literal of nothing else may also stand within
// a value.
// Threads: const from any. Cost: linear in the text of the template.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "logql/literal_finder.h"
#include "pack/templates.h"

namespace glp::pack {

class TemplateMatch {
 public:
  // Letters and digits of the literal with none beside them, and what a value must do with them.
  enum class Must : uint8_t { kBe, kBeginWith, kEndWith, kHold };
  struct Run {
    uint32_t begin;  // in the literal
    uint32_t end;
    Must must;
    logql::LiteralFinder finder;
    bool IsDoneBy(std::string_view value) const;
  };
  // The value in a hole must do what a run asks.
  struct Piece {
    uint32_t hole;
    uint32_t run;
  };
  enum class Answer : uint8_t {
    kNever,   // not in the text; in the ways that were found, and in a value where is_run()
    kAlways,  // in the text, whatever the values are
    kOpen,    // it was not looked for: a template that no writer makes, or too much work
  };

  explicit TemplateMatch(const logql::LiteralFinder& finder);

  const logql::LiteralFinder& finder() const { return finder_; }
  std::string_view literal() const { return finder_.literal(); }
  const std::vector<Run>& runs() const { return runs_; }
  // Nothing but letters and digits, so that it may stand within any value.
  bool is_run() const { return runs_.size() == 1 && runs_[0].must == Must::kHold; }

  // Appends the ways in which the literal can stand in a line other than within a value (unless it
  // is kAlways or kOpen): the pieces of one behind those of the other, and where those of each end.
  Answer Find(const Template& text, std::vector<Piece>* pieces, std::vector<uint32_t>* ends) const;

 private:
  struct Walk;
  bool Same(char text, char literal) const {
    return (fold_ && text >= 'A' && text <= 'Z' ? text + ('a' - 'A') : text) == literal;
  }

  logql::LiteralFinder finder_;
  bool fold_;
  std::vector<Run> runs_;
};

}  // namespace glp::pack
