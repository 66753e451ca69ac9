// How the results without log lines look: series of samples, names, label sets.
//   default, raw  a line each: TIME LABELS VALUE, of an instant LABELS VALUE; NAME; LABELS
//   jsonl         a JSON value each: {"ts":…,"labels":{…},"value":N}; "NAME"; {LABELS}
//   loki          the body of the API's answer
//   table, csv    series_table.h; one column of names; a column for each label
// or one of the charts of chart.h.
// Threads: one at a time. Errors: those of the output.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/output.h"
#include "logql/eval.h"
#include "printer.h"

namespace glp::query {

// Series by series, each in the order of time. `loki_body` is what -o loki prints.
// An instant query gives one sample a series, all of one time.
enum class SeriesKind { kRange, kInstant };
Status PrintSeries(const std::vector<logql::Series>& series, SeriesKind kind,
                   const std::string& loki_body, const Look& look, io::Output* out);

// `head` stands above the names in a table.
Status PrintNames(const std::vector<std::string>& names, const std::string& head, const Look& look,
                  io::Output* out);
// Rows of text under their heads, drawn or comma-separated. REQUIRES: the format is table or csv.
Status PrintRows(const std::vector<std::string>& heads,
                 const std::vector<std::vector<std::string_view>>& rows, const Look& look,
                 io::Output* out);
Status PrintLabelSets(const std::vector<const LabelSet*>& sets, const Look& look, io::Output* out);

}  // namespace glp::query
