// --hist and --plot: series of samples as bars and as small curves, in text.
//   hist  TIME LABELS VALUE BAR, a row a sample. Bars begin at zero, those below zero grow to the
//         left; the longest value fills the terminal's width, 80 columns in a pipe. A value that is
//         not zero shows at least the smallest piece, NaN and infinities have no bar.
//   plot  CURVE MIN MAX LAST LABELS, a row a series. A curve goes from its own lowest value to its
//         own highest; a column without a sample is blank, one that stands for several samples
//         shows the highest of them. A curve whose values are all alike is level.
// Labels that all series share stand above. With Look::utf8 bars are blocks of eighths, else `#`,
// and the heights of curves are . : - = + * # @.
// Threads: one at a time. Errors: those of the output. Cost: linear in the samples.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "io/output.h"
#include "list_printer.h"
#include "logql/eval.h"
#include "look.h"

namespace glp::query {

// Where a chart's points are: start, start + step, … up to end.
struct Grid {
  int64_t start_ns, end_ns, step_ns;
};

Status PrintHist(const std::vector<logql::Series>& series, SeriesKind kind, const Look& look,
                 io::Output* out);
// Without a grid it is that of the samples, the step the least time between two of a series.
Status PrintPlot(const std::vector<logql::Series>& series, const std::optional<Grid>& grid,
                 const Look& look, io::Output* out);

}  // namespace glp::query
