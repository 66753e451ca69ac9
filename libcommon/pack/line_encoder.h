// Lines of a block to its text column: finds what they have in common (pack/line_forms.h), sorts
// what differs into columns. Format: FORMAT.md, Text column.
//
//   TemplateDictionary dictionary;  // of the file
//   LineEncoder encoder(&dictionary, &values);
//   if (encoder.Encode(lines, &out)) …  // new templates are in the dictionary
//
// How: lines of a form whose values are equally long are a kind (holes of very many lengths do not
// count), and values of like shape share a column.
// Lifetime: what the last call gave is good until the next, as long as its lines.
// Threads:  one at a time. The same lines after the same blocks give the same bytes.
// Memory:   about three times the bytes of the lines; ten times where they are nothing but values.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "pack/line_forms.h"
#include "pack/templates.h"
#include "pack/value_column.h"

namespace glp::pack {

class LineEncoder {
 public:
  LineEncoder(TemplateDictionary* dictionary, ValueEncoder* values)
      : dictionary_(dictionary), forms_(dictionary), values_(values) {}

  // Appends the text column. False where the lines have so little in common that they are better
  // kept as they are: nothing is appended then, and the dictionary is as it was.
  bool Encode(std::span<const std::string_view> lines, std::string* out);

  // Of the last block, where it was encoded. All values, those of lines that are kept whole, too:
  std::span<const ValueList> columns() const { return lists_; }
  // and those that are told with their kind.
  std::span<const std::string_view> constants() const { return constants_; }
  // What filters tell of values that stand side by side (JoinOf in pack/block_filter.h).
  std::span<const std::string_view> joins() const { return joins_; }
  // The templates it refers to, rising.
  std::span<const uint32_t> templates() const { return templates_; }
  bool has_whole() const { return has_whole_; }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Kind {
    uint32_t form;  // kNone: whole
    uint32_t lines = 0;
    uint32_t first_hole = 0;  // in holes_
    uint32_t next = kNone;    // another kind whose lengths have the same hash
  };
  // What the values of a hole of a kind are like.
  struct Hole {
    uint32_t width = 0;  // 0: of any length
    uint32_t column = kNone;
    uint64_t bytes = 0;
    uint8_t classes = 0;
    bool constant = true;
    std::string_view first;
  };
  struct Column {
    uint32_t width = 0;
    uint64_t bytes = 0;
    uint64_t count = 0;
    bool constant = true;  // and `first` is the value
    std::string_view first;
    char* at = nullptr;            // where the next value goes
    uint32_t* start_at = nullptr;  // and, of width 0, its begin
  };
  // Of a form: in how many ways its lines may be kinds.
  struct Lengths {
    uint32_t first = 0;          // of its holes in length_sets_
    uint32_t last_kind = kNone;  // of the line before
  };

  void FindLengths(std::span<const std::string_view> lines);
  void FindKinds(std::span<const std::string_view> lines);
  uint32_t KindOf(uint32_t form, const Run* runs);
  uint32_t AddKind(uint32_t form, const Run* runs);
  bool Fits(const Kind& kind, const Run* runs, uint32_t holes) const;
  void NoteHoles(const Kind& kind, std::string_view line, const Run* runs);
  void FindColumns();
  uint32_t ColumnOf(uint64_t key, uint32_t width);
  void Gather(std::span<const std::string_view> lines);
  void FindJoins(std::span<const std::string_view> lines);
  // False where there would be too much to tell of the kinds.
  bool Write(std::string* out);

  TemplateDictionary* dictionary_;
  LineForms forms_;
  ValueEncoder* values_;
  std::vector<Lengths> lengths_;       // of each form
  std::vector<uint64_t> length_sets_;  // of each hole: a bit for each length; 0: does not count
  std::unordered_map<uint64_t, uint32_t> by_lengths_;  // kinds
  std::vector<Kind> kinds_;
  std::vector<Hole> holes_;
  std::vector<uint16_t> kind_of_;
  std::unordered_map<uint64_t, uint32_t> by_key_;  // columns
  std::vector<Column> columns_;
  std::vector<char> text_;
  std::vector<uint32_t> starts_;
  std::string kind_bytes_, column_bytes_;
  std::vector<ValueList> lists_;
  std::vector<std::string_view> constants_;
  std::vector<std::string_view> joins_;
  std::vector<uint32_t> templates_;
  bool has_whole_ = false;
};

}  // namespace glp::pack
