// A table of text in two goes: all cells are measured, then the rows are printed, so that nothing
// of it is held. And rows as comma-separated values.
//   TIME                            app  LINE
//   2026-01-05T10:00:05.000000000Z  api  GET /c ok
// Columns are as wide as their widest cell, two blanks apart. Cells of more than kMaxPadding stand
// whole and push the rest of their row away, but widen no other row. On a terminal whose width is
// known cells are cut where a row would not fit, the widest columns first, none below kMinCut.
// Threads: one at a time. Errors: those of the output.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/output.h"
#include "look.h"
#include "record/labels.h"

namespace glp::query {

constexpr size_t kMaxPadding = 100;
constexpr size_t kMinCut = 8;

class Table {
 public:
  struct Column {
    std::string head;
    bool right = false;    // aligned
    bool may_cut = false;  // on a terminal
  };
  // REQUIRES: `look` and `out` outlive this.
  Table(std::vector<Column> columns, const Look& look, io::Output* out);

  // Bytes as they are; what a terminal must not see is escaped, in a pipe too.
  void Measure(size_t column, std::string_view cell);
  // All was measured.
  Status PrintHead();
  // Another line of heads, for tables that have several.
  Status PrintHead(const std::vector<std::string_view>& cells);
  Status PrintRow(const std::vector<std::string_view>& cells);

 private:
  void Layout();
  void AppendRow(const std::vector<std::string_view>& cells);

  const Look& look_;
  io::Output* out_;
  std::vector<Column> columns_;
  std::vector<size_t> widest_, widths_;
  bool is_laid_out_ = false;
  std::string escaped_;
};

// What stands above a table or chart whose rows leave out the labels that they share: "Common
// labels: {…}" and an empty line; nothing where there are none.
Status PrintCommonLabels(const Labels& common, const Look& look, io::Output* out);

// A row of RFC 4180 with a line feed behind it: quoted where a separator, a quote or a line end is
// in a cell. To a terminal control characters go escaped.
Status PrintCsvRow(const std::vector<std::string_view>& cells, const Look& look, io::Output* out);
// The heads of columns for labels: their names; one that is `reserved` or taken has _label behind
// it, as often as it needs.
std::vector<std::string> CsvHeads(const std::vector<std::string>& names,
                                  std::vector<std::string> reserved);

}  // namespace glp::query
