#include "pack/text_search.h"

#include <algorithm>

#include "codec/pattern.h"
#include "logql/ip.h"

namespace glp::pack {
namespace {

using Must = TemplateMatch::Must;
using Op = logql::LineFilter::Op;
using Unless = logql::LineSearch::Unless;

bool IsNegated(Op op) {
  return op == Op::kNotContains || op == Op::kNotMatch || op == Op::kNotPattern;
}

}  // namespace

TextSearch::TextSearch(const std::vector<logql::LineFilter>& filters) {
  constexpr int kNegated = 1 << 16, kUndecided = 1 << 12;
  for (const logql::LineFilter& filter : filters) {
    Filter& made = filters_.emplace_back();
    made.is_negated = IsNegated(filter.op);
    if (made.is_negated) made.cost += kNegated;
    for (const logql::LineFilter::Alternative& alternative : filter.alternatives) {
      const Target& target = made.targets.emplace_back(MakeTarget(alternative));
      made.cost += target.decides ? 1 : kUndecided;
    }
  }
  std::stable_sort(filters_.begin(), filters_.end(),
                   [](const Filter& a, const Filter& b) { return a.cost < b.cost; });
}

uint32_t TextSearch::AddLiteral(const logql::LiteralFinder& finder) {
  for (uint32_t i = 0; i < literals_.size(); ++i) {
    if (literals_[i].literal() == finder.literal() &&
        literals_[i].finder().fold_case() == finder.fold_case()) {
      return i;
    }
  }
  literals_.emplace_back(finder);
  return static_cast<uint32_t>(literals_.size() - 1);
}

TextSearch::Target TextSearch::MakeTarget(const logql::LineFilter::Alternative& alternative) {
  Target target;
  const auto add = [&](std::string_view literal) {
    if (literal.empty()) return;
    target.clauses.push_back({{AddLiteral({literal, /*fold_case=*/false})}});
  };
  if (alternative.search != nullptr) {
    target.decides = alternative.search->clue_decides();
    for (const logql::LineSearch::Clause& clause : alternative.search->clauses()) {
      Clause& made = target.clauses.emplace_back();
      made.unless = clause.unless;
      for (const auto& literal : clause.literals) made.literals.push_back(AddLiteral(literal));
    }
  } else if (alternative.ip != nullptr) {
    add(alternative.ip->Prefix());
  } else if (alternative.pattern != nullptr) {
    add(alternative.pattern->longest_literal());
  }
  return target;
}

void TextSearch::Shapes::Add(const TextSearch& search, const Template& text) {
  const bool is_wide = !logql::IsAscii(text.text);
  const bool is_kelvin = is_wide && logql::LineSearch::MayHold(Unless::kKelvin, text.text);
  shapes_.push_back({false, !text.holes.empty(), is_kelvin, is_wide});
  for (const TemplateMatch& literal : search.literals_) {
    const auto begin = static_cast<uint32_t>(ends_.size());
    const TemplateMatch::Answer answer = literal.Find(text, &pieces_, &ends_);
    found_.push_back({answer, begin, static_cast<uint32_t>(ends_.size())});
  }
}

void TextSearch::Shapes::AddWhole(const TextSearch& search) {
  shapes_.push_back({true, true, true, true});
  const auto end = static_cast<uint32_t>(ends_.size());
  for (const TemplateMatch& literal : search.literals_) {
    const bool is_empty = literal.literal().empty();
    found_.push_back(
        {is_empty ? TemplateMatch::Answer::kAlways : TemplateMatch::Answer::kNever, end, end});
  }
}

bool TextSearch::Runs::MayJoin(const TemplateMatch& literal, const BlockFilter& filter) {
  const std::vector<TemplateMatch::Run>& runs = literal.runs();
  for (size_t i = 2; i < runs.size(); ++i) {
    const TemplateMatch::Run& first = runs[i - 2];
    const TemplateMatch::Run& middle = runs[i - 1];
    if (first.end + 1 != middle.begin || middle.end + 1 != runs[i].begin) continue;
    // What of it is not in the literal may be the second byte that the key has.
    const bool is_cut = first.must == Must::kEndWith && first.end - first.begin < 2;
    if (is_cut && middle.end - middle.begin < kMaxJoinMiddle) continue;
    const std::string_view join = JoinOf(literal.literal(), first.begin, middle.begin, middle.end);
    if (!join.empty() && !filter.MayHoldJoin(join)) return false;
  }
  return true;
}

TextSearch::Runs::Runs(const TextSearch& search, const BlockFilter* filter) {
  for (const TemplateMatch& literal : search.literals_) {
    starts_.push_back(static_cast<uint32_t>(may_be_.size()));
    for (const TemplateMatch::Run& run : literal.runs()) {
      const std::string_view text = literal.literal().substr(run.begin, run.end - run.begin);
      const bool begins = run.must == Must::kBe || run.must == Must::kBeginWith;
      const bool ends = run.must == Must::kBe || run.must == Must::kEndWith;
      may_be_.push_back(filter == nullptr ||
                        (filter->MayHold(text) && (!begins || filter->MayBeginWith(text)) &&
                         (!ends || filter->MayEndWith(text))));
    }
    may_join_.push_back(filter == nullptr || MayJoin(literal, *filter));
    may_hold_.push_back(filter == nullptr || filter->MayHold(literal.literal()));
  }
}

TextSearch::Answer TextSearch::DecideLiteral(uint32_t literal, const Shapes& shapes, size_t shape,
                                             const Runs& runs) const {
  const Shapes::Shape& about = shapes.shapes_[shape];
  const Shapes::Found& found = shapes.found_[shape * literals_.size() + literal];
  if (found.answer == TemplateMatch::Answer::kAlways) return Answer::kAlways;
  if (found.answer == TemplateMatch::Answer::kOpen) return Answer::kMaybe;
  if (about.whole || (about.has_holes && literals_[literal].is_run())) {
    return runs.MayHold(literal) ? Answer::kMaybe : Answer::kNever;
  }
  if (!runs.MayJoin(literal)) return Answer::kNever;
  for (uint32_t way = found.ways_begin; way < found.ways_end; ++way) {
    const uint32_t end = shapes.ends_[way];
    uint32_t piece = way > 0 ? shapes.ends_[way - 1] : 0;
    while (piece < end && runs.MayBe(literal, shapes.pieces_[piece].run)) ++piece;
    if (piece == end) return Answer::kMaybe;
  }
  return Answer::kNever;
}

TextSearch::Answer TextSearch::DecideClause(const Clause& clause, const Shapes& shapes,
                                            size_t shape, const Runs& runs) const {
  const Shapes::Shape& about = shapes.shapes_[shape];
  const bool is_exception = (clause.unless == Unless::kKelvin && about.is_kelvin) ||
                            (clause.unless == Unless::kWide && about.is_wide);
  Answer answer = is_exception ? Answer::kMaybe : Answer::kNever;
  for (const uint32_t literal : clause.literals) {
    answer = std::max(answer, DecideLiteral(literal, shapes, shape, runs));
    if (answer == Answer::kAlways) break;
  }
  return answer;
}

TextSearch::Answer TextSearch::Decide(const Filter& filter, const Shapes& shapes, size_t shape,
                                      const Runs& runs) const {
  Answer found = Answer::kNever;
  for (const Target& target : filter.targets) {
    Answer answer = Answer::kAlways;
    for (const Clause& clause : target.clauses) {
      answer = std::min(answer, DecideClause(clause, shapes, shape, runs));
    }
    if (!target.decides) answer = std::min(answer, Answer::kMaybe);
    found = std::max(found, answer);
  }
  if (!filter.is_negated || found == Answer::kMaybe) return found;
  return found == Answer::kAlways ? Answer::kNever : Answer::kAlways;
}

TextSearch::Answer TextSearch::Decide(const Shapes& shapes, size_t shape, const Runs& runs) const {
  Answer answer = Answer::kAlways;
  for (const Filter& filter : filters_) {
    answer = std::min(answer, Decide(filter, shapes, shape, runs));
  }
  return answer;
}

TextSearch::File::File(const TextSearch& search, const Templates& templates) : search_(search) {
  for (size_t i = 0; i < templates.size(); ++i) {
    shapes_.Add(search, templates[i]);
    known_.push_back(templates.has(i));
  }
  shapes_.AddWhole(search);
}

TextSearch::Answer TextSearch::File::Decide(const BlockFilter& filter) const {
  const Runs runs(search_, &filter);
  bool some = false, all = true;
  const auto take = [&](size_t shape) {
    const Answer answer = search_.Decide(shapes_, shape, runs);
    some |= answer != Answer::kNever;
    all &= answer == Answer::kAlways;
  };
  if (filter.has_whole()) take(known_.size());
  for (const uint32_t number : filter.templates()) {
    if (some && !all) break;
    // Reading the block will say what is lost.
    if (number >= known_.size() || !known_[number]) return Answer::kMaybe;
    take(number);
  }
  return !some ? Answer::kNever : all ? Answer::kAlways : Answer::kMaybe;
}

}  // namespace glp::pack
