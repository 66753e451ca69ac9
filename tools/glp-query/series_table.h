// Series of samples as tables and as comma-separated values.
//   csv    ts,<names sorted>,value: a row a sample, series by series; a label named ts or value has
//          the column ts_label, value_label
//   table  of an instant: a column for each label, and the value; a row a series, in their order
//          of a range: a column for each series, above it the values of the labels that tell the
//          series apart; a row for each time that one of them has a sample at
// Threads: one at a time. Errors: those of the output.
#pragma once

#include <vector>

#include "io/output.h"
#include "logql/eval.h"
#include "look.h"

namespace glp::query {

Status PrintSeriesCsv(const std::vector<logql::Series>& series, const Look& look, io::Output* out);
Status PrintInstantTable(const std::vector<logql::Series>& series, const Look& look,
                         io::Output* out);
Status PrintRangeTable(const std::vector<logql::Series>& series, const Look& look, io::Output* out);

// The labels that all series have alike; of one series all are.
Labels CommonLabels(const std::vector<logql::Series>& series);
// Those of `labels` that are not in `common`. Both sorted.
Labels WithoutCommon(const Labels& labels, const Labels& common);

}  // namespace glp::query
