// The lines of one block that pass, by sets of lines: a bit each. What lines have a literal is told
// exactly: all lines of a kind whose text has it, and those with values that do what the literal
// asks of them at one of the places where it may stand (pack/template_match.h).
#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "pack/text_search.h"

namespace glp::pack {
namespace {

using Bits = std::vector<uint64_t>;
using Must = TemplateMatch::Must;
using Unless = logql::LineSearch::Unless;

bool Has(const Bits& bits, size_t i) { return (bits[i / 64] >> (i % 64) & 1) != 0; }
void Set(Bits* bits, size_t i) { (*bits)[i / 64] |= uint64_t{1} << (i % 64); }

template <typename Each>
void ForEach(const Bits& bits, const Each& each) {
  for (size_t word = 0; word < bits.size(); ++word) {
    for (uint64_t left = bits[word]; left != 0; left &= left - 1) {
      each(static_cast<uint32_t>(word * 64 + static_cast<size_t>(__builtin_ctzll(left))));
    }
  }
}

size_t Count(const Bits& bits) {
  size_t count = 0;
  for (const uint64_t word : bits) count += static_cast<size_t>(__builtin_popcountll(word));
  return count;
}

// The values that do what `must` says with the literal; false where there are none.
// REQUIRES: it is not empty.
bool FindValues(const Values& values, const logql::LiteralFinder& finder, Must must, Bits* found) {
  const size_t size = finder.literal().size();
  const size_t width = values.width();
  if (width > 0 && (width < size || (must == Must::kBe && width > size))) return false;
  found->assign((values.size() + 63) / 64, 0);
  bool any = false;
  // Literals that are at too many places of other values are compared at the one place.
  constexpr size_t kShort = 3;
  if (size <= kShort && must != Must::kHold) {
    // The first `size` of four bytes; letters of both cases differ in one bit.
    uint32_t literal = 0, mask = 0, fold = 0;
    for (size_t i = 0; i < size; ++i) {
      const auto c = static_cast<unsigned char>(finder.literal()[i]);
      const bool is_letter = finder.fold_case() && c >= 'a' && c <= 'z';
      literal |= uint32_t{c} << (8 * i);
      mask |= uint32_t{0xFF} << (8 * i);
      if (is_letter) fold |= uint32_t{0x20} << (8 * i);
    }
    static_assert(kShort < sizeof literal && sizeof literal <= Values::kSlack);
    const auto is_it = [&](const char* at) {
      uint32_t bytes;
      std::memcpy(&bytes, at, sizeof bytes);
      return ((bytes | fold) & mask) == literal;
    };
    const char* const text = values.text().data();
    for (size_t first = 0; first < values.size(); first += 64) {
      const size_t count = std::min<size_t>(64, values.size() - first);
      uint64_t word = 0;
      if (width > 0) {
        const char* at = text + first * width + (must == Must::kEndWith ? width - size : 0);
        for (size_t i = 0; i < count; ++i) word |= uint64_t{is_it(at + i * width)} << i;
      } else {
        const uint32_t* const starts = values.starts().data() + first;
        for (size_t i = 0; i < count; ++i) {
          const size_t length = starts[i + 1] - starts[i];
          const bool fits = length >= size && (must != Must::kBe || length == size);
          const char* at = text + starts[i];
          word |= uint64_t{fits && is_it(must == Must::kEndWith && fits ? at + length - size : at)}
                  << i;
        }
      }
      (*found)[first / 64] = word;
      any |= word != 0;
    }
    return any;
  }
  const std::string_view text = values.text();
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  for (const char* at = begin; (at = finder.Find(at, end)) != nullptr;) {
    const auto place = static_cast<size_t>(at - begin);
    size_t i, from, to;
    if (width > 0) {
      i = place / width;
      from = i * width;
      to = from + width;
    } else {
      const std::vector<uint32_t>& starts = values.starts();
      i = static_cast<size_t>(std::upper_bound(starts.begin(), starts.end(), place) -
                              starts.begin()) -
          1;
      from = starts[i];
      to = starts[i + 1];
    }
    const bool begins = place == from, ends = place + size == to;
    const bool is_found = must == Must::kHold        ? place + size <= to
                          : must == Must::kBeginWith ? begins && place + size <= to
                          : must == Must::kEndWith   ? ends
                                                     : begins && ends;
    if (is_found) {
      Set(found, i);
      any = true;
    }
    // An end may be behind what is no end; a part of this value and the next is nothing.
    at = must == Must::kEndWith && place + size < to ? at + 1 : begin + to;
  }
  return any;
}

}  // namespace

class TextSearch::BlockSelect {
 public:
  BlockSelect(const TextSearch& search, TextColumn* text, const BlockFilter* filter, size_t begin,
              size_t end)
      : search_(search),
        text_(text),
        kinds_(text->kinds()),
        kind_of_(text->kind_of()),
        runs_(search, filter),
        begin_(begin),
        end_(end) {}

