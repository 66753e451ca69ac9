#include "pack/line_encoder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "pack/block_filter.h"
#include "pack/text_column.h"
#include "pack/varint.h"

namespace glp::pack {
namespace {

// What bytes a value has; of several values all that any has.
constexpr uint8_t kDigits = 1;
constexpr uint8_t kLowerHex = 2;
constexpr uint8_t kUpperHex = 4;
constexpr uint8_t kOther = 8;
constexpr std::array<uint8_t, 256> kClassOf = [] {
  std::array<uint8_t, 256> classes{};
  for (int c = 0; c < 256; ++c) {
    if (c >= '0' && c <= '9') {
      classes[c] = kDigits;
    } else if (c >= 'a' && c <= 'f') {
      classes[c] = kLowerHex;
    } else if (c >= 'A' && c <= 'F') {
      classes[c] = kUpperHex;
    } else {
      classes[c] = kOther;
    }
  }
  return classes;
}();
// Only whether there are digits, hex digits of one case, or anything else.
uint8_t Shape(uint8_t classes) {
  if ((classes & kOther) != 0 || (classes & (kLowerHex | kUpperHex)) == (kLowerHex | kUpperHex)) {
    return kOther;
  }
  return classes & (kLowerHex | kUpperHex);
}

// Holes of more lengths than this are not split by length, nor such that lines of a kind would be
// few.
constexpr unsigned kMaxLengths = 8;
constexpr uint64_t kLinesOfKind = 8;
constexpr size_t kMaxKinds = UINT16_MAX;
// Holes of any length get a column of their own from so many lines on.
constexpr uint32_t kOwnColumn = 256;
// Where times stand at the front of lines.
constexpr uint32_t kFront = 32;

uint64_t LengthBit(uint32_t length) { return uint64_t{1} << std::min<uint32_t>(length, 63); }

}  // namespace

bool LineEncoder::Encode(std::span<const std::string_view> lines, std::string* out) {
  size_t known = dictionary_->size();
  forms_.Find(lines);
  uint64_t all = 0;
  uint64_t whole = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    uint32_t form = forms_.lines()[i].form;
    all += lines[i].size();
    if (form == kNone || forms_.forms()[form].number == kNone) whole += lines[i].size();
  }
  if (whole <= all / 4 * 3) {
    FindLengths(lines);
    FindKinds(lines);
    FindColumns();
    Gather(lines);
    FindJoins(lines);
    if (Write(out)) return true;
  }
  forms_.Cut(known);
  return false;
}

// Which holes of each form are split by length.
void LineEncoder::FindLengths(std::span<const std::string_view> lines) {
  const std::vector<LineForms::Form>& forms = forms_.forms();
  lengths_.assign(forms.size(), {});
  uint32_t holes = 0;
  for (size_t f = 0; f < forms.size(); ++f) {
    lengths_[f].first = holes;
    if (forms[f].number != kNone) holes += forms[f].holes;
  }
  length_sets_.assign(holes, 0);
  for (size_t i = 0; i < lines.size(); ++i) {
    LineForms::Line line = forms_.lines()[i];
    if (line.form == kNone || forms[line.form].number == kNone) continue;
    uint64_t* sets = length_sets_.data() + lengths_[line.form].first;
    const Run* runs = forms_.runs().data() + line.first_run;
    for (uint32_t h = 0; h < forms[line.form].holes; ++h) {
      sets[h] |= LengthBit(runs[h].end - runs[h].begin);
    }
  }
  std::vector<uint32_t> order;
  for (size_t f = 0; f < forms.size(); ++f) {
    if (forms[f].number == kNone) continue;
    uint64_t* sets = length_sets_.data() + lengths_[f].first;
    order.resize(forms[f].holes);
    for (uint32_t h = 0; h < order.size(); ++h) order[h] = h;
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      return std::popcount(sets[a]) < std::popcount(sets[b]);
    });
    uint64_t kinds = 1;
    for (uint32_t h : order) {
      auto count = static_cast<unsigned>(std::popcount(sets[h]));
      bool open_end = sets[h] >> 63 != 0;
      if (count == 1 && !open_end) continue;
      if (open_end || count > kMaxLengths || kinds * count * kLinesOfKind > forms[f].lines) {
        sets[h] = 0;
      } else {
        kinds *= count;
      }
    }
  }
}

bool LineEncoder::Fits(const Kind& kind, const Run* runs, uint32_t holes) const {
  const Hole* hole = holes_.data() + kind.first_hole;
  for (uint32_t h = 0; h < holes; ++h, ++hole) {
    if (hole->width != 0 && hole->width != runs[h].end - runs[h].begin) return false;
  }
  return true;
}

