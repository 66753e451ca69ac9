// Charts of log queries: how many lines there are in each step of time, all of them as bars, or
// those of each stream as a curve. Entries are counted as they pass; none is kept.
#pragma once

#include <memory>

#include "printer.h"

namespace glp::query {

// REQUIRES: look.chart says which.
std::unique_ptr<EntryPrinter> MakeEntryChart(const Look& look, io::Output* out);

}  // namespace glp::query
