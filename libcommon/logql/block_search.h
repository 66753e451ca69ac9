// Which lines of a block pass line filters: one search over the text of all lines instead of one
// for each line. What filters can only be found near (a regular expression near its literals) is
// looked for first, and only lines that have it are looked at one by one. Gives exactly the lines
// that LineFilter::Passes lets through, whatever bytes they hold.
//
//   const BlockSearch search(request.line_filters);
//   std::vector<uint32_t> passing;
//   search.Select(block.lines().data(), &line_starts[begin], end - begin, &passing);
//
// Lifetime: shares what the filters hold. Threads: const from any.
// Cost: a pass or a few of memory speed over the text; two bits a line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "logql/ast.h"
#include "logql/line_search.h"
#include "logql/literal_finder.h"

namespace glp::logql {

class BlockSearch {
 public:
  // Lines that pass all filters; none: every line passes. REQUIRES: PrepareLineFilter.
  explicit BlockSearch(std::vector<LineFilter> filters);
  BlockSearch(const BlockSearch&) = delete;
  BlockSearch& operator=(const BlockSearch&) = delete;

  bool empty() const { return filters_.empty(); }
  const std::vector<LineFilter>& filters() const { return filters_; }
  // Line i of `count` is text[starts[i] … starts[i + 1]): one behind the other. Appends the numbers
  // of the lines that pass, rising, to `out`.
  void Select(const char* text, const uint32_t* starts, size_t count,
              std::vector<uint32_t>* out) const;
  // One line alone.
  bool Passes(std::string_view line) const;

  // What each filter looks for in a block, in words, in the order in which they are applied:
  // `"refused" in any case, then the regular expression in lines that have it`.
  struct Step {
    const LineFilter* filter;  // good as long as the search
    std::string how;
  };
  std::vector<Step> Describe() const;

 private:
  using Bits = std::vector<uint64_t>;
  struct Block;
  // An alternative of a filter as it is looked for in a block.
  struct Target {
    const LineFilter::Alternative* alternative;
    // Lines that have it have one of these, unless; none: any line may have it.
    std::vector<LiteralFinder> clues;
    LineSearch::Unless unless = LineSearch::Unless::kNever;
    bool clues_decide = false;  // a line with a clue has it
  };
  struct Filter {
    const LineFilter* filter;
    std::vector<Target> targets;
    bool is_negated = false;
    int cost = 0;
  };

  static std::string Describe(const Target& target);
  static Target MakeTarget(const LineFilter::Alternative& alternative);
  static void FindLines(const LiteralFinder& finder, const Block& block, Bits* lines);
  static void FindExceptions(LineSearch::Unless unless, const Block& block, Bits* lines);
  static void Mark(const Target& target, const Block& block, const Bits& within, Bits* found);
  static void Apply(const Filter& filter, const Block& block, Bits* passing);

  std::vector<LineFilter> filters_;
  std::vector<Filter> plan_;  // in the order in which they are applied
};

}  // namespace glp::logql
