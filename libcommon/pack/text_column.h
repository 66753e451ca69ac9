// The lines of a block as templates and values, read without rebuilding what nobody asks for.
// Format: FORMAT.md, Text column.
//
//   TextColumn text;
//   GLP_RETURN_IF_ERROR(text.Open(bytes, templates, entries, line_bytes, &decoder));
//   for (uint16_t kind : text.kind_of()) …          // what each line looks like
//   GLP_RETURN_IF_ERROR(text.Rebuild(rows, &lines, &starts));
//
// Lifetime: the bytes, the templates and the decoder must outlive it (or UseDecoder).
// Threads:  one at a time. Errors: Code::kData for bytes that cannot be.
// Cost:     rebuilding makes about 2 GB/s.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pack/buffer.h"
#include "pack/line_cut.h"
#include "pack/templates.h"
#include "pack/value_column.h"

namespace glp::pack {

// What the list of kinds of a block may take.
inline constexpr size_t kMaxKindBytes = 64 << 20;

class TextColumn {
 public:
  // A value that all lines of a kind have.
  struct Constant {
    uint32_t kind;
    uint32_t hole;  // of the template
    std::string_view value;
  };
  // How lines look that have a template and, in each hole, a constant or a value of a column in
  // common.
  struct Kind {
    static constexpr uint32_t kNone = UINT32_MAX;
    // The line is one value, of any bytes: no template, one hole.
    bool whole = false;
    Template text;                        // !whole
    uint32_t number = kNone;              // !whole: of the template in the file
    std::span<const Constant> constants;  // rising
    std::span<const uint32_t> columns;    // of each hole that has no constant
    uint32_t lines = 0;                   // in the block; > 0
  };

  Status Open(std::string_view bytes, const Templates& templates, uint64_t entries,
              uint64_t line_bytes, ValueDecoder* decoder);
  // The decoder for the calls to come, which may be those of another thread.
  void UseDecoder(ValueDecoder* decoder) { decoder_ = decoder; }

  const std::vector<Kind>& kinds() const { return kinds_; }
  // The kind of each line.
  const std::vector<uint16_t>& kind_of() const { return kind_of_; }

  size_t columns() const { return columns_.size(); }
  // Values of a column, known before it is decoded.
  size_t count(size_t column) const { return columns_[column].count; }
  // Bytes of a column as it is stored.
  size_t stored_bytes(size_t column) const { return columns_[column].bytes.size(); }
  // What is known of its values, too.
  ValueShape shape(size_t column) const { return ShapeOf(columns_[column].bytes); }
  // In the order of the lines (and of the holes, where a line has several of the column); decoded
  // at the first call, good as long as this.
  Result<const Values*> Column(size_t column);

  // From here on lines are rebuilt without what is cut, and columns decoded for them only where
  // something is left of their values.
  void Shorten(const LineCut& cut);
  // Lines `rows` (numbers, rising) one behind the other; `starts` gets where each begins and the
  // end of the last. `text` may be read 32 bytes beyond its end.
  Status Rebuild(std::span<const uint32_t> rows, Buffer* text, std::vector<uint32_t>* starts);
  Status RebuildAll(Buffer* text, std::vector<uint32_t>* starts);

 private:
  struct Stored {
    std::string_view bytes;
    size_t count = 0;
    bool decoded = false;
    Values values;
  };
  // Where the next value of a column is.
  struct Cursor {
    const char* at = nullptr;
    const uint32_t* starts = nullptr;  // width 0 only
    uint32_t width = 0;
  };
  // Copies a piece of text, then the next value of a column (or none).
  struct Step {
    const char* text;
    uint32_t size;
    uint32_t column;
  };
  // The same, behind values of the column that are passed over.
  struct CutStep {
    Step step;
    uint32_t skips;
  };
  // Values that are passed over behind all steps.
  struct Rest {
    uint32_t column;
    uint32_t values;
  };

  Status ReadKinds(std::string_view bytes, size_t count, uint64_t line_bytes,
                   const Templates& templates);
  Status CountValues(uint64_t line_bytes);
  const Template& TextOf(size_t kind) const {
    return kinds_[kind].constants.empty() ? kinds_[kind].text : built_[kind];
  }
  static bool IsColumn(const Kind& kind) { return kind.whole && kind.constants.empty(); }
  void FoldConstants();
  Template Fold(const Kind& kind);
  void BuildSteps();
  bool MayHold(uint32_t column, const TemplateMatch::Run& run);
  Status Prepare(std::span<const uint32_t> lines_of_kind, Buffer* text);
  static char* Take(Cursor* cursor, char* out);
  static void Skip(uint64_t values, Cursor* cursor);
  char* BuildLine(uint16_t kind, char* out);
  char* BuildCutLine(uint16_t kind, char* out);

  ValueDecoder* decoder_ = nullptr;
  std::vector<Kind> kinds_;
  std::vector<uint16_t> kind_of_;
  std::vector<Stored> columns_;
  uint64_t text_left_ = 0;  // bytes that columns which are not decoded may have
  uint64_t line_bytes_ = 0;

  std::vector<uint32_t> place_columns_;  // what Kind::columns looks at
  std::vector<Constant> constants_;      // of all kinds, in their order
  std::vector<uint32_t> kind_counts_;
  Buffer kind_bytes_;  // what Constant::value looks at
  // The texts of kinds with their constants in them, for rebuilding: made when that begins.
  std::vector<Template> built_;
  std::string folded_;  // what these look at
  std::vector<uint32_t> folded_holes_;
  std::vector<Step> steps_;  // those of kind k from step_starts_[k]
  std::vector<uint32_t> step_starts_;
  std::vector<Cursor> cursors_;

  bool is_cut_ = false;
  std::string cut_text_;          // what steps look at
  std::vector<uint8_t> is_left_;  // of each column: some values are
  std::vector<CutStep> cut_steps_;
  std::vector<uint32_t> cut_step_starts_;
  std::vector<Rest> rests_;
  std::vector<uint32_t> rest_starts_;
};

}  // namespace glp::pack