  Status Run(bool want_lines, Selection* selection);

 private:
  // A run of a literal in a column: the values that do what it asks.
  struct Task {
    bool any = false;
    Bits found;
  };
  // A value of a line: the `offset`th of a column in it, of those that are walked.
  struct Check {
    const Task* task;
    uint32_t slot;
    uint32_t offset;
  };
  struct Use {
    uint32_t slot;
    uint32_t count;
  };
  // The columns that a literal's places are in, read along the lines.
  struct Places {
    std::unordered_map<uint64_t, Task> tasks;
    std::vector<Check> checks;
    std::vector<uint32_t> ends;       // of each way in `checks`
    std::vector<uint32_t> kind_ends;  // of each kind in `ends`
    std::vector<uint32_t> slots;      // of each column; kNone
    uint32_t slot_count = 0;
  };
  static constexpr uint32_t kNone = UINT32_MAX;

  Bits NoLines() const { return Bits((kind_of_.size() + 63) / 64); }
  // Adds all lines of the range that are of such kinds.
  void AddKinds(const std::vector<uint8_t>& kinds, Bits* lines) const;
  // The lines of such kinds that have the literal.
  Status FindLiteral(uint32_t literal, const std::vector<uint8_t>& kinds, Bits* lines);
  Status AddWays(uint32_t literal, size_t kind, Places* places);
  Result<const Task*> TaskOf(uint32_t literal, uint32_t column, uint32_t run, Places* places);
  void Walk(const Places& places, Bits* lines) const;
  // Lines of such kinds that the filter finds, and those it may find.
  Status Apply(const Filter& filter, const std::vector<uint8_t>& kinds, Bits* found, Bits* open);
  Status Apply(const Target& target, const std::vector<uint8_t>& kinds, Bits* found, Bits* open);