uint32_t LineEncoder::KindOf(uint32_t form, const Run* runs) {
  Lengths& lengths = lengths_[form];
  uint32_t holes = forms_.forms()[form].holes;
  if (lengths.last_kind != kNone && Fits(kinds_[lengths.last_kind], runs, holes)) {
    return lengths.last_kind;
  }
  uint64_t hash = form;
  for (uint32_t h = 0; h < holes; ++h) {
    if (length_sets_[lengths.first + h] == 0) continue;
    hash = (hash ^ (runs[h].end - runs[h].begin)) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 32;
  }
  auto [found, is_new] = by_lengths_.try_emplace(hash, kNone);
  uint32_t kind = found->second;
  while (kind != kNone && (kinds_[kind].form != form || !Fits(kinds_[kind], runs, holes))) {
    kind = kinds_[kind].next;
  }
  if (kind == kNone) {
    kind = AddKind(form, runs);
    if (kind == kNone) return kNone;
    kinds_[kind].next = found->second;
    found->second = kind;
  }
  return lengths.last_kind = kind;
}

// kNone where there is no room.
uint32_t LineEncoder::AddKind(uint32_t form, const Run* runs) {
  // One is left for lines that are kept whole.
  if (kinds_.size() + 1 >= kMaxKinds && form != kNone) return kNone;
  auto number = static_cast<uint32_t>(kinds_.size());
  auto first_hole = static_cast<uint32_t>(holes_.size());
  kinds_.push_back({form, 0, first_hole, kNone});
  if (form == kNone) {
    holes_.emplace_back();
    return number;
  }
  const Lengths& lengths = lengths_[form];
  for (uint32_t h = 0; h < forms_.forms()[form].holes; ++h) {
    Hole& hole = holes_.emplace_back();
    if (length_sets_[lengths.first + h] != 0) hole.width = runs[h].end - runs[h].begin;
  }
  return number;
}

void LineEncoder::NoteHoles(const Kind& kind, std::string_view line, const Run* runs) {
  uint32_t count = kind.form == kNone ? 1 : forms_.forms()[kind.form].holes;
  Hole* hole = holes_.data() + kind.first_hole;
  for (uint32_t h = 0; h < count; ++h, ++hole) {
    std::string_view value =
        kind.form == kNone ? line : line.substr(runs[h].begin, runs[h].end - runs[h].begin);
    if (kind.lines == 0) hole->first = value;
    hole->constant &= value == hole->first;
    hole->bytes += value.size();
    if (kind.form != kNone && runs[h].digits) {
      hole->classes |= kDigits;
    } else if ((hole->classes & kOther) == 0) {
      for (char c : value) hole->classes |= kClassOf[static_cast<uint8_t>(c)];
    }
  }
}

void LineEncoder::FindKinds(std::span<const std::string_view> lines) {
  kinds_.clear();
  holes_.clear();
  by_lengths_ = {};
  kind_of_.resize(lines.size());
  uint32_t whole = kNone;
  for (size_t i = 0; i < lines.size(); ++i) {
    LineForms::Line line = forms_.lines()[i];
    const Run* runs = forms_.runs().data() + line.first_run;
    uint32_t kind = kNone;
    if (line.form != kNone && forms_.forms()[line.form].number != kNone) {
      kind = KindOf(line.form, runs);
    }
    if (kind == kNone) {
      if (whole == kNone) whole = AddKind(kNone, nullptr);
      kind = whole;
    }
    NoteHoles(kinds_[kind], lines[i], runs);
    ++kinds_[kind].lines;
    kind_of_[i] = static_cast<uint16_t>(kind);
  }
  has_whole_ = whole != kNone;
}

uint32_t LineEncoder::ColumnOf(uint64_t key, uint32_t width) {
  auto [found, is_new] = by_key_.try_emplace(key, static_cast<uint32_t>(columns_.size()));
  if (is_new) columns_.emplace_back().width = width;
  return found->second;
}

void LineEncoder::FindColumns() {
  by_key_ = {};
  columns_.clear();
  for (const Kind& kind : kinds_) {
    Hole* hole = holes_.data() + kind.first_hole;
    if (kind.form == kNone) {
      hole->column = ColumnOf(UINT64_MAX, 0);
      columns_[hole->column].bytes += hole->bytes;
      columns_[hole->column].count += kind.lines;
      continue;
    }
    const LineForms::Form& form = forms_.forms()[kind.form];
    Template text = dictionary_->templates()[form.number];
    uint64_t widths = 0;
    for (uint32_t h = 0; h < form.holes; ++h, ++hole) {
      uint64_t key = uint64_t{Shape(hole->classes)} << 32 | uint64_t{hole->width} << 40;
      if (text.holes[h] + widths < kFront) {
        key |= uint64_t{1} << 36 | h;
      } else if (hole->width == 0 && kind.lines >= kOwnColumn) {
        key |= form.number;
        key |= uint64_t{h} << 53;
      }
      widths += hole->width;
      hole->column = ColumnOf(key, hole->width);
      Column& column = columns_[hole->column];
      if (column.count == 0) column.first = hole->first;
      column.constant &= hole->constant && column.first == hole->first;
      column.bytes += hole->bytes;
      column.count += kind.lines;
    }
  }
}

