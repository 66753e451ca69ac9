#include "logql/block_search.h"

#include <algorithm>
#include <utility>

#include "codec/pattern.h"
#include "logql/format.h"
#include "logql/ip.h"
#include "logql/line_search.h"

namespace glp::logql {
namespace {

using Op = LineFilter::Op;

bool IsNegated(Op op) {
  return op == Op::kNotContains || op == Op::kNotMatch || op == Op::kNotPattern;
}

bool Has(const std::vector<uint64_t>& bits, size_t i) {
  return (bits[i / 64] >> (i % 64) & 1) != 0;
}
void Add(std::vector<uint64_t>* bits, size_t i) { (*bits)[i / 64] |= uint64_t{1} << (i % 64); }

template <typename Each>
void ForEach(const std::vector<uint64_t>& bits, const Each& each) {
  for (size_t word = 0; word < bits.size(); ++word) {
    for (uint64_t left = bits[word]; left != 0; left &= left - 1) {
      each(word * 64 + static_cast<size_t>(__builtin_ctzll(left)));
    }
  }
}

size_t Count(const std::vector<uint64_t>& bits) {
  size_t count = 0;
  for (const uint64_t word : bits) count += static_cast<size_t>(__builtin_popcountll(word));
  return count;
}

}  // namespace

struct BlockSearch::Block {
  const char* text;
  const uint32_t* starts;
  size_t count;