  const TextSearch& search_;
  TextColumn* const text_;
  const std::vector<TextColumn::Kind>& kinds_;
  const std::vector<uint16_t>& kind_of_;
  const Runs runs_;
  const size_t begin_, end_;
  Shapes shapes_;
  std::vector<uint32_t> offsets_, seen_;  // scratch
};

void TextSearch::BlockSelect::AddKinds(const std::vector<uint8_t>& kinds, Bits* lines) const {
  if (std::find(kinds.begin(), kinds.end(), 1) == kinds.end()) return;
  for (size_t row = begin_; row < end_;) {
    const size_t stop = std::min(end_, (row / 64 + 1) * 64);
    uint64_t word = 0;
    const size_t index = row / 64;
    for (; row < stop; ++row) word |= uint64_t{kinds[kind_of_[row]]} << (row % 64);
    (*lines)[index] |= word;
  }
}

Result<const TextSearch::BlockSelect::Task*> TextSearch::BlockSelect::TaskOf(uint32_t literal,
                                                                             uint32_t column,
                                                                             uint32_t run,
                                                                             Places* places) {
  const auto [task, is_new] = places->tasks.try_emplace(uint64_t{column} << 32 | run);
  if (!is_new) return &task->second;
  const TemplateMatch& match = search_.literals_[literal];
  const logql::LiteralFinder& finder = run == kNone ? match.finder() : match.runs()[run].finder;
  if (!text_->shape(column).MayHold(finder.literal(), finder.fold_case())) return &task->second;
  GLP_ASSIGN_OR_RETURN(const Values* const values, text_->Column(column));
  const Must must = run == kNone ? Must::kHold : match.runs()[run].must;
  task->second.any = FindValues(*values, finder, must, &task->second.found);
  return &task->second;
}

Status TextSearch::BlockSelect::AddWays(uint32_t literal, size_t number, Places* places) {
  const TextColumn::Kind& kind = kinds_[number];
  const TemplateMatch& match = search_.literals_[literal];
  if (kind.whole || match.is_run() ? !runs_.MayHold(literal) : !runs_.MayJoin(literal)) {
    return Status::Ok();
  }
  // Which of the values of a column in a line that of a hole is.
  offsets_.clear();
  for (const uint32_t column : kind.columns) offsets_.push_back(seen_[column]++);
  for (const uint32_t column : kind.columns) seen_[column] = 0;
  const auto add = [&](uint32_t hole, uint32_t run) -> Result<bool> {
    const uint32_t column = kind.columns[hole];
    GLP_ASSIGN_OR_RETURN(const Task* const task, TaskOf(literal, column, run, places));
    if (!task->any) return false;
    if (places->slots[column] == kNone) places->slots[column] = places->slot_count++;
    places->checks.push_back({task, places->slots[column], offsets_[hole]});
    return true;
  };
  if (kind.whole || match.is_run()) {
    for (uint32_t hole = 0; hole < kind.columns.size(); ++hole) {
      GLP_ASSIGN_OR_RETURN(const bool any, add(hole, kind.whole ? kNone : 0));
      if (any) places->ends.push_back(static_cast<uint32_t>(places->checks.size()));
    }
    return Status::Ok();
  }
  const Shapes::Found& found = shapes_.found_[number * search_.literals_.size() + literal];
  for (uint32_t way = found.ways_begin; way < found.ways_end; ++way) {
    const size_t size = places->checks.size();
    const uint32_t end = shapes_.ends_[way];
    const uint32_t begin = way > 0 ? shapes_.ends_[way - 1] : 0;
    bool may_be = true;
    for (uint32_t i = begin; i < end; ++i) may_be &= runs_.MayBe(literal, shapes_.pieces_[i].run);
    // The longest piece first: where it is in no value, the others need not be looked for.
    const auto size_of = [&](uint32_t piece) {
      const TemplateMatch::Run& run = match.runs()[shapes_.pieces_[piece].run];
      return run.end - run.begin;
    };
    uint32_t longest = begin;
    for (uint32_t i = begin + 1; i < end; ++i) {
      if (size_of(i) > size_of(longest)) longest = i;
    }
    if (may_be) {
      GLP_ASSIGN_OR_RETURN(may_be,
                           add(shapes_.pieces_[longest].hole, shapes_.pieces_[longest].run));
    }
    for (uint32_t i = begin; i < end && may_be; ++i) {
      if (i == longest) continue;
      GLP_ASSIGN_OR_RETURN(may_be, add(shapes_.pieces_[i].hole, shapes_.pieces_[i].run));
    }
    if (may_be) {
      places->ends.push_back(static_cast<uint32_t>(places->checks.size()));
    } else {
      places->checks.resize(size);
    }
  }
  return Status::Ok();
}

Status TextSearch::BlockSelect::FindLiteral(uint32_t literal, const std::vector<uint8_t>& kinds,
                                            Bits* lines) {
  Places places;
  places.slots.assign(text_->columns(), kNone);
  seen_.assign(text_->columns(), 0);
  std::vector<uint8_t> always(kinds_.size());
  for (size_t kind = 0; kind < kinds_.size(); ++kind) {
    if (kinds[kind] != 0) {
      const Shapes::Found& found = shapes_.found_[kind * search_.literals_.size() + literal];
      always[kind] = found.answer == TemplateMatch::Answer::kAlways ? 1 : 0;
      if (always[kind] == 0) GLP_RETURN_IF_ERROR(AddWays(literal, kind, &places));
    }
    places.kind_ends.push_back(static_cast<uint32_t>(places.ends.size()));
  }
  AddKinds(always, lines);
  if (!places.ends.empty()) Walk(places, lines);
  return Status::Ok();
}

void TextSearch::BlockSelect::Walk(const Places& places, Bits* lines) const {
  // How far each kind's lines take the columns that are walked.
  std::vector<Use> uses;
  std::vector<uint32_t> use_ends;
  std::vector<uint32_t> counts(places.slot_count);
  for (const TextColumn::Kind& kind : kinds_) {
    for (const uint32_t column : kind.columns) {
      if (places.slots[column] != kNone) ++counts[places.slots[column]];
    }
    for (const uint32_t column : kind.columns) {
      const uint32_t slot = places.slots[column];
      if (slot == kNone || counts[slot] == 0) continue;
      uses.push_back({slot, std::exchange(counts[slot], 0)});
    }
    use_ends.push_back(static_cast<uint32_t>(uses.size()));
  }
  std::vector<size_t> cursors(places.slot_count);
  const auto is_way = [&](uint32_t from, uint32_t to) {
    for (; from < to; ++from) {
      const Check& check = places.checks[from];
      if (!Has(check.task->found, cursors[check.slot] + check.offset)) return false;
    }
    return true;
  };
  for (size_t row = 0; row < end_; ++row) {
    const uint16_t kind = kind_of_[row];
    const uint32_t use_end = use_ends[kind];
    uint32_t use = kind > 0 ? use_ends[kind - 1] : 0;
    if (use == use_end) continue;
    if (row >= begin_) {
      const uint32_t way_end = places.kind_ends[kind];
      for (uint32_t way = kind > 0 ? places.kind_ends[kind - 1] : 0; way < way_end; ++way) {
        if (!is_way(way > 0 ? places.ends[way - 1] : 0, places.ends[way])) continue;
        Set(lines, row);
        break;
      }
    }
    for (; use < use_end; ++use) cursors[uses[use].slot] += uses[use].count;
  }
}

Status TextSearch::BlockSelect::Apply(const Target& target, const std::vector<uint8_t>& kinds,
                                      Bits* found, Bits* open) {
  Bits may = NoLines();
  AddKinds(kinds, &may);
  for (const Clause& clause : target.clauses) {
    Bits lines = NoLines();
    for (const uint32_t literal : clause.literals) {
      GLP_RETURN_IF_ERROR(FindLiteral(literal, kinds, &lines));
    }
    if (target.decides) {
      for (size_t i = 0; i < lines.size(); ++i) (*found)[i] |= lines[i];
    }
    if (clause.unless != Unless::kNever) {
      std::vector<uint8_t> exceptions = kinds;
      for (size_t kind = 0; kind < kinds_.size(); ++kind) {
        const Shapes::Shape& shape = shapes_.shapes_[kind];
        if (!(clause.unless == Unless::kKelvin ? shape.is_kelvin : shape.is_wide)) {
          exceptions[kind] = 0;
        }
      }
      if (target.decides) std::fill(lines.begin(), lines.end(), 0);
      AddKinds(exceptions, &lines);
    } else if (target.decides) {
      return Status::Ok();
    }
    bool any = false;
    for (size_t i = 0; i < lines.size(); ++i) any |= (may[i] &= lines[i]) != 0;
    if (!any) return Status::Ok();
  }
  for (size_t i = 0; i < may.size(); ++i) (*open)[i] |= may[i];
  return Status::Ok();
}

Status TextSearch::BlockSelect::Apply(const Filter& filter, const std::vector<uint8_t>& kinds,
                                      Bits* found, Bits* open) {
  for (const Target& target : filter.targets) {
    GLP_RETURN_IF_ERROR(Apply(target, kinds, found, open));
  }
  return Status::Ok();
}

Status TextSearch::BlockSelect::Run(bool want_lines, Selection* selection) {
  // Fewer lines than these are rebuilt rather than looked for in columns.
  constexpr size_t kFew = 16;
  selection->rows.clear();
  selection->open.clear();
  const size_t literals = search_.literals_.size();
  std::vector<uint8_t> alive, irregular(kinds_.size());
  for (size_t kind = 0; kind < kinds_.size(); ++kind) {
    if (kinds_[kind].whole) {
      shapes_.AddWhole(search_);
    } else {
      shapes_.Add(search_, kinds_[kind].text);
    }
    for (size_t literal = 0; literal < literals; ++literal) {
      if (shapes_.found_[kind * literals + literal].answer == TemplateMatch::Answer::kOpen) {
        irregular[kind] = 1;
      }
    }
    alive.push_back(search_.Decide(shapes_, kind, runs_) == Answer::kNever ? 0 : 1);
  }
  if (std::find(alive.begin(), alive.end(), 1) == alive.end()) return Status::Ok();
  Bits passing, must_look = NoLines();  // passing: empty until a filter has told them
  for (const Filter& filter : search_.filters_) {
    std::vector<uint8_t> always(kinds_.size()), maybe(kinds_.size()), unknown(kinds_.size());
    bool any = false;
    for (size_t kind = 0; kind < kinds_.size(); ++kind) {
      if (alive[kind] == 0) continue;
      const Answer answer = search_.Decide(filter, shapes_, kind, runs_);
      always[kind] = answer == Answer::kAlways ? 1 : 0;
      maybe[kind] = answer == Answer::kMaybe && irregular[kind] == 0 ? 1 : 0;
      unknown[kind] = answer == Answer::kMaybe && irregular[kind] != 0 ? 1 : 0;
      any |= answer == Answer::kMaybe;
    }
    if (!any) continue;
    Bits found = NoLines(), open = NoLines();
    const size_t left = passing.empty() ? kFew + 1 : Count(passing);
    if (left == 0) return Status::Ok();
    if (left <= kFew && want_lines) {
      AddKinds(maybe, &open);
    } else {
      GLP_RETURN_IF_ERROR(Apply(filter, maybe, &found, &open));
    }
    AddKinds(unknown, &open);
    Bits sure = NoLines();
    AddKinds(always, &sure);
    if (filter.is_negated) {
      Bits all_maybe = NoLines();
      AddKinds(maybe, &all_maybe);
      for (size_t i = 0; i < sure.size(); ++i) sure[i] |= all_maybe[i] & ~found[i] & ~open[i];
      for (size_t i = 0; i < open.size(); ++i) open[i] &= ~found[i];
    } else {
      for (size_t i = 0; i < sure.size(); ++i) sure[i] |= found[i];
    }
    for (size_t i = 0; i < sure.size(); ++i) must_look[i] |= open[i] & ~sure[i];
    for (size_t i = 0; i < sure.size(); ++i) sure[i] |= open[i];
    if (passing.empty()) {
      passing = std::move(sure);
    } else {
      for (size_t i = 0; i < passing.size(); ++i) passing[i] &= sure[i];
    }
  }
  if (passing.empty()) {
    passing = NoLines();
    AddKinds(alive, &passing);
  }
  ForEach(passing, [&](uint32_t row) {
    selection->rows.push_back(row);
    if (Has(must_look, row)) selection->open.push_back(row);
  });
  return Status::Ok();
}

Status TextSearch::Select(TextColumn* text, size_t begin, size_t end, const BlockFilter* filter,
                          bool want_lines, Selection* selection) const {
  return BlockSelect(*this, text, filter, begin, end).Run(want_lines, selection);
}

}  // namespace glp::pack
