// The lines of one block that pass, by sets of lines: a bit each. What lines have a literal is told
// exactly: all lines of a kind whose text has it, and those with values that do what the literal
// asks of them at one of the places where it may stand (pack/template_match.h).
#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

// The first bytes of a short literal, for comparisons with those of values.
constexpr size_t kShort = 3;
class ShortLiteral {
 public:
  explicit ShortLiteral(const logql::LiteralFinder& finder) {
    for (size_t i = 0; i < finder.literal().size(); ++i) {
      const auto c = static_cast<unsigned char>(finder.literal()[i]);
      // Letters of both cases differ in one bit.
      const bool is_letter = finder.fold_case() && c >= 'a' && c <= 'z';
      literal_ |= uint32_t{c} << (8 * i);
      mask_ |= uint32_t{0xFF} << (8 * i);
      if (is_letter) fold_ |= uint32_t{0x20} << (8 * i);
    }
  }
  bool IsAt(const char* at) const {
    static_assert(kShort < sizeof(uint32_t) && sizeof(uint32_t) <= Values::kSlack);
    uint32_t bytes;
    std::memcpy(&bytes, at, sizeof bytes);
    return ((bytes | fold_) & mask_) == literal_;
  }
#ifdef __SSE2__
  // A bit for each of 64 values of kWidth (1, 2 or 4) bytes that has it `place` bytes behind its
  // begin.
  template <size_t kWidth>
  uint64_t FindIn64(const char* values, size_t place) const {
    const auto all = [&](uint32_t bytes) {
      bytes <<= 8 * place;
      return kWidth == 1   ? _mm_set1_epi8(static_cast<char>(bytes))
             : kWidth == 2 ? _mm_set1_epi16(static_cast<short>(bytes))
                           : _mm_set1_epi32(static_cast<int>(bytes));
    };
    const __m128i literal = all(literal_), mask = all(mask_), fold = all(fold_);
    uint64_t word = 0;
    for (size_t i = 0; i < 64; i += 16) {
      __m128i found[4];
      for (size_t part = 0; part < kWidth; ++part, values += 16) {
        const __m128i in = _mm_loadu_si128(reinterpret_cast<const __m128i*>(values));
        const __m128i looked = _mm_and_si128(_mm_or_si128(in, fold), mask);
        found[part] = kWidth == 1   ? _mm_cmpeq_epi8(looked, literal)
                      : kWidth == 2 ? _mm_cmpeq_epi16(looked, literal)
                                    : _mm_cmpeq_epi32(looked, literal);
      }
      if constexpr (kWidth == 4) {
        found[0] = _mm_packs_epi32(found[0], found[1]);
        found[1] = _mm_packs_epi32(found[2], found[3]);
      }
      if constexpr (kWidth > 1) found[0] = _mm_packs_epi16(found[0], found[1]);
      word |= static_cast<uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(found[0]))) << i;
    }
    return word;
  }
#endif

 private:
  uint32_t literal_ = 0, mask_ = 0, fold_ = 0;
};

// A bit for each of `count` values of one width, up to 64, that has the literal `place` bytes
// behind its begin. kWidth 0: of `width`.
template <size_t kWidth>
uint64_t FindAt(const ShortLiteral& literal, const char* at, size_t place, size_t width,
                size_t count) {
#ifdef __SSE2__
  if constexpr (kWidth == 1 || kWidth == 2 || kWidth == 4) {
    if (count == 64) return literal.FindIn64<kWidth>(at, place);
  }
#endif
  const size_t step = kWidth > 0 ? kWidth : width;
  at += place;
  uint64_t word = 0;
  if (count == 64) {
    for (size_t i = 0; i < 64; i += 4, at += 4 * step) {
      const uint64_t four = uint64_t{literal.IsAt(at)} | uint64_t{literal.IsAt(at + step)} << 1 |
                            uint64_t{literal.IsAt(at + 2 * step)} << 2 |
                            uint64_t{literal.IsAt(at + 3 * step)} << 3;
      word |= four << i;
    }
    return word;
  }
  for (size_t i = 0; i < count; ++i) word |= uint64_t{literal.IsAt(at + i * step)} << i;
  return word;
}

