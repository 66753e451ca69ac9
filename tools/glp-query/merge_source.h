// Several sources as one: entries merged by time; equal times stand in the order in which the
// sources were given, reversed when reading backward. What several sources have, as two packs that
// overlap or a store and its backup, is given once (twins.h).
// Lifetime: owns the sources. Threads: one at a time.
// Errors:   the first source that fails ends the scan.
// Cost: one comparison a source for each run of entries that come from the same source; a hash of
//       the line where times are equal. A scan without lines goes on with them from the first time
//       at which two sources have entries of one stream.
#pragma once

#include <memory>
#include <vector>

#include "logql/source.h"

namespace glp::query {

// One source is given back as it is. REQUIRES: at least one.
std::unique_ptr<logql::EntrySource> MergeSources(
    std::vector<std::unique_ptr<logql::EntrySource>> sources);

}  // namespace glp::query
