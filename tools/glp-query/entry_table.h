// Entries as a table or as comma-separated values: a column for each label that occurs, so that
// the answer is held (held_entries.h) and printed at the end.
//   csv    ts,<names sorted>,line; a label named ts or line has the column ts_label, line_label
//   table  labels that all entries share stand above it
#pragma once

#include <memory>

#include "printer.h"

namespace glp::query {

std::unique_ptr<EntryPrinter> MakeEntryTable(const Look& look, io::Output* out);

}  // namespace glp::query