  const char* begin(size_t i) const { return text + starts[i]; }
  const char* end() const { return text + starts[count]; }
  std::string_view line(size_t i) const { return {begin(i), starts[i + 1] - starts[i]}; }
  // The line that the byte at `place` belongs to. REQUIRES: it is in line `from` or behind it.
  size_t LineOf(const char* place, size_t from) const {
    // Most are near.
    for (size_t i = 0; i < 4; ++i, ++from) {
      if (place < begin(from + 1)) return from;
    }
    size_t step = 4;
    while (from + step < count && begin(from + step) <= place) {
      from += step;
      step *= 2;
    }
    const uint32_t* const last = starts + std::min(from + step, count);
    const auto at = static_cast<uint32_t>(place - text);
    return static_cast<size_t>(std::upper_bound(starts + from + 1, last, at) - starts) - 1;
  }
};

BlockSearch::Target BlockSearch::MakeTarget(const LineFilter::Alternative& alternative) {
  Target target = {.alternative = &alternative};
  if (alternative.search != nullptr) {
    target.clues = alternative.search->clue().literals;
    target.unless = alternative.search->clue().unless;
    target.clues_decide = alternative.search->clue_decides();
  } else if (alternative.ip != nullptr) {
    const std::string prefix = alternative.ip->Prefix();
    if (!prefix.empty()) target.clues.emplace_back(prefix, /*fold_case=*/false);
  } else if (alternative.pattern != nullptr) {
    const std::string_view literal = alternative.pattern->longest_literal();
    if (!literal.empty()) target.clues.emplace_back(literal, /*fold_case=*/false);
  }
  return target;
}

BlockSearch::BlockSearch(std::vector<LineFilter> filters) : filters_(std::move(filters)) {
  constexpr int kLineByLine = 1 << 20, kNegated = 1 << 16, kUndecided = 1 << 12, kPass = 64;
  for (const LineFilter& filter : filters_) {
    Filter& made = plan_.emplace_back();
    made.is_negated = IsNegated(filter.op);
    made.filter = &filter;
    if (made.is_negated) made.cost += kNegated;
    for (const LineFilter::Alternative& alternative : filter.alternatives) {
      const Target& target = made.targets.emplace_back(MakeTarget(alternative));
      made.cost += target.clues.empty() ? kLineByLine : target.clues_decide ? 0 : kUndecided;
      for (const LiteralFinder& clue : target.clues) made.cost += kPass + clue.commonness();
    }
  }
  std::stable_sort(plan_.begin(), plan_.end(),
                   [](const Filter& a, const Filter& b) { return a.cost < b.cost; });
}

// REQUIRES: no empty literal.
void BlockSearch::FindLines(const LiteralFinder& finder, const Block& block, Bits* lines) {
  const char* at = block.text + block.starts[0];
  for (size_t line = 0; line < block.count;) {
    const char* const found = finder.Find(at, block.end());
    if (found == nullptr) return;
    line = block.LineOf(found, line);
    const size_t size = finder.literal().size();
    if (found + size <= block.begin(line + 1)) Add(lines, line);
    // Else a part of it belongs to another line, and so it would from here to the line's end.
    do ++line;
    while (line < block.count && block.line(line).size() < size);
    at = block.begin(line);
  }
}

void BlockSearch::FindExceptions(LineSearch::Unless unless, const Block& block, Bits* lines) {
  using Unless = LineSearch::Unless;
  const char* const begin = block.begin(0);
  if (unless == Unless::kNever || IsAscii({begin, static_cast<size_t>(block.end() - begin)})) {
    return;
  }
  if (unless == Unless::kKelvin) {
    static const LiteralFinder kFinders[] = {{kLongS, false}, {kKelvin, false}};
    for (const LiteralFinder& finder : kFinders) FindLines(finder, block, lines);
    return;
  }
  for (size_t i = 0; i < block.count; ++i) {
    if (!IsAscii(block.line(i))) Add(lines, i);
  }
}

void BlockSearch::Mark(const Target& target, const Block& block, const Bits& within, Bits* found) {
  const auto verify = [&](size_t i) {
    if (Has(within, i) && !Has(*found, i) && target.alternative->IsIn(block.line(i))) Add(found, i);
  };
  if (target.clues.empty()) return ForEach(within, verify);
  if (std::any_of(target.clues.begin(), target.clues.end(),
                  [](const LiteralFinder& clue) { return clue.literal().empty(); })) {
    if (!target.clues_decide) return ForEach(within, verify);
    std::fill(found->begin(), found->end(), ~uint64_t{0});
    return;
  }
  if (target.clues_decide && target.unless == LineSearch::Unless::kNever) {
    for (const LiteralFinder& clue : target.clues) FindLines(clue, block, found);
    return;
  }
  Bits candidates(found->size());
  if (target.clues_decide) {
    for (const LiteralFinder& clue : target.clues) FindLines(clue, block, found);
  } else {
    for (const LiteralFinder& clue : target.clues) FindLines(clue, block, &candidates);
  }
  FindExceptions(target.unless, block, &candidates);
  ForEach(candidates, verify);
}

void BlockSearch::Apply(const Filter& filter, const Block& block, Bits* passing) {
  // A pass over all is worth it while many are left.
  constexpr size_t kFew = 8;
  if (Count(*passing) * kFew < block.count) {
    ForEach(Bits(*passing), [&](size_t i) {
      if (!filter.filter->Passes(block.line(i))) (*passing)[i / 64] &= ~(uint64_t{1} << (i % 64));
    });
    return;
  }
  Bits found(passing->size());
  for (const Target& target : filter.targets) Mark(target, block, *passing, &found);
  for (size_t word = 0; word < found.size(); ++word) {
    (*passing)[word] &= filter.is_negated ? ~found[word] : found[word];
  }
}

void BlockSearch::Select(const char* text, const uint32_t* starts, size_t count,
                         std::vector<uint32_t>* out) const {
  // Passes over one piece after the other find it in the cache.
  constexpr size_t kPieceBytes = 256 << 10;
  constexpr size_t kPieceLines = 1 << 16;
  Bits passing;
  for (size_t from = 0; from < count;) {
    const uint32_t limit = starts[from] + std::min<size_t>(kPieceBytes, UINT32_MAX - starts[from]);
    size_t to = static_cast<size_t>(
        std::upper_bound(starts + from + 1, starts + std::min(count, from + kPieceLines), limit) -
        starts);
    const Block block = {text, starts + from, to - from};
    passing.assign((block.count + 63) / 64, ~uint64_t{0});
    if (block.count % 64 != 0) passing.back() = (uint64_t{1} << (block.count % 64)) - 1;
    for (const Filter& filter : plan_) Apply(filter, block, &passing);
    ForEach(passing, [&](size_t i) { out->push_back(static_cast<uint32_t>(from + i)); });
    from = to;
  }
}

std::string BlockSearch::Describe(const Target& target) {
  const LineFilter::Alternative& alternative = *target.alternative;
  const std::string what = alternative.ip != nullptr        ? "addresses"
                           : alternative.pattern != nullptr ? "the pattern"
                                                            : "the regular expression";
  std::string clues;
  for (const LiteralFinder& clue : target.clues) {
    if (clue.literal().empty() && target.clues_decide) return "in every line";
    if (clue.literal().empty()) return what + " in every line";
    if (!clues.empty()) clues += " or ";
    clues += Quote(clue.literal());
    if (clue.fold_case()) clues += " in any case";
  }
  if (clues.empty()) return what + " in every line";
  std::string others;
  if (target.unless == LineSearch::Unless::kKelvin) others = "a Kelvin sign or long s";
  if (target.unless == LineSearch::Unless::kWide) others = "bytes above ASCII";
  if (!target.clues_decide) {
    return clues + ", then " + what + " in lines that have it" +
           (others.empty() ? "" : " or " + others);
  }
  return others.empty() ? clues : clues + "; " + what + " in lines with " + others;
}

std::vector<BlockSearch::Step> BlockSearch::Describe() const {
  std::vector<Step> steps;
  for (const Filter& filter : plan_) {
    std::string how = filter.is_negated ? "lines without: " : "";
    for (size_t i = 0; i < filter.targets.size(); ++i) {
      if (i > 0) how += "; or ";
      how += Describe(filter.targets[i]);
    }
    steps.push_back({filter.filter, std::move(how)});
  }
  return steps;
}

bool BlockSearch::Passes(std::string_view line) const {
  return std::all_of(plan_.begin(), plan_.end(),
                     [line](const Filter& filter) { return filter.filter->Passes(line); });
}

}  // namespace glp::logql
