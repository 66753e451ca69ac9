// Segments and memory of a tenant as one source of entries. Entries equal in stream, time, line
// and metadata are given once, but each of those that came with a src.
// Threads: one at a time; many sources may share their parts.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "logql/source.h"
#include "pack/reader.h"
#include "store/mem_table.h"

namespace glp::store {

struct SourceParts {
  std::shared_ptr<const void> labels;                              // owns the label sets
  std::vector<std::shared_ptr<const pack::PackStreams>> segments;  // in the order of arrival
  std::vector<MemSnapshot> memory;                                 // younger than all segments
  std::vector<std::string> warnings;
};
std::unique_ptr<logql::EntrySource> MakeSource(SourceParts parts);

}  // namespace glp::store
