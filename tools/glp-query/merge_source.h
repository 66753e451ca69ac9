// Several sources as one: entries merged by time; equal times stand in the order in which the
// sources were given, reversed when reading backward.
// Lifetime: owns the sources. Threads: one at a time.
// Errors:   the first source that fails ends the scan.
// Cost: one comparison a source for each run of entries that come from the same source.
#pragma once

#include <memory>
#include <vector>

#include "logql/source.h"

namespace glp::query {

// One source is given back as it is. REQUIRES: at least one.
std::unique_ptr<logql::EntrySource> MergeSources(
    std::vector<std::unique_ptr<logql::EntrySource>> sources);

}  // namespace glp::query