void LineEncoder::Gather(std::span<const std::string_view> lines) {
  constexpr size_t kSlack = 32;
  // What is constant in all lines of a kind is told there, unless the whole column is.
  for (const Kind& kind : kinds_) {
    if (kind.form == kNone || kind.lines < 4) continue;
    Hole* hole = holes_.data() + kind.first_hole;
    for (uint32_t h = 0; h < forms_.forms()[kind.form].holes; ++h, ++hole) {
      Column& column = columns_[hole->column];
      if (!hole->constant || column.constant) continue;
      column.bytes -= hole->bytes;
      column.count -= kind.lines;
      hole->column = kNone;
    }
  }
  // Columns that have no values now go; the others are numbered anew.
  std::vector<uint32_t> numbers(columns_.size(), kNone);
  size_t kept = 0;
  uint64_t text_size = 0;
  uint64_t start_count = 0;
  for (size_t c = 0; c < columns_.size(); ++c) {
    if (columns_[c].count == 0) continue;
    numbers[c] = static_cast<uint32_t>(kept);
    columns_[kept++] = columns_[c];
    text_size += columns_[c].bytes;
    if (columns_[c].width == 0) start_count += columns_[c].count + 1;
  }
  columns_.resize(kept);
  for (Hole& hole : holes_) {
    if (hole.column != kNone) hole.column = numbers[hole.column];
  }
  if (text_.size() < text_size + kSlack) text_.resize(text_size + kSlack);
  if (starts_.size() < start_count) starts_.resize(start_count);
  char* text = text_.data();
  uint32_t* starts = starts_.data();
  lists_.clear();
  for (Column& column : columns_) {
    column.at = text;
    ValueList list{{text, column.bytes}, column.width, {}, column.count};
    if (column.width == 0) {
      list.starts = {starts, column.count + 1};
      column.start_at = starts;
      *starts = 0;
      starts += column.count + 1;
    }
    lists_.push_back(list);
    text += column.bytes;
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    const Kind& kind = kinds_[kind_of_[i]];
    const Hole* hole = holes_.data() + kind.first_hole;
    uint32_t count = kind.form == kNone ? 1 : forms_.forms()[kind.form].holes;
    const Run* runs = forms_.runs().data() + forms_.lines()[i].first_run;
    for (uint32_t h = 0; h < count; ++h, ++hole) {
      if (hole->column == kNone) continue;
      Column& column = columns_[hole->column];
      std::string_view value = lines[i];
      if (kind.form != kNone) value = value.substr(runs[h].begin, runs[h].end - runs[h].begin);
      std::memcpy(column.at, value.data(), value.size());
      column.at += value.size();
      if (column.width == 0) {
        column.start_at[1] = column.start_at[0] + static_cast<uint32_t>(value.size());
        ++column.start_at;
      }
    }
  }
}

void LineEncoder::FindJoins(std::span<const std::string_view> lines) {
  joins_.clear();
  for (size_t i = 0; i < lines.size(); ++i) {
    const Kind& kind = kinds_[kind_of_[i]];
    if (kind.form == kNone) continue;
    const uint32_t count = forms_.forms()[kind.form].holes;
    const Run* const runs = forms_.runs().data() + forms_.lines()[i].first_run;
    for (uint32_t h = 2; h < count; ++h) {
      const Run& middle = runs[h - 1];
      if (runs[h - 2].end + 1 != middle.begin || middle.end + 1 != runs[h].begin) continue;
      const std::string_view join = JoinOf(lines[i], runs[h - 2].begin, middle.begin, middle.end);
      if (!join.empty()) joins_.push_back(join);
    }
  }
}

bool LineEncoder::Write(std::string* out) {
  kind_bytes_.clear();
  constants_.clear();
  templates_.clear();
  for (const Kind& kind : kinds_) {
    const Hole* hole = holes_.data() + kind.first_hole;
    uint32_t count = 1;
    if (kind.form == kNone) {
      AppendVarint(&kind_bytes_, 0);
    } else {
      const LineForms::Form& form = forms_.forms()[kind.form];
      AppendVarint(&kind_bytes_, uint64_t{form.number} + 1);
      templates_.push_back(form.number);
      count = form.holes;
    }
    for (; count > 0; --count, ++hole) {
      AppendVarint(&kind_bytes_, (uint64_t{hole->column} + 1) & UINT32_MAX);
      if (hole->column != kNone) continue;
      AppendSized(&kind_bytes_, hole->first);
      constants_.push_back(hole->first);
    }
  }
  if (kind_bytes_.size() > kMaxKindBytes) return false;
  std::sort(templates_.begin(), templates_.end());
  templates_.erase(std::unique(templates_.begin(), templates_.end()), templates_.end());

  AppendVarint(out, kinds_.size());
  AppendVarint(out, columns_.size());
  column_bytes_.clear();
  values_->EncodeBytes(kind_bytes_, &column_bytes_);
  AppendSized(out, column_bytes_);
  column_bytes_.clear();
  if (kinds_.size() > 1) values_->EncodeSymbols(kind_of_, &column_bytes_);
  AppendSized(out, column_bytes_);
  column_bytes_.clear();
  for (const ValueList& list : lists_) {
    size_t before = column_bytes_.size();
    values_->Encode(list, &column_bytes_);
    AppendVarint(out, column_bytes_.size() - before);
  }
  out->append(column_bytes_);
  return true;
}

}  // namespace glp::pack
