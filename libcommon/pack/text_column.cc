#include "pack/text_column.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <utility>

#include "pack/varint.h"

namespace glp::pack {
namespace {

constexpr uint32_t kNone = UINT32_MAX;
// What copies may write behind the end of what they were asked for.
constexpr size_t kOverrun = 32;

Status Impossible(const char* what) { return DataError(std::string("text: ") + what); }

// Copies in whole pieces: reads and writes up to a piece more than `size`.
template <size_t kPiece>
inline void CopyOver(char* out, const char* from, size_t size) {
  std::memcpy(out, from, kPiece);
  for (size_t at = kPiece; at < size; at += kPiece) std::memcpy(out + at, from + at, kPiece);
}

}  // namespace

Status TextColumn::Open(std::string_view bytes, const Templates& templates, uint64_t entries,
                        uint64_t line_bytes, ValueDecoder* decoder) {
  decoder_ = decoder;
  line_bytes_ = line_bytes;
  Decoder in(bytes);
  uint64_t kinds = in.Varint();
  uint64_t columns = in.Varint();
  std::string_view kind_list = in.Sized();
  std::string_view kind_of = in.Sized();
  if (!in.ok() || kinds == 0 || kinds > UINT16_MAX || columns > in.left() || entries == 0 ||
      line_bytes > UINT32_MAX) {
    return Impossible("no list of kinds");
  }
  columns_.resize(columns);
  for (Stored& column : columns_) {
    column.bytes = std::string_view(nullptr, in.Varint());
    column.count = 0;
    column.decoded = false;
  }
  for (Stored& column : columns_) column.bytes = in.Bytes(column.bytes.size());
  if (!in.done()) return Impossible("its columns are not whole");
  GLP_RETURN_IF_ERROR(ReadKinds(kind_list, kinds, line_bytes, templates));
  if (kinds > 1) {
    GLP_RETURN_IF_ERROR(decoder_->DecodeSymbols(kind_of, entries, kinds, &kind_of_, &kind_counts_));
  } else if (!kind_of.empty()) {
    return Impossible("kinds of lines that are all alike");
  } else {
    kind_of_.assign(entries, 0);
    kind_counts_.assign(1, static_cast<uint32_t>(entries));
  }
  return CountValues(line_bytes);
}

// Sets all of the kinds but lines and constants.
Status TextColumn::ReadKinds(std::string_view bytes, size_t count, uint64_t line_bytes,
                             const Templates& templates) {
  // In each place stands a value of a line, of a byte or more unless the line is a value.
  const uint64_t max_places = line_bytes + count;
  GLP_RETURN_IF_ERROR(decoder_->DecodeBytes(bytes, kMaxKindBytes, &kind_bytes_));
  Decoder in(kind_bytes_.view());
  kinds_.assign(count, {});
  constants_.clear();
  place_columns_.clear();
  place_columns_.reserve(std::min<uint64_t>(in.left(), max_places));  // not moved
  uint64_t places = 0;
  for (size_t k = 0; k < count; ++k) {
    Kind& kind = kinds_[k];
    const uint64_t number = in.Varint();
    size_t holes = 1;
    if (number == 0) {
      kind.whole = true;
    } else {
      if (!templates.has(number - 1)) return Impossible("a template that is not there");
      kind.text = templates[number - 1];
      kind.number = static_cast<uint32_t>(number - 1);
      holes = kind.text.holes.size();
    }
    places += holes;
    if (places > max_places) return Impossible("more holes than its block has text");
    const size_t first = place_columns_.size();
    for (uint32_t hole = 0; hole < holes; ++hole) {
      const uint64_t column = in.Varint();
      if (column == 0) {
        constants_.push_back({static_cast<uint32_t>(k), hole, in.Sized()});
      } else {
        if (column > columns_.size()) return Impossible("a column that is not there");
        place_columns_.push_back(static_cast<uint32_t>(column - 1));
      }
      if (!in.ok()) return Impossible("its list of kinds is cut off");
    }
    kind.columns = std::span(place_columns_).subspan(first);
  }
  if (!in.done()) return Impossible("its list of kinds cannot be");
  return Status::Ok();
}

// Sets lines and constants of the kinds, and how many values columns have; refuses text that would
// be too long.
Status TextColumn::CountValues(uint64_t line_bytes) {
  uint64_t left = line_bytes;
  uint64_t values = 0;
  auto constant = constants_.begin();
  for (size_t k = 0; k < kinds_.size(); ++k) {
    Kind& kind = kinds_[k];
    kind.lines = kind_counts_[k];
    if (kind.lines == 0) return Impossible("a kind without lines");
    uint64_t size = kind.text.text.size();
    const auto first = constant;
    for (; constant != constants_.end() && constant->kind == k; ++constant) {
      size += constant->value.size();
    }
    kind.constants = std::span(first, constant);
    for (const uint32_t column : kind.columns) columns_[column].count += kind.lines;
    if (!kind.whole) values += uint64_t{kind.lines} * kind.columns.size();
    if (size > left / kind.lines) return Impossible("more text than its block");
    left -= size * kind.lines;
  }
  if (values > left) return Impossible("more values than its block has text");
  for (const Stored& column : columns_) {
    if (column.count == 0) return Impossible("a column that nothing refers to");
  }
  text_left_ = left;
  built_.clear();
  steps_.clear();
  is_cut_ = false;
  return Status::Ok();
}

void TextColumn::FoldConstants() {
  if (!built_.empty()) return;
  size_t text_size = 0;
  size_t hole_count = 0;
  for (const Kind& kind : kinds_) {
    if (kind.constants.empty()) continue;
    text_size += kind.text.text.size();
    hole_count += kind.columns.size();
    for (const Constant& constant : kind.constants) text_size += constant.value.size();
  }
  // Not moved while views into them are made.
  folded_.clear();
  folded_.reserve(text_size + Templates::kSlack);
  folded_holes_.clear();
  folded_holes_.reserve(hole_count);
  for (const Kind& kind : kinds_) {
    built_.push_back(kind.constants.empty() ? Template() : Fold(kind));
  }
  folded_.append(Templates::kSlack, '\0');
}

Template TextColumn::Fold(const Kind& kind) {
  const size_t first = folded_.size();
  const size_t first_hole = folded_holes_.size();
  const size_t holes = kind.constants.size() + kind.columns.size();
  auto constant = kind.constants.begin();
  size_t at = 0;
  for (uint32_t hole = 0; hole < holes; ++hole) {
    const uint32_t place = kind.whole ? 0 : kind.text.holes[hole];
    folded_.append(kind.text.text.substr(at, place - at));
    at = place;
    if (constant != kind.constants.end() && constant->hole == hole) {
      folded_.append(constant++->value);
    } else {
      folded_holes_.push_back(static_cast<uint32_t>(folded_.size() - first));
    }
  }
  folded_.append(kind.text.text.substr(at));
  return {std::string_view(folded_).substr(first), std::span(folded_holes_).subspan(first_hole)};
}

Result<const Values*> TextColumn::Column(size_t column) {
  Stored& stored = columns_[column];
  if (!stored.decoded) {
    GLP_RETURN_IF_ERROR(decoder_->Decode(stored.bytes, stored.count, text_left_, &stored.values));
    size_t size = stored.values.text().size();
    if (stored.values.size() != stored.count || size > text_left_) {
      return Impossible("a column that does not fit its block");
    }
    text_left_ -= size;
    stored.decoded = true;
  }
  return static_cast<const Values*>(&stored.values);
}

void TextColumn::BuildSteps() {
  if (!steps_.empty()) return;
  FoldConstants();
  step_starts_.clear();
  for (size_t k = 0; k < kinds_.size(); ++k) {
    const Kind& kind = kinds_[k];
    step_starts_.push_back(static_cast<uint32_t>(steps_.size()));
    if (IsColumn(kind)) {
      steps_.push_back({folded_.data(), 0, kind.columns[0]});
      continue;
    }
    const Template& text = TextOf(k);
    uint32_t at = 0;
    for (size_t i = 0; i < kind.columns.size(); ++i) {
      uint32_t hole = text.holes[i];
      steps_.push_back({text.text.data() + at, hole - at, kind.columns[i]});
      at = hole;
    }
    auto size = static_cast<uint32_t>(text.text.size());
    if (at < size || kind.columns.empty()) {
      steps_.push_back({size > 0 ? text.text.data() + at : folded_.data(), size - at, kNone});
    }
  }
  step_starts_.push_back(static_cast<uint32_t>(steps_.size()));
}

// Whether a value of the column does what the run asks. It is not said here that it is damaged.
bool TextColumn::MayHold(uint32_t column, const TemplateMatch::Run& run) {
  const std::string_view text = run.finder.literal();
  const ValueShape known = shape(column);
  if (run.must == TemplateMatch::Must::kBe && known.width > 0 && known.width != text.size()) {
    return false;
  }
  if (!known.MayHold(text, run.finder.fold_case())) return false;
  const Result<const Values*> values = Column(column);
  if (!values.ok()) return true;
  for (size_t i = 0; i < (*values)->size(); ++i) {
    if (run.IsDoneBy((*values)->At(i))) return true;
  }
  return false;
}

void TextColumn::Shorten(const LineCut& cut) {
  FoldConstants();
  size_t text_size = Templates::kSlack;
  for (size_t k = 0; k < kinds_.size(); ++k) text_size += TextOf(k).text.size();
  // Not moved while steps look at it.
  cut_text_.clear();
  cut_text_.reserve(text_size);
  cut_steps_.clear();
  cut_step_starts_.assign(1, 0);
  rests_.clear();
  rest_starts_.assign(1, 0);
  is_left_.assign(columns_.size(), 0);
  LineCut::Cut left;
  std::map<std::pair<uint32_t, const TemplateMatch::Run*>, bool> known_to_hold;  // by column
  std::vector<uint32_t> passed(columns_.size(), 0);  // values of each column, since the last taken
  for (size_t k = 0; k < kinds_.size(); ++k) {
    const Kind& kind = kinds_[k];
    const Template& whole = TextOf(k);
    const auto may_hold = [&](size_t hole, const TemplateMatch::Run& run) {
      const uint32_t column = kind.columns[hole];
      const auto [known, is_new] = known_to_hold.try_emplace({column, &run}, false);
      if (is_new) known->second = MayHold(column, run);
      return known->second;
    };
    const bool is_cut = !IsColumn(kind) && cut.Find(whole, may_hold, &left);
    const char* text = whole.text.empty() ? folded_.data() : whole.text.data();
    size_t size = whole.text.size();
    size_t count = kind.columns.size();
    if (is_cut) {
      text = cut_text_.data() + cut_text_.size();
      cut_text_.append(left.text);
      size = left.text.size();
      count = left.kept.size();
    }
    size_t at = 0, hole = 0;
    for (size_t i = 0; i < count; ++i) {
      for (const size_t next = is_cut ? left.kept[i] : i; hole < next; ++hole) {
        ++passed[kind.columns[hole]];
      }
      const uint32_t column = kind.columns[hole++];
      const size_t place = IsColumn(kind) ? 0 : is_cut ? left.holes[i] : whole.holes[i];
      cut_steps_.push_back({{text + at, static_cast<uint32_t>(place - at), column},
                            std::exchange(passed[column], 0)});
      is_left_[column] = 1;
      at = place;
    }
    if (at < size || count == 0) {
      cut_steps_.push_back({{text + at, static_cast<uint32_t>(size - at), kNone}, 0});
    }
    cut_step_starts_.push_back(static_cast<uint32_t>(cut_steps_.size()));
    for (; hole < kind.columns.size(); ++hole) ++passed[kind.columns[hole]];
    for (const uint32_t column : kind.columns) {
      if (passed[column] > 0) rests_.push_back({column, std::exchange(passed[column], 0)});
    }
    rest_starts_.push_back(static_cast<uint32_t>(rests_.size()));
  }
  cut_text_.append(Templates::kSlack, '\0');
  // Columns of which nothing is left will not be decoded.
  uint32_t kept = 0, rest = 0;
  for (uint32_t& end : rest_starts_) {
    for (; rest < end; ++rest) {
      if (is_left_[rests_[rest].column] != 0) rests_[kept++] = rests_[rest];
    }
    end = kept;
  }
  is_cut_ = true;
}

// Decodes the columns that lines of these kinds need and sets the cursors to their first values.
// `text` gets room for as many lines of each kind.
Status TextColumn::Prepare(std::span<const uint32_t> lines_of_kind, Buffer* text) {
  if (!is_cut_) BuildSteps();
  cursors_.assign(columns_.size(), {});
  uint64_t size = kOverrun;
  for (size_t k = 0; k < kinds_.size(); ++k) {
    if (lines_of_kind[k] == 0) continue;
    for (const uint32_t column : kinds_[k].columns) {
      Cursor& cursor = cursors_[column];
      if (cursor.at != nullptr || (is_cut_ && is_left_[column] == 0)) continue;
      GLP_ASSIGN_OR_RETURN(const Values* values, Column(column));
      cursor.at = values->text().data();
      cursor.width = values->width();
      cursor.starts = values->width() == 0 ? values->starts().data() : nullptr;
      size += values->text().size();
    }
    if (!is_cut_) continue;
    for (uint32_t i = cut_step_starts_[k]; i < cut_step_starts_[k + 1]; ++i) {
      size += uint64_t{lines_of_kind[k]} * cut_steps_[i].step.size;
    }
  }
  if (!is_cut_) size = line_bytes_ + kOverrun;
  return text->Resize(size) ? Status::Ok() : Status(Code::kIo, "not enough memory");
}

inline char* TextColumn::Take(Cursor* cursor, char* out) {
  size_t width = cursor->width;
  if (width == 0) {
    width = cursor->starts[1] - cursor->starts[0];
    ++cursor->starts;
  }
  CopyOver<16>(out, cursor->at, width);
  cursor->at += width;
  return out + width;
}

inline char* TextColumn::BuildLine(uint16_t kind, char* out) {
  const Step* end = steps_.data() + step_starts_[kind + 1];
  for (const Step* step = steps_.data() + step_starts_[kind]; step != end; ++step) {
    CopyOver<32>(out, step->text, step->size);
    out += step->size;
    if (step->column == kNone) break;
    out = Take(&cursors_[step->column], out);
  }
  return out;
}

inline char* TextColumn::BuildCutLine(uint16_t kind, char* out) {
  const CutStep* end = cut_steps_.data() + cut_step_starts_[kind + 1];
  for (const CutStep* at = cut_steps_.data() + cut_step_starts_[kind]; at != end; ++at) {
    CopyOver<32>(out, at->step.text, at->step.size);
    out += at->step.size;
    if (at->step.column == kNone) break;
    Cursor* const cursor = &cursors_[at->step.column];
    if (at->skips > 0) Skip(at->skips, cursor);
    out = Take(cursor, out);
  }
  const Rest* rests_end = rests_.data() + rest_starts_[kind + 1];
  for (const Rest* rest = rests_.data() + rest_starts_[kind]; rest != rests_end; ++rest) {
    Skip(rest->values, &cursors_[rest->column]);
  }
  return out;
}

inline void TextColumn::Skip(uint64_t values, Cursor* cursor) {
  if (cursor->width > 0) {
    cursor->at += cursor->width * values;
  } else {
    cursor->at += cursor->starts[values] - cursor->starts[0];
    cursor->starts += values;
  }
}

Status TextColumn::Rebuild(std::span<const uint32_t> rows, Buffer* text,
                           std::vector<uint32_t>* starts) {
  std::vector<uint32_t> lines_of_kind(kinds_.size(), 0);
  for (uint32_t row : rows) ++lines_of_kind[kind_of_[row]];
  GLP_RETURN_IF_ERROR(Prepare(lines_of_kind, text));
  starts->resize(rows.size() + 1);
  // Lines between the rows that are wanted, by kind; skipped at once.
  std::vector<uint32_t> skipped(kinds_.size(), 0);
  std::vector<uint16_t> kinds_skipped;
  char* out = text->data();
  size_t at = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    (*starts)[i] = static_cast<uint32_t>(out - text->data());
    kinds_skipped.clear();
    for (; at < rows[i]; ++at) {
      uint16_t kind = kind_of_[at];
      if (skipped[kind]++ == 0) kinds_skipped.push_back(kind);
    }
    for (uint16_t kind : kinds_skipped) {
      const uint64_t lines = std::exchange(skipped[kind], 0);
      for (const uint32_t column : kinds_[kind].columns) {
        if (cursors_[column].at != nullptr) Skip(lines, &cursors_[column]);
      }
    }
    const uint16_t kind = kind_of_[at++];
    out = is_cut_ ? BuildCutLine(kind, out) : BuildLine(kind, out);
  }
  (*starts)[rows.size()] = static_cast<uint32_t>(out - text->data());
  text->Cut(static_cast<size_t>(out - text->data()));
  return Status::Ok();
}

Status TextColumn::RebuildAll(Buffer* text, std::vector<uint32_t>* starts) {
  std::vector<uint32_t> lines_of_kind(kinds_.size());
  for (size_t k = 0; k < kinds_.size(); ++k) lines_of_kind[k] = kinds_[k].lines;
  GLP_RETURN_IF_ERROR(Prepare(lines_of_kind, text));
  if (!is_cut_ && text_left_ != 0) return Impossible("less text than its block");
  starts->resize(kind_of_.size() + 1);
  char* out = text->data();
  uint32_t* start = starts->data();
  const auto build = [&](const auto& build_line) {
    for (const uint16_t kind : kind_of_) {
      *start++ = static_cast<uint32_t>(out - text->data());
      out = build_line(kind);
    }
  };
  if (is_cut_) {
    build([&](uint16_t kind) { return BuildCutLine(kind, out); });
  } else {
    build([&](uint16_t kind) { return BuildLine(kind, out); });
  }
  *start = static_cast<uint32_t>(out - text->data());
  text->Cut(static_cast<size_t>(out - text->data()));
  return Status::Ok();
}

}  // namespace glp::pack