// As FindValues. REQUIRES: at most kShort bytes, not within values
bool FindShort(const Values& values, const logql::LiteralFinder& finder, Must must, Bits* found) {
  const ShortLiteral literal(finder);
  const size_t size = finder.literal().size();
  const size_t width = values.width();
  const char* const text = values.text().data();
  const auto find_at = width == 1   ? FindAt<1>
                       : width == 2 ? FindAt<2>
                       : width == 3 ? FindAt<3>
                       : width == 4 ? FindAt<4>
                                    : FindAt<0>;
  uint64_t any = 0;
  for (size_t first = 0; first < values.size(); first += 64) {
    const size_t count = std::min<size_t>(64, values.size() - first);
    uint64_t word = 0;
    if (width > 0) {
      const size_t place = must == Must::kEndWith ? width - size : 0;
      word = find_at(literal, text + first * width, place, width, count);
    } else {
      const uint32_t* const starts = values.starts().data() + first;
      for (size_t i = 0; i < count; ++i) {
        const size_t length = starts[i + 1] - starts[i];
        const bool fits = length >= size && (must != Must::kBe || length == size);
        const char* at = text + starts[i];
        if (must == Must::kEndWith && fits) at += length - size;
        word |= uint64_t{fits && literal.IsAt(at)} << i;
      }
    }
    (*found)[first / 64] = word;
    any |= word;
  }
  return any != 0;
}

