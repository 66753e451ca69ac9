// Segments and memory of a tenant as one source of entries. Entries equal in stream, time, line
// and metadata are given once, but each of those that came with a src.
//
// Segments that the catalogue tells of are opened when the request needs them, and a scan goes
// through the times in slices: those of the next few segments are opened when it has come there, so
// that who stops early leaves the rest unread, and few are open at the same time. Where one is gone
// by then (it was merged), or the catalogue is damaged, the source begins anew from the folder as
// it is now, at the time that the scan has come to: nothing is missed and nothing is given twice.
// Threads: one at a time; many sources may share their parts.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "logql/source.h"
#include "record/labels.h"
#include "store/catalogue.h"
#include "store/mem_table.h"
#include "store/opened_segments.h"
#include "store/segment_files.h"

namespace glp::store {

// Label sets that several threads make. They live as long as it.
struct SharedLabels {
  std::mutex mutex;
  LabelTable table;
};

struct SourceParts {
  // Segments by the catalogue; without one there are none of them.
  std::shared_ptr<const Catalogue> catalogue;
  bool all_records = false;             // each record counts; else those named
  std::vector<SegmentName> catalogued;  // rising
  std::shared_ptr<SegmentFiles> files;
  std::shared_ptr<SharedLabels> labels;
  // Those that it does not tell of.
  std::shared_ptr<const OpenedSegments> opened = std::make_shared<const OpenedSegments>();
  std::vector<MemSnapshot> memory;  // younger than all segments
  std::vector<std::string> warnings;
  // The parts as they are now, without the catalogue where that is damaged. Label sets are of the
  // same table. Empty where all segments are open.
  std::function<Result<SourceParts>(bool with_catalogue)> renew;
  std::shared_ptr<const void> owner;  // of label sets, where `labels` is not
};
std::unique_ptr<logql::EntrySource> MakeSource(SourceParts parts);

}  // namespace glp::store