// The values that do what `must` says with the literal; false where there are none.
// REQUIRES: it is not empty.
bool FindValues(const Values& values, const logql::LiteralFinder& finder, Must must, Bits* found) {
  const size_t size = finder.literal().size();
  const size_t width = values.width();
  if (width > 0 && (width < size || (must == Must::kBe && width > size))) return false;
  found->assign((values.size() + 63) / 64, 0);
  bool any = false;
  // A short literal that is in more than one of so many values is compared at the one place of
  // each.
  constexpr size_t kSeldom = 16, kFew = 4;
  const bool is_short = size <= kShort && must != Must::kHold;
  if (is_short && size == 1) return FindShort(values, finder, must, found);
  const std::string_view text = values.text();
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  size_t hits = 0;
  for (const char* at = begin; (at = finder.Find(at, end)) != nullptr;) {
    const auto place = static_cast<size_t>(at - begin);
    if (is_short && ++hits > kFew + place * values.size() / (text.size() * kSeldom)) {
      return FindShort(values, finder, must, found);
    }
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

// Bit i of what it gives: bit i + offset.
Bits MovedDown(const Bits& bits, size_t offset) {
  Bits out(bits.size());
  const size_t words = offset / 64, shift = offset % 64;
  for (size_t i = 0; i + words < bits.size(); ++i) {
    out[i] = bits[i + words] >> shift;
    if (shift > 0 && i + words + 1 < bits.size()) out[i] |= bits[i + words + 1] << (64 - shift);
  }
  return out;
}

}  // namespace

class TextSearch::BlockSelect {
 public:
  BlockSelect(const TextSearch& search, TextColumn* text, const BlockFilter* filter,
              const File* file, size_t begin, size_t end)
      : search_(search),
        text_(text),
        kinds_(text->kinds()),
        kind_of_(text->kind_of()),
        runs_(search, filter),
        file_(file),
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
  // Values of columns that go side by side, which are those of one line: of the meeting before,
  // and of a column the `offset`th of a line. Bits: as those of the first column.
  struct Meeting {
    uint32_t before;  // in meetings_, kNone
    const Task* task;
    uint32_t offset;
    bool any;
    Bits values;
  };
  struct ShapeRef {
    const Shapes* shapes;
    size_t number;
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
  static constexpr size_t kMaxKnown = 256;  // of what is remembered, and looked through

  void FindShapes();
  const Shapes::Shape& ShapeOf(size_t kind) const {
    return refs_[kind].shapes->shapes_[refs_[kind].number];
  }
  const Shapes::Found& FoundIn(size_t kind, uint32_t literal) const {
    const ShapeRef& ref = refs_[kind];
    return ref.shapes->found_[ref.number * search_.literals_.size() + literal];
  }
  Bits NoLines() const { return Bits((kind_of_.size() + 63) / 64); }
  // Adds all lines of the range that are of such kinds.
  void AddKinds(const std::vector<uint8_t>& kinds, Bits* lines) const;
  // The lines of such kinds that have the literal.
  Status FindLiteral(uint32_t literal, const std::vector<uint8_t>& kinds, Bits* lines);
  Result<bool> AddWays(uint32_t literal, size_t kind, Places* places);
  bool AreAlongside(uint32_t a, uint32_t b);
  uint32_t Meet(uint32_t before, const Task* task, uint32_t offset);
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
  const File* const file_;
  const size_t begin_, end_;
  Shapes shapes_;                             // of kinds that have no template of the file
  std::vector<ShapeRef> refs_;                // of each kind
  std::vector<uint32_t> offsets_, seen_;      // scratch
  std::vector<TemplateMatch::Piece> pieces_;  // scratch; their holes count those with a column
  std::vector<Meeting> meetings_;
  std::vector<std::pair<uint64_t, bool>> alongside_;  // what AreAlongside said of two columns
};

void TextSearch::BlockSelect::FindShapes() {
  refs_.reserve(kinds_.size());
  for (const TextColumn::Kind& kind : kinds_) {
    if (file_ != nullptr && !kind.whole && kind.number < file_->known_.size()) {
      refs_.push_back({&file_->shapes_, kind.number});
      continue;
    }
    refs_.push_back({&shapes_, shapes_.shapes_.size()});
    if (!kind.whole) {
      shapes_.Add(search_, kind.text);
    } else if (kind.constants.empty()) {
      shapes_.AddWhole(search_);
    } else {
      shapes_.Add(search_, {kind.constants[0].value, {}});
    }
  }
}

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

// Whether each line has as many values of the one column as of the other. False also where too
// many others were asked for.
bool TextSearch::BlockSelect::AreAlongside(uint32_t a, uint32_t b) {
  if (a == b) return true;
  const uint64_t key = uint64_t{std::min(a, b)} << 32 | std::max(a, b);
  for (const auto& [pair, are] : alongside_) {
    if (pair == key) return are;
  }
  if (alongside_.size() == kMaxKnown) return false;
  const bool are = std::all_of(kinds_.begin(), kinds_.end(), [&](const TextColumn::Kind& kind) {
    const auto& columns = kind.columns;
    return std::count(columns.begin(), columns.end(), a) ==
           std::count(columns.begin(), columns.end(), b);
  });
  alongside_.emplace_back(key, are);
  return are;
}

// The meeting of one (kNone: of none) and values; kNone where there are too many. Lines of other
// kinds have often met the same.
uint32_t TextSearch::BlockSelect::Meet(uint32_t before, const Task* task, uint32_t offset) {
  for (uint32_t i = 0; i < meetings_.size(); ++i) {
    const Meeting& known = meetings_[i];
    if (known.before == before && known.task == task && known.offset == offset) return i;
  }
  if (meetings_.size() == kMaxKnown) return kNone;
  Meeting meeting{before, task, offset, before == kNone, MovedDown(task->found, offset)};
  if (before != kNone) {
    uint64_t any = 0;
    for (size_t i = 0; i < meeting.values.size(); ++i) {
      any |= meeting.values[i] &= meetings_[before].values[i];
    }
    meeting.any = any != 0;
  }
  meetings_.push_back(std::move(meeting));
  return static_cast<uint32_t>(meetings_.size() - 1);
}

// True where the constants of the kind say that all its lines have the literal; then no way is
// left.
Result<bool> TextSearch::BlockSelect::AddWays(uint32_t literal, size_t number, Places* places) {
  const TextColumn::Kind& kind = kinds_[number];
  const TemplateMatch& match = search_.literals_[literal];
  if (kind.whole || match.is_run() ? !runs_.MayHold(literal) : !runs_.MayJoin(literal)) {
    return false;
  }
  const auto constant_of = [&](uint32_t hole) {
    return std::lower_bound(
        kind.constants.begin(), kind.constants.end(), hole,
        [](const TextColumn::Constant& constant, uint32_t at) { return constant.hole < at; });
  };
  const auto is_constant = [&](auto constant, uint32_t hole) {
    return constant != kind.constants.end() && constant->hole == hole;
  };
  // Which of the values of a column in a line that of a hole is.
  offsets_.clear();
  const auto add = [&](size_t index, uint32_t run) -> Result<bool> {
    const uint32_t column = kind.columns[index];
    GLP_ASSIGN_OR_RETURN(const Task* const task, TaskOf(literal, column, run, places));
    if (!task->any) return false;
    if (offsets_.empty()) {
      for (const uint32_t each : kind.columns) offsets_.push_back(seen_[each]++);
      for (const uint32_t each : kind.columns) seen_[each] = 0;
    }
    if (places->slots[column] == kNone) places->slots[column] = places->slot_count++;
    places->checks.push_back({task, places->slots[column], offsets_[index]});
    return true;
  };
  const size_t had_checks = places->checks.size(), had_ends = places->ends.size();
  if (kind.whole || match.is_run()) {
    for (const TextColumn::Constant& constant : kind.constants) {
      if (match.finder().IsIn(constant.value)) return true;
    }
    for (size_t index = 0; index < kind.columns.size(); ++index) {
      GLP_ASSIGN_OR_RETURN(const bool any, add(index, kind.whole ? kNone : 0));
      if (any) places->ends.push_back(static_cast<uint32_t>(places->checks.size()));
    }
    return false;
  }
  const Shapes& shapes = *refs_[number].shapes;
  const Shapes::Found& found = FoundIn(number, literal);
  for (uint32_t way = found.ways_begin; way < found.ways_end; ++way) {
    const size_t size = places->checks.size();
    const uint32_t end = shapes.ends_[way];
    const uint32_t begin = way > 0 ? shapes.ends_[way - 1] : 0;
    bool may_be = true;
    pieces_.clear();  // those that columns decide
    for (uint32_t i = begin; i < end && may_be; ++i) {
      const TemplateMatch::Piece& piece = shapes.pieces_[i];
      const auto constant = constant_of(piece.hole);
      if (is_constant(constant, piece.hole)) {
        may_be = match.runs()[piece.run].IsDoneBy(constant->value);
      } else {
        may_be = runs_.MayBe(literal, piece.run);
        pieces_.push_back(
            {piece.hole - static_cast<uint32_t>(constant - kind.constants.begin()), piece.run});
      }
    }
    if (!may_be) continue;
    if (pieces_.empty()) {
      places->checks.resize(had_checks);
      places->ends.resize(had_ends);
      return true;
    }
    // The longest piece first: where it is in no value, the others need not be looked for.
    const auto size_of = [&](const TemplateMatch::Piece& piece) {
      return match.runs()[piece.run].end - match.runs()[piece.run].begin;
    };
    const auto longest =
        std::max_element(pieces_.begin(), pieces_.end(),
                         [&](const auto& a, const auto& b) { return size_of(a) < size_of(b); });
    std::rotate(pieces_.begin(), longest, longest + 1);
    uint32_t meeting = kNone;
    const uint32_t first_column = kind.columns[pieces_[0].hole];
    for (size_t i = 0; i < pieces_.size() && may_be; ++i) {
      const uint32_t index = pieces_[i].hole;
      GLP_ASSIGN_OR_RETURN(may_be, add(index, pieces_[i].run));
      if (!may_be || !AreAlongside(first_column, kind.columns[index])) continue;
      const uint32_t met = Meet(meeting, places->checks.back().task, offsets_[index]);
      if (met == kNone) continue;
      meeting = met;
      may_be = meetings_[met].any;
    }
    if (may_be) {
      places->ends.push_back(static_cast<uint32_t>(places->checks.size()));
    } else {
      places->checks.resize(size);
    }
  }
  return false;
}

Status TextSearch::BlockSelect::FindLiteral(uint32_t literal, const std::vector<uint8_t>& kinds,
                                            Bits* lines) {
  Places places;
  meetings_.clear();  // tell tasks of the places
  places.slots.assign(text_->columns(), kNone);
  seen_.assign(text_->columns(), 0);
  std::vector<uint8_t> always(kinds_.size());
  for (size_t kind = 0; kind < kinds_.size(); ++kind) {
    if (kinds[kind] != 0) {
      always[kind] = FoundIn(kind, literal).answer == TemplateMatch::Answer::kAlways ? 1 : 0;
      if (always[kind] == 0) {
        GLP_ASSIGN_OR_RETURN(const bool is_always, AddWays(literal, kind, &places));
        always[kind] = is_always ? 1 : 0;
      }
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
  Bits may;  // empty before the first clause
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
        const Shapes::Shape& shape = ShapeOf(kind);
        if (!(clause.unless == Unless::kKelvin ? shape.is_kelvin : shape.is_wide)) {
          exceptions[kind] = 0;
        }
      }
      if (target.decides) std::fill(lines.begin(), lines.end(), 0);
      AddKinds(exceptions, &lines);
    } else if (target.decides) {
      return Status::Ok();
    }
    // The clause finds lines of these kinds alone.
    if (may.empty()) {
      may = std::move(lines);
    } else {
      for (size_t i = 0; i < lines.size(); ++i) may[i] &= lines[i];
    }
    if (std::all_of(may.begin(), may.end(), [](uint64_t word) { return word == 0; })) {
      return Status::Ok();
    }
  }
  if (target.clauses.empty()) {
    may = NoLines();
    AddKinds(kinds, &may);
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
  FindShapes();
  std::vector<uint8_t> alive, irregular(kinds_.size());
  for (size_t kind = 0; kind < kinds_.size(); ++kind) {
    for (uint32_t literal = 0; literal < search_.literals_.size(); ++literal) {
      if (FoundIn(kind, literal).answer == TemplateMatch::Answer::kOpen) irregular[kind] = 1;
    }
    const ShapeRef& ref = refs_[kind];
    alive.push_back(search_.Decide(*ref.shapes, ref.number, runs_) == Answer::kNever ? 0 : 1);
  }
  if (std::find(alive.begin(), alive.end(), 1) == alive.end()) return Status::Ok();
  Bits passing, must_look = NoLines();  // passing: empty until a filter has told them
  for (const Filter& filter : search_.filters_) {
    std::vector<uint8_t> always(kinds_.size()), maybe(kinds_.size()), unknown(kinds_.size());
    bool any = false;
    for (size_t kind = 0; kind < kinds_.size(); ++kind) {
      if (alive[kind] == 0) continue;
      const ShapeRef& ref = refs_[kind];
      const Answer answer = search_.Decide(filter, *ref.shapes, ref.number, runs_);
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
                          const File* file, bool want_lines, Selection* selection) const {
  return BlockSelect(*this, text, filter, file, begin, end).Run(want_lines, selection);
}

}  // namespace glp::pack
